import fc from 'fast-check';
import { settlementsOf } from '../../../src/clearing/settle-read.ts';
import { type Exchange, exchanges } from '../../../src/contract/exchange.ts';
import { Desk, report } from './desk.ts';

const RUNS = Number(process.env.QIAO_RUNS ?? 4);
const SEED = Number(process.env.QIAO_SEED ?? 20260302);
const DAYS = ['2026-03-02', '2026-03-03', '2026-03-04'];
const PAIRS = exchanges.flatMap((home) => exchanges.filter((host) => host !== home).map((host) => ({ home, host })));

const deal = fc.record({
  pair: fc.constantFrom(...PAIRS),
  hostFee: fc.bigInt({ min: 0n, max: 10n ** 9n }),
  /** The day it is traded; whether a break holds it then, and the day (if any) on which the books agree; when it is undone. */
  day: fc.nat(DAYS.length - 1),
  off: fc.boolean(),
  mended: fc.option(fc.nat(DAYS.length - 1), { nil: undefined }),
  undone: fc.option(fc.nat(DAYS.length - 1), { nil: undefined }),
  certified: fc.option(fc.nat(DAYS.length - 1), { nil: undefined }),
});
/** Which payments of a day fail; true: every nth of them. */
const failures = fc.array(fc.boolean(), { minLength: 6, maxLength: 6 });
type Plan = typeof deal extends fc.Arbitrary<infer T> ? T : never;

/** What an exchange is owed in all, deal by deal, written apart from the program: the host its fee, while nothing holds it. */
function owedByModel(
  plans: readonly Plan[],
  until: number,
): { readonly settled: Record<Exchange, bigint>; readonly heldFen: bigint } {
  const settled = { ctex: 0n, stex: 0n, szse: 0n };
  let heldFen = 0n;
  for (const { pair, hostFee, day, off, mended, undone, certified } of plans) {
    if (day > until) continue;
    const isHeld = off && !(mended !== undefined && mended >= day && mended <= until);
    if (isHeld) {
      heldFen += hostFee;
      continue;
    }
    // The fee arises on the first day on which the deal stands and is certified; undone from that day on it is nothing.
    const stands = off ? mended! : day;
    const from = Math.max(stands, day, certified ?? day);
    const isUndone = undone !== undefined && undone >= day && undone <= until;
    if (from > until || isUndone) continue;
    settled[pair.home] -= hostFee;
    settled[pair.host] += hostFee;
  }
  return { settled, heldFen };
}

test('over days with breaks, late certificates, reversals and payments that fail, everybody gets exactly what is owed (P9, P10, P18)', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(deal, { minLength: 1, maxLength: 8 }), failures, async (plans, fails) => {
      const desk = await Desk.open();
      try {
        const moved = { ctex: 0n, stex: 0n, szse: 0n };
        let payment = 0;
        const settle = async (cycle: string, mayFail: boolean) => {
          for (const one of await desk.instruct(cycle)) {
            const failed = mayFail && fails[payment++ % fails.length] === true;
            await desk.bank(report([{ id: one.id, status: failed ? 'RJCT' : 'ACSC' }]));
            if (failed) continue;
            moved[one.payer] -= one.fen;
            moved[one.payee] += one.fen;
          }
        };
        for (const [today, cycle] of DAYS.entries()) {
          for (const [i, plan] of plans.entries()) {
            const { pair, hostFee, day, off, mended, undone, certified } = plan;
            if (today < day) continue;
            const isUndone = undone !== undefined && undone >= day && today >= undone;
            const status = isUndone ? 'cancelled' : today >= (certified ?? day) ? 'certified' : 'concluded';
            const isMended = !off || (mended !== undefined && mended >= day && today >= mended);
            const one = { no: `${i}`, ...pair, hostFee, status, off: isMended ? 0n : 3n } as const;
            if (today === day || (off && isMended && today === mended)) await desk.trade(one, cycle);
            else await desk.say(one);
          }
          await settle(cycle, true);
          const { heldFen } = owedByModel(plans, today);
          const { rows } = await desk.database.query<{ held: string }>(
            'select held_fen::text as held from clearing_net where cycle = $1 order by no desc limit 1',
            [cycle],
          );
          expect(rows[0]!.held).toBe(String(heldFen));
        }
        // What failed is owed on until it is paid; one more day on which every payment goes through ends it.
        await settle('2026-03-05', false);
        expect(moved).toEqual(owedByModel(plans, DAYS.length - 1).settled);
        const { rows } = await desk.database.query<{ open: bigint }>(
          `select count(*) as open from clearing_obligation o left join clearing_net n on n.id = o.net
            where coalesce(n.state, '') not in ('settled', 'failed')
              and not exists (select from clearing_due u where u.deal_id = o.subject and u.held is not null)`,
        );
        expect(rows[0]!.open).toBe(0n);
        expect(await settlementsOf(desk.database, {}, { limit: 1 })).toEqual([]);
      } finally {
        await desk.drop();
      }
    }),
    { numRuns: RUNS, seed: SEED },
  );
}, 300_000);
