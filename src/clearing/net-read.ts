import type { Exchange } from '../contract/exchange.ts';
import type { Queryable } from '../journal/database.ts';

/** The net of one currency as it is kept and signed; amounts in yuan with two decimals. */
export interface WrittenNet {
  readonly currency: string;
  /** What the first owes the second. */
  readonly gross: Readonly<Record<Exchange, Readonly<Record<Exchange, string>>>>;
  readonly positions: Readonly<Record<Exchange, string>>;
  readonly payIn: string;
  readonly legs: readonly { readonly payer: Exchange; readonly payee: Exchange; readonly amount: string }[];
}

export type NetState = 'netted' | 'instructed' | 'settled' | 'failed' | 'aborted' | 'superseded';

/** A net and how far it is. */
export interface NetSummary {
  /** `<cycle>#<no>`. */
  readonly id: string;
  readonly cycle: string;
  readonly no: number;
  readonly run: string;
  readonly state: NetState;
  readonly nets: readonly WrittenNet[];
  readonly entries: bigint;
  readonly entriesSha256: string;
  readonly holdsSha256: string;
  readonly heldDeals: bigint;
  /** Fees of the deals that are held. */
  readonly heldFen: bigint;
  readonly madeAt: Date;
}

const COLUMNS = `id, cycle, no, run, state, nets, entries, entries_sha256, holds_sha256, held_deals, held_fen::text, made_at`;

/** All nets of a business day, the newest first. */
export async function netsOf(connection: Queryable, cycle: string): Promise<readonly NetSummary[]> {
  const { rows } = await connection.query(
    `select ${COLUMNS} from clearing_net where cycle = $1 order by no desc limit 100`,
    [cycle],
  );
  return rows.map(netIn);
}

export async function latestNetOf(connection: Queryable, cycle: string): Promise<NetSummary | undefined> {
  return (await netsOf(connection, cycle))[0];
}

export async function netById(connection: Queryable, id: string): Promise<NetSummary | undefined> {
  const { rows } = await connection.query(`select ${COLUMNS} from clearing_net where id = $1`, [id]);
  return rows[0] && netIn(rows[0]);
}

/** One entry of a net: a fee, what a reversal takes back, a payment that had failed. */
export interface NetEntry {
  readonly subject: string;
  readonly entry: string;
  readonly debtor: string;
  readonly creditor: string;
  readonly currency: string;
  readonly fen: bigint;
}

/** What a net is made of, in the order of its subjects, after `after` (a subject and entry). */
export async function entriesOf(
  connection: Queryable,
  net: string,
  { after, limit }: { readonly after?: readonly [subject: string, entry: string]; readonly limit: number },
): Promise<readonly NetEntry[]> {
  const { rows } = await connection.query<NetEntry & Record<string, unknown>>(
    `select subject, entry, debtor, creditor, currency, fen from clearing_net_entry
      where net = $1 and (subject, entry) > ($2, $3) order by subject, entry limit $4`,
    [net, ...(after ?? ['', '']), limit],
  );
  return rows;
}

function netIn(row: Readonly<Record<string, unknown>>): NetSummary {
  return {
    id: row.id as string,
    cycle: row.cycle as string,
    no: row.no as number,
    run: row.run as string,
    state: row.state as NetState,
    nets: row.nets as readonly WrittenNet[],
    entries: row.entries as bigint,
    entriesSha256: row.entries_sha256 as string,
    holdsSha256: row.holds_sha256 as string,
    heldDeals: row.held_deals as bigint,
    heldFen: BigInt(row.held_fen as string),
    madeAt: row.made_at as Date,
  };
}
