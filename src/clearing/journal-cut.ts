import { addDays } from '../contract/dates.ts';
import type { Queryable } from '../journal/database.ts';
import { payloadOf } from '../journal/payload.ts';
import { type JournalRow, journalRowOf } from './journal-row.ts';

/** Days before the business day from which messages may still speak of its deals, and rows read at once. */
const DAYS_BEFORE = 7;
const PAGE = 1000;

/**
 * The journal's deals as they stood at a cut: by its sequence, never by the clock, so that the same cut gives the same rows
 * whenever it is read. A deal is in flight where no confirmation of it is within the cut.
 */
export async function* readJournalCut(
  connection: Queryable,
  date: string,
  cut: bigint,
): AsyncGenerator<readonly JournalRow[], void, void> {
  const from = await firstSince(connection, `${addDays(date, -DAYS_BEFORE)}T00:00:00+08:00`, cut);
  const confirmed = new Set<string>();
  for await (const { payload } of messagesOf(connection, 'deal-confirmed', from, cut)) {
    confirmed.add(String(payload.deal));
  }
  let rows: JournalRow[] = [];
  for await (const { payload, no } of messagesOf(connection, 'deal', from, cut)) {
    const row = journalRowOf(payload, Number(no), confirmed.has(String(payload.id)));
    if (!row.ok)
      throw new Error(`journal message ${no} is no deal: ${row.refusals[0]!.en} at ${row.refusals[0]!.pointer}`);
    rows.push(row.value);
    if (rows.length === PAGE) {
      yield rows;
      rows = [];
    }
  }
  if (rows.length > 0) yield rows;
}

/** Makes a cut where the journal stands now: nothing at or below it can still appear (0010_clearing_books.sql). */
export async function cutJournal(connection: Queryable): Promise<bigint> {
  const { rows } = await connection.query<{ cut: string | bigint }>('select journal_cut() as cut');
  return BigInt(rows[0]!.cut);
}

/**
 * The first number from which all messages are at least that young: found by halving, for the journal may be years long and
 * the times of its rows rise with their numbers (but for moments, which the days before make up for).
 */
async function firstSince(connection: Queryable, since: string, cut: bigint): Promise<bigint> {
  let [low, high] = [0n, cut];
  while (low < high) {
    const middle = (low + high) / 2n;
    const { rows } = await connection.query<{ young: boolean }>(
      'select recorded_at >= $2 as young from message where no > $1 order by no limit 1',
      [middle, since],
    );
    if (rows[0]?.young === false) low = middle + 1n;
    else high = middle;
  }
  return low;
}

async function* messagesOf(
  connection: Queryable,
  kind: string,
  from: bigint,
  cut: bigint,
): AsyncGenerator<{ readonly no: bigint; readonly payload: ReturnType<typeof payloadOf> }, void, void> {
  let after = from;
  while (true) {
    const { rows } = await connection.query<{ no: string | bigint; envelope: Buffer }>(
      `select no, envelope from message
        where no > $1 and no <= $2 and kind = $3 order by no limit $4`,
      [after, cut, kind, PAGE],
    );
    for (const { no, envelope } of rows) yield { no: BigInt(no), payload: payloadOf(envelope) };
    if (rows.length < PAGE) return;
    after = BigInt(rows.at(-1)!.no);
  }
}
