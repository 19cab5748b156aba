import { randomUUID } from 'node:crypto';
import type { Queryable } from '../../src/journal/database.ts';
import { type MessageRow, recordMessages } from '../../src/journal/record.ts';

/** A row of the journal as the relay would leave it, with bytes of no meaning: the log looks at nothing but bytes. */
export function messageRow(stream: string, seq: number, envelope = randomUUID()): MessageRow {
  return {
    id: randomUUID(),
    kind: 'listing',
    issuer: 'ctex',
    stream,
    seq,
    subject: stream,
    envelope: Buffer.from(`envelope ${envelope}`),
    native: seq % 2 === 0 ? Buffer.from('native 桥') : null,
    proof: seq % 2 === 0 ? 'proof 桥' : null,
    received: Buffer.from('received'),
    atMs: Date.parse('2026-03-02T09:30:00.123+08:00') + seq,
  };
}

/** Appends messages to one stream, from `seq` on. */
export async function keepMessages(connection: Queryable, stream: string, count: number, seq = 1): Promise<void> {
  await recordMessages(
    connection,
    Array.from({ length: count }, (_, i) => messageRow(stream, seq + i)),
  );
}
