import type { Queryable } from '../journal/database.ts';
import type { FeeOwed } from './settlement-rules.ts';

/** Native books are in yuan only (the profiles). */
const CURRENCY = 'CNY';

/**
 * Lets what is owed arise, once and for ever: the fee of every deal that stands and has come so far, and its way back where
 * such a deal was undone. What is there already stays as it is, also when a deal is compared again.
 */
export async function oweFees(
  connection: Queryable,
  cycle: string,
  { fee, debtor, creditor, state }: FeeOwed,
): Promise<void> {
  // Columns, from the closed words home and host.
  const fen = fee === 'host' ? 'u.host_fee_fen' : 'u.home_fee_fen';
  const [from, to] = [debtor, creditor].map((party) => (party === 'host' ? 'u.host' : 'u.home'));
  await connection.query(
    `insert into clearing_obligation (subject, entry, debtor, creditor, currency, fen, cycle)
     select u.deal_id, 'fee', ${from}, ${to}, $1, ${fen}, $2
       from clearing_due u
      where u.state = $3 and u.held is null and ${fen} > 0
        and not exists (select from clearing_obligation o where o.subject = u.deal_id and o.entry = 'fee')
     on conflict (subject, entry) do nothing`,
    [CURRENCY, cycle, state],
  );
  await connection.query(
    `insert into clearing_obligation (subject, entry, debtor, creditor, currency, fen, cycle)
     select o.subject, 'reversal', o.debtor, o.creditor, o.currency, -o.fen, $1
       from clearing_obligation o join clearing_due u on u.deal_id = o.subject
      where o.entry = 'fee' and u.state = 'cancelled'
        and not exists (select from clearing_obligation r where r.subject = o.subject and r.entry = 'reversal')
     on conflict (subject, entry) do nothing`,
    [cycle],
  );
}

/** What is owed between two exchanges in all, of everything that can be netted now. */
export interface OwedSum {
  readonly debtor: string;
  readonly creditor: string;
  readonly currency: string;
  readonly fen: bigint;
}

/** What a net would be made of: the sums, and digests of its entries and of the deals that are held. */
export interface Offered {
  readonly sums: readonly OwedSum[];
  readonly entries: bigint;
  readonly entriesSha256: string;
  readonly heldDeals: bigint;
  readonly heldFen: bigint;
  readonly holdsSha256: string;
}

/** Open, or in the net that would be replaced; and of no deal that is held. */
const OPEN = `(o.net is null or o.net = $1)
  and not exists (select from clearing_due u where u.deal_id = o.subject and u.held is not null)`;
const digest = (line: string, by: string) =>
  `encode(sha256(convert_to(coalesce(string_agg(${line}, e'\\n' order by ${by}), ''), 'UTF8')), 'hex')`;

/** @param replaced the net that would make room, or null */
export async function offeredForNet(connection: Queryable, replaced: string | null): Promise<Offered> {
  const { rows: sums } = await connection.query<Omit<OwedSum, 'fen'> & { readonly fen: string }>(
    `select debtor, creditor, currency, sum(fen)::text as fen from clearing_obligation o where ${OPEN}
      group by debtor, creditor, currency order by currency, debtor, creditor`,
    [replaced],
  );
  const { rows: entries } = await connection.query<{ count: bigint; sha256: string }>(
    `select count(*) as count, ${digest(`concat_ws('|', subject, entry, debtor, creditor, currency, fen)`, 'subject, entry')} as sha256
       from clearing_obligation o where ${OPEN}`,
    [replaced],
  );
  const { rows: holds } = await connection.query<{ count: bigint; fen: string; sha256: string }>(
    `select count(*) as count, coalesce(sum(host_fee_fen), 0)::text as fen,
            ${digest(`concat_ws('|', deal_id, held, held_since, price_fen, host_fee_fen)`, 'deal_id')} as sha256
       from clearing_due where held is not null`,
  );
  return {
    sums: sums.map((one) => ({ ...one, fen: BigInt(one.fen) })),
    entries: entries[0]!.count,
    entriesSha256: entries[0]!.sha256,
    heldDeals: holds[0]!.count,
    heldFen: BigInt(holds[0]!.fen),
    holdsSha256: holds[0]!.sha256,
  };
}

/** Takes everything offered into the net, and writes down what was in it and what was left out. */
export async function takeIntoNet(connection: Queryable, net: string): Promise<void> {
  await connection.query(
    `with taken as (update clearing_obligation o set net = $1 where ${OPEN} returning o.*)
     insert into clearing_net_entry (net, subject, entry, debtor, creditor, currency, fen)
     select net, subject, entry, debtor, creditor, currency, fen from taken`,
    [net],
  );
  await connection.query(
    `insert into clearing_hold (net, deal_id, home, host, reason, since, price_fen, host_fee_fen)
     select $1, deal_id, home, host, held, held_since, price_fen, host_fee_fen from clearing_due where held is not null`,
    [net],
  );
}

/** Gives back what was in a net that is called off: it waits for the next. */
export async function releaseFromNet(connection: Queryable, net: string): Promise<void> {
  await connection.query('update clearing_obligation set net = null where net = $1', [net]);
}

/** A payment that failed is owed on: by its payer to its payee, under its own number, into the next net. */
export async function owePaymentAgain(connection: Queryable, instruction: string): Promise<void> {
  await connection.query(
    `insert into clearing_obligation (subject, entry, debtor, creditor, currency, fen, cycle)
     select 'net:' || i.net, i.id, i.payer, i.payee, i.currency, i.fen, n.cycle
       from clearing_instruction i join clearing_net n on n.id = i.net where i.id = $1
     on conflict (subject, entry) do nothing`,
    [instruction],
  );
}
