import { exchanges } from '../contract/exchange.ts';
import type { Queryable } from './database.ts';
import { openKept } from './kept-envelope.ts';
import { Conditions, type Page, type PageRequest, pageOf } from './pages.ts';

/** One line of the list of deals; amounts in fen. */
export interface DealLine {
  readonly id: string;
  readonly version: number;
  readonly listing: string;
  readonly home: string;
  readonly host: string;
  readonly status: string;
  readonly priceFen: bigint;
  /** What must be paid before a certificate, and what has been. */
  readonly dueFen: bigint;
  readonly paidFen: bigint;
  readonly message: string;
  /** The message with the host's co-signature. */
  readonly confirmation: string | null;
  readonly updatedAt: Date;
}

export interface DealFilter {
  readonly home?: string;
  readonly host?: string;
  readonly status?: string;
  readonly listing?: string;
}

export interface DealRecord extends DealLine {
  /** The deal's exact payload under both exchanges' signatures; null while the host has not confirmed. */
  readonly cosigned: Buffer | null;
  readonly content: Readonly<Record<string, unknown>>;
  /** What the exchanges call it. */
  readonly numbers: readonly { readonly exchange: string; readonly number: string }[];
  readonly funds: readonly {
    readonly id: string;
    readonly leg: string;
    readonly amountFen: bigint;
    readonly message: string;
  }[];
}

const LINE = `d.id, d.version, d.listing, d.home, d.host, d.status, d.price_fen as "priceFen", d.due_fen as "dueFen",
  d.paid_fen as "paidFen", d.message, d.confirmation, d.updated_at as "updatedAt"`;

export async function listDeals(
  connection: Queryable,
  filter: DealFilter,
  request: PageRequest,
): Promise<Page<DealLine>> {
  const where = new Conditions();
  where.equal('d.home', filter.home);
  where.equal('d.host', filter.host);
  where.equal('d.status', filter.status);
  where.equal('d.listing', filter.listing);
  where.after(request.after, request.order, 'd.updated_at', 'd.id');
  const direction = request.order === 'oldest' ? 'asc' : 'desc';
  const { rows } = await connection.query<DealLine & { at: string }>(
    `select ${LINE}, d.updated_at::text as at from deal d ${where.text()}
      order by d.updated_at ${direction}, d.id ${direction} limit ${where.bind(request.limit + 1)}`,
    where.values,
  );
  return pageOf(rows, request.limit, ({ at, id }) => ({ at, id }));
}

/** Everything about one deal, or undefined. */
export async function readDeal(connection: Queryable, id: string): Promise<DealRecord | undefined> {
  const [found, numbers, funds] = await Promise.all([
    connection.query<DealLine & { envelope: Buffer; cosigned: Buffer | null }>(
      `select ${LINE}, m.envelope, r.bytes as cosigned
         from deal d join message m on m.id = d.message
         left join receipt r on r.message = d.confirmation and r.kind = 'cosigned' and r.recipient = d.host
        where d.id = $1`,
      [id],
    ),
    connection.query<{ exchange: string; number: string }>(
      `select exchange, number from number where exchange = any($2) and kind = 'deal' and id = $1 order by 1`,
      [id, exchanges],
    ),
    connection.query<DealRecord['funds'][number] & Record<string, unknown>>(
      `select id, leg, amount_fen as "amountFen", message from funds where deal = $1 order by id limit 1000`,
      [id],
    ),
  ]);
  const row = found.rows[0];
  if (row === undefined) return undefined;
  const { envelope, ...line } = row;
  return { ...line, content: openKept(envelope).payload, numbers: numbers.rows, funds: funds.rows };
}
