import { readFileSync } from 'node:fs';
import { instructNet } from '../../../src/clearing/instruction.ts';
import { netCycle } from '../../../src/clearing/net-cycle.ts';
import { writeDay } from '../../../src/clearing/settle-day.ts';
import { readSettlementRules, settlementRules } from '../../../src/clearing/settlement-rules.ts';
import { by, DAY, Desk, given } from './desk.ts';

const text = readFileSync(new URL('../../../src/clearing/settlement-rules.json', import.meta.url), 'utf8');
interface Clause {
  dimension: string;
  provenance?: string;
  basis?: { zh: string; en: string };
  // biome-ignore lint/suspicious/noExplicitAny: tests break it on purpose
  value: any;
}
const changed = (change: (clauses: Clause[]) => void) => {
  const document = JSON.parse(text) as { clauses: Clause[] };
  change(document.clauses);
  return readSettlementRules(Buffer.from(JSON.stringify(document)));
};
const of = (clauses: Clause[], dimension: string) => clauses.find((one) => one.dimension === dimension)!;

describe('the settlement rules', () => {
  it('say of themselves that they are assumptions on sample accounts', () => {
    const { clauses } = JSON.parse(text) as { clauses: Clause[] };
    expect(new Set(clauses.map(({ provenance }) => provenance))).toEqual(new Set(['assumption']));
    expect(settlementRules.isSample).toBe(true);
    const published = changed((clauses) => Object.assign(of(clauses, 'accounts'), { provenance: 'published' }));
    expect(published).toMatchObject({ ok: true, value: { isSample: false } });
  });

  it.each<[string, (clauses: Clause[]) => void, string]>([
    ['a clause without its basis in both languages', (c) => delete c[0]!.basis, 'missing-field'],
    ['a provenance nobody knows', (c) => Object.assign(c[0]!, { provenance: 'hearsay' }), 'unknown-code'],
    ['a dimension nobody knows', (c) => Object.assign(c[0]!, { dimension: 'toString' }), 'unknown-code'],
    ['a dimension twice', (c) => c.push(c[0]!), 'duplicate-key'],
    ['a dimension missing', (c) => c.pop(), 'missing-field'],
    ['an exchange that owes itself', (c) => Object.assign(of(c, 'fee-owed').value, { debtor: 'host' }), 'bad-format'],
    [
      'client money that is netted',
      (c) => Object.assign(of(c, 'client-money').value, { netting: 'net' }),
      'bad-format',
    ],
    [
      'a bank code of eleven digits',
      (c) => Object.assign(of(c, 'accounts').value.ctex, { bank: '31310000000' }),
      'bad-format',
    ],
    [
      'one account for two',
      (c) => Object.assign(of(c, 'accounts').value.ctex, { custody: 'CTEX-SETTLEMENT-01' }),
      'bad-format',
    ],
    [
      'a fourth exchange',
      (c) => Object.assign(of(c, 'accounts').value, { nyse: of(c, 'accounts').value.ctex }),
      'bad-format',
    ],
  ])('are refused with %s', (_, change, code) => {
    expect(changed(change)).toMatchObject({ ok: false, refusals: [{ code }] });
  });

  it('let no money be instructed on sample accounts where that is refused', async () => {
    const desk = await Desk.open();
    try {
      await desk.trade({ no: '1' });
      const order = await desk.compare();
      given(await netCycle(order, desk.parts()));
      await desk.sign(given(await writeDay(desk.database, order, desk.nowMs)));
      const instruct = (rules = settlementRules) =>
        instructNet({ cycle: DAY, settlesOn: DAY, by }, { ...desk.parts(), rules, samplesRefused: true });
      expect(await instruct()).toMatchObject({
        ok: false,
        refusals: [{ code: 'sample-accounts', pointer: '/accounts' }],
      });
      expect((await instruct({ ...settlementRules, isSample: false })).ok).toBe(true);
    } finally {
      await desk.drop();
    }
  });
});
