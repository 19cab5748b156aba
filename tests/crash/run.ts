/** `npm run crash -- --minutes M --seed S`: see docs/RELIABILITY.md. */
import { parseArgs } from 'node:util';
import { runCrash } from './crash.ts';
import { mutants } from './mutants/mutants.ts';
import { failed, table } from './report.ts';

const usage = `npm run crash -- [--minutes M] [--seed S] [--gateways N] [--per-second R] [--every MS] [--mutant NAME] [--json]
  变异体 mutants: ${mutants.map(({ name }) => name).join(' ')}
`;

const given = readArguments();
const { minutes, seed, gateways, everyMs, perSecond } = given;
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
const report = await runCrash({
  signal: interrupted.signal,
  ...{ seconds: minutes * 60, seed, gateways, perSecond, everyMs, settleSeconds: 60 },
  ...(given.mutant === undefined ? {} : { mutant: given.mutant, kinds: given.mutant.kinds }),
  progress: (text) => process.stderr.write(`${text}\n`),
});
for (const text of report.left) process.stderr.write(`!! ${text}\n`);
process.stdout.write(given.json ? `${JSON.stringify(report, null, 2)}\n` : table(report));
// A defect that was put in must be found, and nothing may be found without one.
process.exitCode = failed(report) === (given.mutant === undefined) ? 1 : 0;

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '5' },
        seed: { type: 'string', default: '7' },
        gateways: { type: 'string', default: '2' },
        'per-second': { type: 'string', default: '1' },
        every: { type: 'string', default: '1500' },
        mutant: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    const number = (text: string, least: number, most: number) => {
      const value = Number(text);
      if (!(value >= least && value <= most)) throw new Error(`${text}: ${least}…${most}`);
      return value;
    };
    const mutant = mutants.find(({ name }) => name === values.mutant);
    if (values.mutant !== undefined && mutant === undefined) throw new Error(`--mutant ${values.mutant}`);
    return {
      minutes: number(values.minutes, 0.05, 1_440),
      seed: Math.trunc(number(values.seed, 0, 2 ** 31)),
      gateways: Math.trunc(number(values.gateways, 1, 8)),
      perSecond: number(values['per-second'], 0.1, 50),
      everyMs: number(values.every, 50, 60_000),
      mutant,
      json: values.json,
    };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage}`);
    process.exit(64);
  }
}
