import { findingNames } from './audit.ts';
import { type CrashReport, runCrash } from './crash.ts';
import { mutants } from './mutants/mutants.ts';
import { failed, table } from './report.ts';

const SEED = Number(process.env.QIAO_SEED ?? 7);

/** A run of a few seconds, as fast as the machine is; only how long it may take to come to rest is generous. */
async function shortRun(mutantName?: string): Promise<CrashReport> {
  const mutant = mutants.find(({ name }) => name === mutantName);
  const report = await runCrash({
    ...{ seconds: 12, seed: SEED, gateways: 2, perSecond: 1, everyMs: 700, settleSeconds: mutant ? 20 : 240 },
    ...(mutant === undefined ? {} : { mutant, kinds: mutant.kinds }),
    progress: () => {},
  });
  if (failed(report) === (mutant === undefined)) console.error(table(report));
  return report;
}

describe(`real processes under faults (QIAO_SEED=${SEED})`, () => {
  it('nothing is lost, done twice, out of order or left in doubt, and all comes to rest', async () => {
    const report = await shortRun();
    expect(report.messages).toBeGreaterThan(0);
    expect(report.crashes).toBeGreaterThan(0);
    for (const name of findingNames) expect(report.findings[name]).toEqual([]);
    expect(report.quiescentSeconds).toBeDefined();
  }, 900_000);

  it.each(['new-id-each-try', 'no-answer-is-refusal'])(
    'the defect %s is found',
    async (name) => {
      expect(failed(await shortRun(name))).toBe(true);
    },
    900_000,
  );
});
