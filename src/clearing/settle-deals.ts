import { createHash } from 'node:crypto';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import { payloadOf } from '../journal/payload.ts';
import { insertRows } from '../journal/rows.ts';
import { takeNetTurn } from './net-cycle.ts';
import { type Condition, missingConditions } from './release.ts';
import { type SettlementRules, settlementRules } from './settlement-rules.ts';

export interface ReserveParts {
  readonly database: Database;
  nowMs(): number;
  readonly rules?: SettlementRules;
}

/** What reserving came to. */
export interface Reserved {
  /** Settlements begun, returns among them. */
  readonly reserved: number;
  /** Settlements called off, because something holds their deals now or they were undone. */
  readonly voided: number;
  /** Deals that stand and still wait, and for what; the first thousand. */
  readonly waiting: readonly { readonly dealId: string; readonly missing: readonly Condition[] }[];
}

/**
 * Begins the settlement of every deal that may be released: all its legs are reserved together, and a payout is named that
 * the home's bank is to make. Nothing is paid out of a net: clients' money settles deal by deal. What was under way and is
 * held or undone now is voided, all legs of it, and tried again when it stands; what was posted and is undone is returned.
 *
 * A deal is under way or done once (a unique index); done again this changes nothing.
 */
export async function reserveDeals(
  { cycle, cut }: { readonly cycle: string; readonly cut: bigint },
  parts: ReserveParts,
): Promise<Reserved> {
  const rules = parts.rules ?? settlementRules;
  return transaction(parts.database, async (connection) => {
    await takeNetTurn(connection);
    const at = new Date(parts.nowMs());
    const voided = await voidHeld(connection, at);
    let reserved = await reserveReturns(connection, cycle, cut, at);
    const waiting: { dealId: string; missing: readonly Condition[] }[] = [];
    for (let after = ''; ; ) {
      const page = await candidates(connection, after, cut);
      const ready: Candidate[] = [];
      for (const one of page) {
        const facts = {
          deal: payloadOf(one.envelope),
          objectType: objectTypeOf(one),
          paidFen: one.paid,
          vouched: one.vouched,
        };
        const missing = missingConditions(facts, rules.release);
        if (missing.length === 0) ready.push(one);
        else if (waiting.length < PAGE) waiting.push({ dealId: one.dealId, missing });
      }
      await reserve(
        connection,
        ready.map((one) => deliveryOf(one, cycle, at)),
      );
      reserved += ready.length;
      if (page.length < PAGE) return { reserved, voided, waiting };
      after = page.at(-1)!.dealId;
    }
  });
}

const PAGE = 1000;

interface Candidate extends Record<string, unknown> {
  readonly dealId: string;
  readonly home: string;
  readonly host: string;
  readonly homeFee: bigint;
  readonly hostFee: bigint;
  readonly price: bigint;
  readonly paid: bigint;
  readonly message: string;
  readonly envelope: Buffer;
  readonly listing: Buffer | null;
  readonly attempt: number;
  readonly vouched: readonly string[];
}

/** Deals that stand, have their certificate, and are not under way or done. */
async function candidates(connection: Queryable, after: string, cut: bigint): Promise<readonly Candidate[]> {
  const { rows } = await connection.query<Candidate>(
    `select u.deal_id as "dealId", u.home, u.host, u.home_fee_fen as "homeFee", u.host_fee_fen as "hostFee",
            u.price_fen as price, d.paid_fen as paid, d.message, m.envelope, lm.envelope as listing,
            (select count(*)::int from clearing_settlement s where s.deal_id = u.deal_id and s.kind = 'delivery') + 1 as attempt,
            array(select condition from clearing_release r where r.deal_id = u.deal_id) as vouched
       from clearing_due u
       join deal d on d.id = u.deal_id
       join message m on m.id = d.message and m.no <= $2
       left join listing l on l.id = d.listing
       left join message lm on lm.id = l.message
      where u.deal_id > $1 and u.state = 'certified' and u.held is null and not exists (
              select from clearing_settlement s where s.deal_id = u.deal_id and s.kind = 'delivery' and s.state <> 'voided')
      order by u.deal_id limit ${PAGE}`,
    [after, cut],
  );
  return rows;
}

function objectTypeOf({ listing }: Candidate): string {
  if (listing === null) return '';
  const { object } = payloadOf(listing) as { readonly object?: { readonly type?: string } };
  return object?.type ?? '';
}

interface Settling {
  readonly row: {
    readonly deal_id: string;
    readonly kind: 'delivery' | 'return';
    readonly attempt: number;
    readonly cycle: string;
    readonly home: string;
    readonly host: string;
    readonly message: string;
    readonly payout: string;
    readonly payout_fen: bigint;
    readonly reserved_at: Date;
  };
  readonly legs: readonly {
    readonly leg: string;
    readonly payer: string;
    readonly payee: string;
    readonly fen: bigint | null;
  }[];
}

/**
 * The title passes from the seller to the buyer; out of the clients' money at the home go what was paid of the price, to the
 * seller, and either exchange's fee, to what it is owed: of the host's the net takes it from there.
 */
function deliveryOf(one: Candidate, cycle: string, at: Date): Settling {
  const { dealId, home, host, attempt, message } = one;
  const paid = one.paid < one.price ? one.paid : one.price;
  const fees = [
    { leg: 'home-fee', payer: 'custody', payee: `fees:${home}`, fen: one.homeFee },
    { leg: 'host-fee', payer: 'custody', payee: `fees:${host}`, fen: one.hostFee },
  ];
  return {
    row: {
      ...{ deal_id: dealId, kind: 'delivery', attempt, cycle, home, host, message },
      ...{ payout: payoutId(dealId, 'delivery', attempt), payout_fen: paid, reserved_at: at },
    },
    legs: [
      { leg: 'title', payer: 'seller', payee: 'buyer', fen: null },
      { leg: 'price', payer: 'custody', payee: 'seller', fen: paid },
      ...fees.filter(({ fen }) => fen > 0n),
    ],
  };
}

/** At most 35 characters, the same whenever it is asked for. */
function payoutId(deal: string, kind: string, attempt: number): string {
  return `P${createHash('sha256').update(`${deal}|${kind}|${attempt}`).digest('hex').slice(0, 32)}`;
}

async function reserve(connection: Queryable, settling: readonly Settling[]): Promise<void> {
  await insertRows(
    connection,
    'clearing_settlement',
    {
      ...{ deal_id: 'text', kind: 'text', attempt: 'int', cycle: 'text', home: 'text', host: 'text' },
      ...{ message: 'uuid', payout: 'text', payout_fen: 'bigint', reserved_at: 'timestamptz' },
    },
    settling.map(({ row }) => row),
  );
  await insertRows(
    connection,
    'clearing_leg',
    { deal_id: 'text', kind: 'text', attempt: 'int', leg: 'text', payer: 'text', payee: 'text', fen: 'bigint' },
    settling.flatMap(({ row: { deal_id, kind, attempt }, legs }) =>
      legs.map((leg) => ({ deal_id, kind, attempt, ...leg })),
    ),
  );
}

/** All legs of a settlement end together, for it is the settlement that ends. */
async function voidHeld(connection: Queryable, at: Date): Promise<number> {
  const { rows } = await connection.query(
    `update clearing_settlement s set state = 'voided', ended_at = $1,
            reference = case when u.state = 'cancelled' then 'undone' else 'held: ' || u.held end
       from clearing_due u
      where u.deal_id = s.deal_id and s.state = 'reserved' and s.kind = 'delivery'
        and (u.held is not null or u.state = 'cancelled') returning s.deal_id`,
    [at],
  );
  return rows.length;
}

/** What was posted and is undone since goes back, leg by leg, each the other way. */
async function reserveReturns(connection: Queryable, cycle: string, cut: bigint, at: Date): Promise<number> {
  const { rows } = await connection.query<{
    dealId: string;
    home: string;
    host: string;
    message: string;
    fen: bigint;
    attempt: number;
    legs: Leg[];
  }>(
    `select s.deal_id as "dealId", s.home, s.host, d.message, s.payout_fen as fen,
            (select count(*)::int from clearing_settlement r where r.deal_id = s.deal_id and r.kind = 'return') + 1 as attempt,
            (select json_agg(json_build_object('leg', leg, 'payer', payee, 'payee', payer, 'fen', fen::text) order by leg)
               from clearing_leg l where (l.deal_id, l.kind, l.attempt) = (s.deal_id, s.kind, s.attempt)) as legs
       from clearing_settlement s join clearing_due u on u.deal_id = s.deal_id
       join deal d on d.id = s.deal_id join message m on m.id = d.message and m.no <= $1
      where s.kind = 'delivery' and s.state = 'posted' and u.state = 'cancelled' and not exists (
              select from clearing_settlement r where r.deal_id = s.deal_id and r.kind = 'return' and r.state <> 'voided')
      order by s.deal_id limit ${PAGE}`,
    [cut],
  );
  await reserve(
    connection,
    rows.map(
      ({ dealId, home, host, message, fen, attempt, legs }): Settling => ({
        row: {
          ...{ deal_id: dealId, kind: 'return', attempt, cycle, home, host, message },
          ...{ payout: payoutId(dealId, 'return', attempt), payout_fen: fen, reserved_at: at },
        },
        legs: legs.map((leg) => ({ ...leg, fen: leg.fen === null ? null : BigInt(leg.fen) })),
      }),
    ),
  );
  return rows.length;
}

interface Leg {
  readonly leg: string;
  readonly payer: string;
  readonly payee: string;
  readonly fen: string | null;
}
