import { instructNet } from '../../../src/clearing/instruction.ts';
import { netCycle } from '../../../src/clearing/net-cycle.ts';
import { signDay, takeDaySignature, writeDay } from '../../../src/clearing/settle-day.ts';
import { reserveDeals } from '../../../src/clearing/settle-deals.ts';
import { settlementsOf } from '../../../src/clearing/settle-read.ts';
import { takeStatusFile } from '../../../src/clearing/settle-status.ts';
import { exchanges } from '../../../src/contract/exchange.ts';
import type { Database } from '../../../src/journal/database.ts';
import { by, DAY, Desk, given, report, WRITTEN } from './desk.ts';
import { failing, Killed } from './failing.ts';

/** Everything that is written, but for when. */
const STATE = `
  select 'due' as t, array_agg(row(deal_id, state, held)::text order by deal_id) as rows from clearing_due
  union all select 'owed', array_agg(row(subject, entry, debtor, creditor, fen, net)::text order by subject, entry) from clearing_obligation
  union all select 'net', array_agg(row(id, state, nets, entries_sha256, holds_sha256)::text order by id) from clearing_net
  union all select 'entry', array_agg(row(net, subject, entry, fen)::text order by net, subject, entry) from clearing_net_entry
  union all select 'hold', array_agg(row(net, deal_id, reason)::text order by deal_id) from clearing_hold
  union all select 'day', array_agg(row(cycle, no)::text) from clearing_day
  union all select 'signed', array_agg(row(no, exchange)::text order by exchange) from clearing_day_signature
  union all select 'payment', array_agg(row(id, fen, state)::text order by id) from clearing_instruction
  union all select 'file', array_agg(message_id order by message_id) from clearing_instruction_file
  union all select 'word', array_agg(row(names, says, outcome)::text order by names) from clearing_status
  union all select 'deal', array_agg(row(deal_id, kind, attempt, payout, state)::text order by deal_id) from clearing_settlement
  union all select 'leg', array_agg(row(deal_id, leg, payer, payee, fen)::text order by deal_id, leg) from clearing_leg
  union all select 'act', array_agg(row(act, subject)::text order by no) from audit where act not like 'payment-%'
  union all select 'acts on words', array[count(*)::text] from audit where act like 'payment-%'`;

/** The close of a day from compared books on, each step as the desk would take it; done again from the start after a crash. */
async function close(desk: Desk, order: Parameters<typeof netCycle>[0], database: Database): Promise<void> {
  const parts = desk.parts(database);
  given(await netCycle(order, parts));
  const day = given(await writeDay(database, order, desk.nowMs));
  for (const exchange of exchanges) {
    const jws = await signDay(day.bytes, { exchange, atMs: desk.nowMs(), signers: [desk.keys[exchange].signer] });
    given(await takeDaySignature({ cycle: DAY, exchange, jws }, { ...desk.signing(), database }));
  }
  const payments = given(await instructNet({ cycle: DAY, settlesOn: '2026-03-03', by }, parts));
  await reserveDeals(order, parts);
  const payouts = await settlementsOf(database, { state: 'reserved' }, { limit: 50 });
  const words = [
    ...payments.map(({ id }, i) => ({ id, status: i === 0 ? 'ACSC' : 'RJCT' })),
    ...payouts.map(({ payout }) => ({ id: payout, status: 'ACSC' })),
  ];
  // The same file whenever it is brought: what the bank says does not depend on what happened here.
  if (payouts.length > 0) given(await takeStatusFile({ bytes: Buffer.from(report(words)), by }, parts));
}

test('killed at any statement of the close, or once it is committed, the day ends as if nothing had happened', async () => {
  const desk = await Desk.open();
  const stateOf = async () => JSON.stringify((await desk.database.query(STATE)).rows, null, 1);
  try {
    await desk.trade({ no: '1', hostFee: 500_00n });
    await desk.trade({ no: '2', home: 'stex', host: 'szse', hostFee: 70_00n });
    await desk.trade({ no: '3', off: 1n });
    const order = await desk.compare();
    const counting = failing(desk.database, { at: Number.POSITIVE_INFINITY, after: false });
    await close(desk, order, counting);
    const expected = await stateOf();
    const { statements, commits } = counting.seen;
    expect(statements).toBeGreaterThan(40);
    expect(expected).toContain('failed');
    // After a statement is before the next one, unless it is a COMMIT: done, and its answer lost.
    const kills = [
      ...Array.from({ length: statements }, (_, i) => ({ at: i + 1, after: false })),
      ...commits.map((at) => ({ at, after: true })),
    ];
    for (const kill of kills) {
      await desk.empty(WRITTEN);
      await expect(close(desk, order, failing(desk.database, kill))).rejects.toBeInstanceOf(Killed);
      await close(desk, order, desk.database);
      const state = await stateOf();
      if (state !== expected)
        throw new Error(`killed ${kill.after ? 'after' : 'before'} statement ${kill.at}:\n${state}`);
    }
    console.info(
      `killed ${kills.length} times: before each of ${statements} statements, after each of ${commits.length} commits`,
    );
  } finally {
    await desk.drop();
  }
}, 240_000);
