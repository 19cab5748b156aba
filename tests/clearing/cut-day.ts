import { randomUUID } from 'node:crypto';
import { cutJournal } from '../../src/clearing/journal-cut.ts';
import type { loadJournalCut } from '../../src/clearing/load-journal.ts';
import { type Database, transaction } from '../../src/journal/database.ts';
import { loadParts } from './day.ts';
import type { Expected } from './expected.ts';

export const CUT_DAY = '2026-03-04';

/** A journal that goes on after its cut, and books that stand at the cut. */
export async function putCutDay(database: Database): Promise<bigint> {
  let seq = 0;
  const say = async (kind: string, payload: object) => {
    const envelope = { payload: Buffer.from(JSON.stringify(payload)).toString('base64url'), signatures: [] };
    await database.query(
      `insert into message (id, kind, issuer, stream, seq, subject, envelope, recorded_at)
       values ($1, $2, 'ctex', 'cut', $3, 'x', $4, $5)`,
      [randomUUID(), kind, ++seq, Buffer.from(JSON.stringify(envelope)), `${CUT_DAY}T10:00:00+08:00`],
    );
  };
  const deal = (number: string, version: number) =>
    say('deal', {
      ...{ kind: 'deal', id: `ctex:${number}`, version, listing: { id: 'ctex:L', version: 1 } },
      ...{ home: 'ctex', host: 'szse', status: 'concluded', seller: { name: 'S' }, buyer: { name: 'B' } },
      ...{ price: { amount: `${version}.00`, currency: 'CNY' }, fees: [], concludedAt: `${CUT_DAY}T10:00:00+08:00` },
    });
  await deal('changed later', 1);
  await deal('confirmed', 1);
  await deal('not confirmed', 1);
  await say('deal-confirmed', { kind: 'deal-confirmed', deal: 'ctex:confirmed' });
  await say('deal-confirmed', { kind: 'deal-confirmed', deal: 'ctex:changed later' });
  const cut = await transaction(database, cutJournal);
  await deal('changed later', 2);
  await deal('not of this day', 1);
  await database.query(
    `insert into clearing_row (cycle, cycle_version, side, deal_id, ordinal, home, host, role, state, buyer, seller,
       price_fen, fee_fen, business_date, in_flight, native_number, line, book)
     select $1::text, 1, side, deal, 1, 'ctex', 'szse', role, 'signed', 'B', 'S', 100, 0, $1::text::date, false, 'n', 1, $2::uuid
       from (values ('ctex', 'home', 'ctex:changed later'), ('szse', 'host', 'ctex:changed later'),
                    ('ctex', 'home', 'ctex:confirmed'), ('ctex', 'home', 'ctex:not confirmed')) v(side, role, deal)`,
    [CUT_DAY, randomUUID()],
  );
  return cut;
}

export async function loadCutDay(database: Database, cut: bigint, load: typeof loadJournalCut): Promise<void> {
  await load({ cycle: CUT_DAY, version: 1, cut }, database, loadParts(database.url));
}

/** The host has confirmed one of the two deals that its book lacks: only that is missing. */
export const cutKey: readonly Expected[] = [
  { dealId: 'ctex:confirmed', code: 'P101', side: null, delta: null, severity: 'S2', blame: 'szse' },
];
export const cutTotals = {
  journal: { rows: 3, priceFen: 300n, inBreaks: 1 },
  ctex: { rows: 3, priceFen: 300n, inBreaks: 1 },
  szse: { rows: 1, priceFen: 100n, inBreaks: 0 },
};
