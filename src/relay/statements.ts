import { createHash } from 'node:crypto';
import type { Adapter, Link } from '../contract/adapter.ts';
import type { Statement } from '../contract/message.ts';
import type { Checked } from '../contract/refusal.ts';
import { type Database, transaction } from '../journal/database.ts';
import { recordMessages } from '../journal/record.ts';
import { lockStreams, saveHeads } from '../journal/streams.ts';
import type { RuleDesk } from './rule-desk.ts';
import { type Seals, seal } from './seal.ts';

export interface StatementParts {
  readonly database: Database;
  readonly seals: Seals;
  rules(): RuleDesk;
  nowMs(): number;
  newId(): string;
}

/** One exchange's books as they came. */
export interface TakenStatement {
  readonly statement: Checked<Statement>;
  /** Pages joined by LF. */
  readonly bytes: Buffer;
  /** The id under which they are journaled; absent where they are no statement. */
  readonly message?: string;
}

/**
 * Fetches one exchange's books for a business day and journals them as its statement to the gateway, with the bytes
 * as they came. Whether they agree with the journal is for clearing to say.
 */
export async function takeStatement(
  adapter: Adapter,
  link: Link,
  date: string,
  parts: StatementParts,
): Promise<TakenStatement> {
  const pages = await link.fetchStatement(date);
  const bytes = Buffer.concat(pages.flatMap((page, i) => (i === 0 ? [page] : [Buffer.from('\n'), page])));
  const decoded = adapter.decodeStatement(pages);
  if (!decoded.ok) return { statement: decoded, bytes };
  const { exchange } = adapter;
  const id = parts.newId();
  const stream = `statement/${exchange}`;
  await transaction(parts.database, async (connection) => {
    const atMs = parts.nowMs();
    const streams = await lockStreams(connection, [{ issuer: exchange, name: stream }]);
    const head = streams.head(exchange, stream);
    const row = await seal(
      {
        id,
        kind: 'statement',
        issuer: exchange,
        audience: ['qiao'],
        stream,
        subject: `${stream}/${date}`,
        payload: decoded.value,
        rulebook: parts.rules().citation(exchange, atMs),
        atMs,
        sentToUs: true,
        native: { bytes, digest: createHash('sha256').update(bytes).digest('hex'), proof: '' },
      },
      head,
      parts.seals,
    );
    await recordMessages(connection, [row]);
    await saveHeads(connection, [{ issuer: exchange, name: stream, head }]);
  });
  return { statement: decoded, bytes, message: id };
}
