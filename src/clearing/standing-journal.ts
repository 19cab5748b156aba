import type { Exchange } from '../contract/exchange.ts';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import { payloadOf } from '../journal/payload.ts';
import { toggle } from './iblt.ts';
import { journalRowOf } from './journal-row.ts';
import { DEAL, keepDeals, rowFor, type StandingDeal } from './standing-deal.ts';
import { canonicalRow, symbolOf } from './standing-row.ts';
import { type JournalSketch, lockSketches, saveSketches } from './standing-sketches.ts';

/**
 * Reads on in the log, at most `most` leaves, and brings deals and sketches up to it, in one transaction. By its leaves,
 * for they have no gaps: what is recorded late gets a later leaf, and none is passed over. Gives the leaves left to read.
 */
export async function followLog(database: Database, most: number): Promise<bigint> {
  return transaction(database, async (connection) => {
    const { rows } = await connection.query<{ leaf: bigint; size: bigint }>(
      'select m.leaf, h.size from clearing_standing_mark m, journal_head h for update of m',
    );
    const { leaf, size } = rows[0]!;
    const to = leaf + BigInt(most) < size ? leaf + BigInt(most) : size;
    if (to <= leaf) return 0n;
    await bringUp(connection, await changesIn(connection, leaf, to));
    await connection.query('update clearing_standing_mark set leaf = $1', [to]);
    return size - to;
  });
}

/** Passes over what is older than anything that is compared, where the log has been read less far than that. */
export async function skipTo(connection: Queryable, sinceMs: number): Promise<void> {
  let [low, high] = await leavesLeft(connection);
  while (low < high) {
    const middle = (low + high) / 2n;
    const { rows } = await connection.query<{ young: boolean }>(
      `select m.recorded_at >= $2 as young from journal_leaf l join message m on m.no = l.no
        where l.source = 'message' and l.idx >= $1 order by l.idx limit 1`,
      [middle, new Date(sinceMs)],
    );
    if (rows[0]?.young === false) low = middle + 1n;
    else high = middle;
  }
  await connection.query('update clearing_standing_mark set leaf = greatest(leaf, $1)', [low]);
}

async function leavesLeft(connection: Queryable): Promise<[bigint, bigint]> {
  const { rows } = await connection.query<{ leaf: bigint; size: bigint }>(
    'select m.leaf, h.size from clearing_standing_mark m, journal_head h for update of m',
  );
  return [rows[0]!.leaf, rows[0]!.size];
}

interface Changes {
  /** The newest version of each deal that was said. */
  readonly said: ReadonlyMap<string, StandingDeal>;
  /** Deals confirmed, and by which leaf. */
  readonly confirmed: ReadonlyMap<string, bigint>;
}

async function changesIn(connection: Queryable, from: bigint, to: bigint): Promise<Changes> {
  const { rows } = await connection.query<{ idx: bigint; no: bigint; kind: string; envelope: Buffer }>(
    `select l.idx, m.no, m.kind, m.envelope from journal_leaf l join message m on m.no = l.no
      where l.source = 'message' and l.idx >= $1 and l.idx < $2 and m.kind in ('deal', 'deal-confirmed') order by l.idx`,
    [from, to],
  );
  const said = new Map<string, StandingDeal>();
  const confirmed = new Map<string, bigint>();
  for (const { idx, no, kind, envelope } of rows) {
    const payload = payloadOf(envelope);
    if (kind === 'deal-confirmed') {
      confirmed.set(String(payload.deal), idx);
      continue;
    }
    const read = journalRowOf(payload, Number(no));
    if (!read.ok) {
      throw new Error(`journal message ${no} is no deal: ${read.refusals[0]!.en} at ${read.refusals[0]!.pointer}`);
    }
    const { row, version } = read.value;
    if ((said.get(row.dealId)?.version ?? 0) >= version) continue;
    said.set(row.dealId, {
      ...row,
      version,
      homeFeeFen: row.homeFeeFen!,
      hostFeeFen: row.hostFeeFen!,
      concluded: row.inFlight,
      confirmed: false,
      leaf: idx,
      homeSymbol: null,
      hostSymbol: null,
    });
  }
  return { said, confirmed };
}

async function bringUp(connection: Queryable, { said, confirmed }: Changes): Promise<void> {
  const ids = [...new Set([...said.keys(), ...confirmed.keys()])];
  if (ids.length === 0) return;
  const sketches = await lockSketches(connection);
  const found = await connection.query<StandingDeal & Record<string, unknown>>(
    `select ${DEAL} from clearing_standing_deal where deal_id = any($1)`,
    [ids],
  );
  const before = new Map(found.rows.map((deal) => [deal.dealId, deal]));
  const after = ids.flatMap((id) => {
    const [old, given, leaf] = [before.get(id), said.get(id), confirmed.get(id)];
    const newest = given !== undefined && given.version > (old?.version ?? 0) ? given : old;
    // A confirmation of a deal that is older than anything compared.
    if (newest === undefined) return [];
    const deal = { ...newest, confirmed: old?.confirmed === true || leaf !== undefined, leaf: leaf ?? newest.leaf };
    if (newest === old) return [deal];
    if (old !== undefined) takeAway(old, sketches);
    return [{ ...deal, ...putInto(deal, sketches) }];
  });
  await keepDeals(connection, after);
  await saveSketches(connection, sketches);
}

function takeAway(deal: StandingDeal, sketches: ReadonlyMap<Exchange, JournalSketch>): void {
  for (const [exchange, symbol] of [
    [deal.home, deal.homeSymbol],
    [deal.host, deal.hostSymbol],
  ] as const) {
    const one = sketches.get(exchange);
    if (one === undefined || symbol === null) continue;
    toggle(one.sketch, symbol, -1);
    one.rows -= 1n;
  }
}

/** Adds the deal to the sketches of its exchanges that reach back to its day. */
export function putInto(
  deal: StandingDeal,
  sketches: ReadonlyMap<Exchange, JournalSketch>,
): { readonly homeSymbol: Buffer | null; readonly hostSymbol: Buffer | null } {
  const put = (exchange: Exchange): Buffer | null => {
    const one = sketches.get(exchange);
    if (one === undefined || deal.businessDate < one.since) return null;
    const symbol = symbolOf(one.session, canonicalRow(rowFor(deal, exchange)!, 'stated'));
    toggle(one.sketch, symbol, 1);
    one.rows += 1n;
    return symbol;
  };
  return { homeSymbol: put(deal.home), hostSymbol: put(deal.host) };
}
