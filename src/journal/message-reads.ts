import type { Queryable } from './database.ts';
import { Conditions, type Page, pageOf } from './pages.ts';
import type { ReceiptRow } from './receipts.ts';

/** One message of the journal, with the bytes that prove it and what became of it at each recipient. */
export interface MessageRecord {
  readonly id: string;
  readonly kind: string;
  readonly issuer: string;
  readonly stream: string;
  readonly seq: bigint;
  readonly subject: string;
  readonly envelope: Buffer;
  /** The exchange's own bytes it came from, and the exchange's signature over them; null for the gateway's own. */
  readonly native: Buffer | null;
  readonly proof: string | null;
  readonly received: Buffer | null;
  readonly recordedAt: Date;
  readonly deliveries: readonly DeliveryRecord[];
  /** Accepted, refused, settled, cosigned: in the order in which they were recorded. */
  readonly receipts: readonly Omit<ReceiptRow, 'atMs'>[];
}

/** One message on its way to one exchange. */
export interface DeliveryRecord {
  readonly no: bigint;
  readonly message: string;
  readonly exchange: string;
  readonly kind: string;
  readonly state: string;
  readonly attempts: number;
  readonly number: string | null;
  readonly reason: unknown;
  /** What that exchange's messages could not say. */
  readonly loss: unknown;
  readonly sent: Buffer | null;
  readonly answer: Buffer | null;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

const DELIVERY = `no, message, exchange, kind, state, attempts, number, reason, loss, sent, answer,
  created_at as "createdAt", finished_at as "finishedAt"`;

export async function readMessage(connection: Queryable, id: string): Promise<MessageRecord | undefined> {
  const [found, deliveries, receipts] = await Promise.all([
    connection.query<Omit<MessageRecord, 'deliveries'> & Record<string, unknown>>(
      `select id, kind, issuer, stream, seq, subject, envelope, native, proof, received, recorded_at as "recordedAt"
         from message where id = $1`,
      [id],
    ),
    connection.query<DeliveryRecord & Record<string, unknown>>(
      `select ${DELIVERY} from delivery where message = $1 order by no`,
      [id],
    ),
    connection.query<Omit<ReceiptRow, 'atMs'> & Record<string, unknown>>(
      'select message, kind, issuer, recipient, bytes from receipt where message = $1 order by no',
      [id],
    ),
  ]);
  const row = found.rows[0];
  return row === undefined ? undefined : { ...row, deliveries: deliveries.rows, receipts: receipts.rows };
}

/** One that nobody tries any more, and who wants it to be tried again. */
export interface DeadLetter extends DeliveryRecord {
  readonly redrive: { readonly proposedBy: string; readonly proposedAt: string } | null;
}

/** What could not be delivered and waits for a person, oldest first. */
export async function listDeadLetters(
  connection: Queryable,
  filter: { readonly exchange?: string },
  request: { readonly afterNo?: bigint; readonly limit: number },
): Promise<Page<DeadLetter>> {
  const where = new Conditions();
  // A dead letter is open and has failed: so it is indexed (0019_failed_deliveries.sql).
  where.add(`open and reason is not null and state = 'dead'`);
  where.equal('exchange', filter.exchange);
  if (request.afterNo !== undefined) where.add(`no > ${where.bind(request.afterNo)}`);
  const { rows } = await connection.query<DeadLetter & Record<string, unknown>>(
    `select ${DELIVERY}, (
       select json_build_object('proposedBy', proposed_by, 'proposedAt', proposed_at)
         from redrive where redrive.delivery = delivery.no and approved_by is null) as redrive
       from delivery ${where.text()} order by no limit ${where.bind(request.limit + 1)}`,
    where.values,
  );
  return pageOf(rows, request.limit, ({ no }) => ({ at: '', id: no.toString() }));
}

/** How many deliveries are open, dead ones among them, by exchange and state; they are indexed, so it stays cheap. */
export async function countDeliveries(
  connection: Queryable,
): Promise<readonly { readonly exchange: string; readonly state: string; readonly count: bigint }[]> {
  const { rows } = await connection.query<{ exchange: string; state: string; count: bigint }>(
    'select exchange, state, count(*) from delivery where open group by exchange, state',
  );
  return rows;
}
