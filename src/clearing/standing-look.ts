import type { Exchange } from '../contract/exchange.ts';
import type { Database, Queryable } from '../journal/database.ts';
import type { Side } from './row.ts';
import { type AskedSide, type CompareLimits, compareSides } from './standing-compare.ts';
import { differencesOf, type ToleratedFen } from './standing-difference.ts';
import { followLog } from './standing-journal.ts';
import { knownDeals, openJournalSide, standsAt } from './standing-journal-side.ts';
import { keepLook, keepSilence, type Look } from './standing-keep.ts';
import { openSession } from './standing-session.ts';
import type { StandingSide } from './standing-side.ts';

export interface LookParts {
  readonly database: Database;
  readonly limits: LookLimits;
  readonly toleratedFen: ToleratedFen;
  nowMs(): number;
  /** 32 bytes, fresh and secret. */
  secret(): Uint8Array;
}

export interface LookLimits extends CompareLimits {
  /** So long a difference may last while it is on its way. */
  readonly patienceMs: number;
  /** Leaves of the log in one transaction. */
  readonly leaves: number;
}

/**
 * One look at an exchange's books from that business day on: what the journal says they hold against what they do. Every
 * difference is asked for row by row, and nothing else is.
 *
 * The journal's side stands at a leaf of its log. What is on its way then differs now and not at the next look: a
 * difference is open once both sides have said the same of a deal for `patienceMs`.
 */
export async function lookAtBook(
  parts: LookParts,
  exchange: Exchange,
  since: string,
  side: StandingSide,
): Promise<Look> {
  const { database, limits } = parts;
  await openSession(database, { exchange, since, secret: parts.secret(), cells: limits.cells, atMs: parts.nowMs() });
  while ((await followLog(database, limits.leaves)) > 0n);
  const journal = await openJournalSide(database, exchange);
  const pair = { one: exchange, other: 'journal' as const, since, leaf: journal.leaf };
  const behindMs = await logBehindMs(database, parts.nowMs());
  if (behindMs > limits.patienceMs) {
    const fault = `the log is ${Math.round(behindMs / 1000)} s behind the journal`;
    return keepSilence(database, { ...pair, atMs: parts.nowMs(), fault });
  }
  return look(parts, pair, { side, set: journal.set }, journal);
}

/** How long the first row of the journal without a leaf has been waiting: what is not in the log is not looked at. */
async function logBehindMs(connection: Queryable, atMs: number): Promise<number> {
  const { rows } = await connection.query<{ since: Date }>(
    `select m.recorded_at as since from leaf_waiting w join message m on m.no = w.no
      where w.source = 'message' order by w.wanted limit 1`,
  );
  return rows[0] === undefined ? 0 : atMs - rows[0].since.getTime();
}

/** Which books are looked at, and under which secret. */
export interface Between {
  readonly exchanges: readonly [Exchange, Exchange];
  readonly since: string;
  readonly secret: Uint8Array;
}

/**
 * One look at two exchanges' books without the journal: whether they agree on the terms of the deals between them. By
 * `A△B = (A△G)△(G△B)` it finds nothing the other looks do not, unless the gateway says one thing to one of them and
 * another to the other: the two can compare by themselves (standing-compare.ts), and so hold it to its word.
 */
export async function lookBetween(
  parts: LookParts,
  { exchanges: [one, other], since, secret }: Between,
  sides: readonly [StandingSide, StandingSide],
): Promise<Look> {
  const set = { secret, since, form: 'terms' as const };
  const pair = { one, other, since, leaf: await standsAt(parts.database) };
  const ofOne = { side: sides[0], set: { ...set, counter: other } };
  return look(parts, pair, ofOne, { side: sides[1], set: { ...set, counter: one } });
}

interface Pair {
  readonly one: Exchange;
  readonly other: Side;
  readonly since: string;
  readonly leaf: bigint;
}

async function look(parts: LookParts, pair: Pair, one: AskedSide, other: AskedSide): Promise<Look> {
  const { database, limits, toleratedFen } = parts;
  const compared = await compareSides(other, one, limits).catch((error: unknown) => ({ fault: String(error) }));
  const atMs = parts.nowMs();
  if ('fault' in compared) return keepSilence(database, { ...pair, atMs, fault: compared.fault });
  const { mine, theirs, rows, ...told } = compared;
  const known = await knownDeals(
    database,
    [...mine, ...theirs].map(({ row }) => row.dealId),
  );
  const rules = { one: pair.one, other: pair.other, toleratedFen, known: (dealId: string) => known.get(dealId) };
  return keepLook(
    database,
    { ...pair, ...told, oneRows: rows[1], otherRows: rows[0], atMs },
    differencesOf(theirs, mine, rules),
    limits.patienceMs,
  );
}
