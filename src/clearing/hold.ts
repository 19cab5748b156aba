import type { JsonObject } from '../contract/json.ts';
import type { Queryable } from '../journal/database.ts';
import { payloadOf } from '../journal/payload.ts';
import { journalRowOf } from './journal-row.ts';
import type { RowState } from './row.ts';

export interface DueOrder {
  readonly cycle: string;
  /** Of the rows in `clearing_row`, and the comparison of them. */
  readonly version: number;
  readonly run: string;
  /** The journal's last number that counts for this day. */
  readonly cut: bigint;
}

/**
 * What holds a deal, of the findings `f` of a comparison: anything unequal that is not tolerated, until its break is done
 * with. A break that was settled by moving the journal's figure goes on holding: what is owed follows the journal, and the
 * journal follows the exchanges' own messages only.
 */
const HOLDS = `
  f.outcome in ('break', 'in-flight')
  and (b.id is null or b.state not in ('verified', 'closed') or adjusted.moved)`;
const BREAK = `
  left join clearing_break b on b.id = f.break_id
  left join lateral (
    select coalesce(sum(e.amount_fen), 0) <> 0 as moved
      from clearing_entry e where e.break_id = b.id and e.account = 'book/journal') adjusted on b.id is not null`;
const REASON = `case when b.state in ('verified', 'closed') then 'ADJUSTED' else f.code end`;

/** The deals of a comparison as they stand, each with what holds it. A million of them in one statement. */
const COMPARED = `
  insert into clearing_due (deal_id, cycle, version, home, host, state, price_fen, home_fee_fen, host_fee_fen, held, held_since)
  select j.deal_id, j.cycle, j.cycle_version, j.home, j.host, j.state, j.price_fen, j.home_fee_fen, j.host_fee_fen,
         h.reason, case when h.reason is not null then j.cycle::date end
    from clearing_row j
    left join (select distinct on (f.deal_id) f.deal_id, ${REASON} as reason
                 from clearing_found f ${BREAK}
                where f.run = $3 and ${HOLDS} order by f.deal_id, f.severity, f.code) h on h.deal_id = j.deal_id
   where j.cycle = $1 and j.cycle_version = $2 and j.side = 'journal' and j.ordinal = 1 and j.home <> j.host
  on conflict (deal_id) do update
    set cycle = excluded.cycle, version = excluded.version, state = excluded.state, price_fen = excluded.price_fen,
        home_fee_fen = excluded.home_fee_fen, host_fee_fen = excluded.host_fee_fen, held = excluded.held,
        held_since = case when excluded.held is not null then coalesce(clearing_due.held_since, excluded.held_since) end
  where clearing_due.cycle <= excluded.cycle
    and (clearing_due.cycle, clearing_due.version, clearing_due.state, clearing_due.price_fen, clearing_due.home_fee_fen,
         clearing_due.host_fee_fen, clearing_due.held)
        is distinct from (excluded.cycle, excluded.version, excluded.state, excluded.price_fen, excluded.home_fee_fen,
         excluded.host_fee_fen, excluded.held)`;

/** Deals held on earlier days: by the last comparison of their own day, and by how far their breaks are now. */
const EARLIER = `
  update clearing_due u set held = now.reason, held_since = case when now.reason is not null then u.held_since end
    from (select d.deal_id, (
            select ${REASON} from clearing_found f ${BREAK}
             where f.run = last.id and f.deal_id = d.deal_id and ${HOLDS} order by f.severity, f.code limit 1) as reason
            from clearing_due d cross join lateral (
              select id from clearing_run r where r.cycle = d.cycle and r.finished_at is not null
               order by r.version desc, r.started_at desc, r.id limit 1) last
           where d.held is not null and d.held <> 'CHANGED' and d.cycle <> $1) now
   where now.deal_id = u.deal_id and now.reason is distinct from u.held`;

/**
 * Brings `clearing_due` up to a comparison: its own deals, those held before, and what the journal has said since of deals
 * on which the three agreed (their certificates and cancellations). Inside the caller's transaction.
 */
export async function updateDue(connection: Queryable, order: DueOrder): Promise<void> {
  await connection.query(COMPARED, [order.cycle, order.version, order.run]);
  await connection.query(EARLIER, [order.cycle]);
  await followJournal(connection, order);
}

const PAGE = 1000;
const CERTIFIED = ['certified', 'ip-recorded', 'registered', 'settled'];
const UNDONE = ['cancelled', 'reversed'];

async function followJournal(connection: Queryable, { cut, cycle }: DueOrder): Promise<void> {
  for (let after = ''; ; ) {
    const { rows } = await connection.query<Since>(
      `select u.deal_id as "dealId", u.price_fen as price, u.home_fee_fen as "homeFee", u.host_fee_fen as "hostFee",
              m.no, m.envelope
         from clearing_due u join deal d on d.id = u.deal_id join message m on m.id = d.message
        where u.deal_id > $1 and m.no <= $2
          and ((u.state = 'signed' and d.status = any($3)) or (u.state <> 'cancelled' and d.status = any($4)))
        order by u.deal_id limit ${PAGE}`,
      [after, cut, CERTIFIED, UNDONE],
    );
    await connection.query(
      `update clearing_due u set state = t.state, held = case when t.changed then 'CHANGED' else u.held end,
              held_since = case when t.changed then coalesce(u.held_since, $4::date) else u.held_since end
         from unnest($1::text[], $2::text[], $3::boolean[]) as t(deal, state, changed) where u.deal_id = t.deal`,
      [...since(rows), cycle],
    );
    if (rows.length < PAGE) return;
    after = rows.at(-1)!.dealId;
  }
}

interface Since extends Record<string, unknown> {
  readonly dealId: string;
  readonly price: bigint;
  readonly homeFee: bigint;
  readonly hostFee: bigint;
  readonly no: bigint;
  readonly envelope: Buffer;
}

/** Ids, states, and whether the amounts are no longer those that the three agreed on. */
function since(rows: readonly Since[]): [string[], RowState[], boolean[]] {
  const [ids, states, changed]: [string[], RowState[], boolean[]] = [[], [], []];
  for (const { dealId, price, homeFee, hostFee, no, envelope } of rows) {
    const read = journalRowOf(payloadOf(envelope) as JsonObject, Number(no));
    if (!read.ok) throw new Error(`journal message ${no} is no deal: ${read.refusals[0]!.en}`);
    const { state, priceFen, homeFeeFen, hostFeeFen } = read.value.row;
    ids.push(dealId);
    states.push(state);
    // What is taken back is what was agreed; the amounts of a cancellation no longer matter.
    changed.push(state !== 'cancelled' && (priceFen !== price || homeFeeFen !== homeFee || hostFeeFen !== hostFee));
  }
  return [ids, states, changed];
}

/** One deal left out of a net, and why. */
export interface Hold {
  readonly dealId: string;
  readonly home: string;
  readonly host: string;
  readonly reason: string;
  readonly since: string;
  readonly priceFen: bigint;
  readonly hostFeeFen: bigint;
}

/** The deals left out of a net, in the order of their ids, after `after`. */
export async function holdsOf(
  connection: Queryable,
  net: string,
  { after = '', limit }: { readonly after?: string; readonly limit: number },
): Promise<readonly Hold[]> {
  const { rows } = await connection.query<Hold & Record<string, unknown>>(
    `select deal_id as "dealId", home, host, reason, since, price_fen as "priceFen", host_fee_fen as "hostFeeFen"
       from clearing_hold where net = $1 and deal_id > $2 order by deal_id limit $3`,
    [net, after, limit],
  );
  return rows;
}
