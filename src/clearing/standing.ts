import { instantAt } from '../contract/dates.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { Json } from '../contract/json.ts';
import { formatFen } from '../contract/money.ts';
import type { Queryable } from '../journal/database.ts';
import { type BreakCode, codes } from './codes.ts';
import type { Side } from './row.ts';

/** How one pair stands: an exchange and the journal, or two exchanges. Instants +08:00. */
export interface StandingPair {
  readonly one: Exchange;
  readonly other: Side;
  readonly outcome: 'equal' | 'different' | 'silent';
  /** The first business day that is looked at. */
  readonly since: string;
  /** The leaves of the log that the journal's side stands on. */
  readonly leaf: string;
  readonly oneRows: string | null;
  readonly otherRows: string | null;
  /** Cells of a sketch that were sent; null: all symbols were, or nothing was. */
  readonly cells: number | null;
  readonly bytes: string;
  readonly open: number;
  readonly inFlight: number;
  readonly tolerated: number;
  readonly unread: number;
  readonly fault: string | null;
  readonly lookedAt: string;
  readonly agreedAt: string | null;
}

/** One deal that a pair does not agree on. Amounts in yuan. */
export interface StandingDifferenceShown {
  readonly one: Exchange;
  readonly other: Side;
  readonly dealId: string;
  readonly ordinal: number;
  readonly home: Exchange;
  readonly host: Exchange;
  readonly outcome: 'open' | 'in-flight' | 'tolerated';
  readonly code: BreakCode;
  readonly codes: readonly BreakCode[];
  readonly zh: string;
  readonly en: string;
  /** One minus other, signed. */
  readonly delta: string | null;
  readonly fields: Json;
  readonly oneRow: Json;
  readonly otherRow: Json;
  readonly firstSeen: string;
  readonly lastSeen: string;
}

export interface Standing {
  readonly pairs: readonly StandingPair[];
  /** Open ones first, then the oldest; at most as many as asked for. */
  readonly differences: readonly StandingDifferenceShown[];
}

/** The standing check as the last looks left it: what whoever reads may see of it. Plain JSON. */
export async function readStanding(connection: Queryable, most: number): Promise<Standing> {
  const [pairs, differences] = await Promise.all([
    connection.query<LookRow>(
      `select one, other, outcome, since, leaf, one_rows, other_rows, cells, bytes, open, in_flight, tolerated, unread,
              fault, looked_at, agreed_at from clearing_standing_look order by other <> 'journal', one, other`,
    ),
    connection.query<DifferenceRow>(
      `select one, other, deal_id, ordinal, home, host, outcome, code, codes, delta_fen, fields, one_row, other_row,
              first_seen, last_seen from clearing_standing_difference
        order by outcome <> 'open', first_seen, deal_id, ordinal, one, other limit $1`,
      [most],
    ),
  ]);
  return {
    pairs: pairs.rows.map((row) => ({
      one: row.one,
      other: row.other,
      outcome: row.outcome,
      since: row.since,
      leaf: String(row.leaf),
      oneRows: row.one_rows === null ? null : String(row.one_rows),
      otherRows: row.other_rows === null ? null : String(row.other_rows),
      cells: row.cells,
      bytes: String(row.bytes),
      open: row.open,
      inFlight: row.in_flight,
      tolerated: row.tolerated,
      unread: row.unread,
      fault: row.fault,
      lookedAt: instantAt(row.looked_at.getTime()),
      agreedAt: row.agreed_at && instantAt(row.agreed_at.getTime()),
    })),
    differences: differences.rows.map((row) => ({
      one: row.one,
      other: row.other,
      dealId: row.deal_id,
      ordinal: row.ordinal,
      home: row.home,
      host: row.host,
      outcome: row.outcome,
      code: row.code,
      codes: row.codes,
      zh: codes[row.code].zh,
      en: codes[row.code].en,
      delta: row.delta_fen === null ? null : formatFen(row.delta_fen, 'yuan'),
      fields: row.fields,
      oneRow: row.one_row,
      otherRow: row.other_row,
      firstSeen: instantAt(row.first_seen.getTime()),
      lastSeen: instantAt(row.last_seen.getTime()),
    })),
  };
}

interface LookRow extends Record<string, unknown> {
  readonly one: Exchange;
  readonly other: Side;
  readonly outcome: StandingPair['outcome'];
  readonly since: string;
  readonly leaf: bigint;
  readonly one_rows: bigint | null;
  readonly other_rows: bigint | null;
  readonly cells: number | null;
  readonly bytes: bigint;
  readonly open: number;
  readonly in_flight: number;
  readonly tolerated: number;
  readonly unread: number;
  readonly fault: string | null;
  readonly looked_at: Date;
  readonly agreed_at: Date | null;
}

interface DifferenceRow extends Record<string, unknown> {
  readonly one: Exchange;
  readonly other: Side;
  readonly deal_id: string;
  readonly ordinal: number;
  readonly home: Exchange;
  readonly host: Exchange;
  readonly outcome: StandingDifferenceShown['outcome'];
  readonly code: BreakCode;
  readonly codes: readonly BreakCode[];
  readonly delta_fen: bigint | null;
  readonly fields: Json;
  readonly one_row: Json;
  readonly other_row: Json;
  readonly first_seen: Date;
  readonly last_seen: Date;
}
