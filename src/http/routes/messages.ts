import { openKept } from '../../journal/kept-envelope.ts';
import { type DeliveryRecord, type MessageRecord, readMessage } from '../../journal/message-reads.ts';
import { requestProblem } from '../problem.ts';
import { type Answer, type Asked, ok, type Route, turnedDown, type View } from '../route.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Messages: the exact bytes, who signed them, who has them. Bytes are base64. */
export function messageRoutes(): readonly Route[] {
  const answer =
    (show: (record: MessageRecord) => unknown) =>
    async ({ params }: Asked, view: View): Promise<Answer> => {
      const id = params.id ?? '';
      const record = UUID.test(id) ? await view((connection) => readMessage(connection, id)) : undefined;
      return record === undefined ? turnedDown(requestProblem('not-found', '', id.slice(0, 80))) : ok(show(record));
    };
  return [{ method: 'get', path: '/v1/messages/:id', query: [], answer: answer(shown) }];
}

function shown(record: MessageRecord) {
  const { id, kind, issuer, stream, seq, subject, recordedAt } = record;
  const { header, payload } = openKept(record.envelope);
  return {
    id,
    kind,
    issuer,
    stream,
    seq: Number(seq),
    subject,
    recordedAt,
    envelope: { header, payload, bytes: base64(record.envelope) },
    native: record.native === null ? null : { bytes: base64(record.native), proof: record.proof },
    receipts: receiptsOf(record),
    deliveries: record.deliveries.map(deliveryShown),
  };
}

/** One delivery as JSON; dead letters are shown in the same form. */
export function deliveryShown(delivery: DeliveryRecord) {
  const { no, message, exchange, kind, state, attempts, number, reason, loss, createdAt, finishedAt } = delivery;
  return {
    id: no.toString(),
    message,
    exchange,
    kind,
    state,
    attempts,
    number,
    reason,
    loss: loss ?? [],
    sent: base64(delivery.sent),
    answer: base64(delivery.answer),
    createdAt,
    finishedAt,
  };
}

function receiptsOf(record: MessageRecord) {
  return [
    ...(record.received === null ? [] : [{ receipt: 'received', by: 'qiao', bytes: base64(record.received) }]),
    ...record.receipts.map(({ kind, issuer, bytes }) => ({
      receipt: kind,
      by: issuer,
      bytes: Buffer.from(bytes).toString('base64'),
    })),
  ];
}

function base64(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString('base64');
}
