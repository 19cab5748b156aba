import { createHash } from 'node:crypto';
import type { Adapter, Link } from '../contract/adapter.ts';
import type { Statement } from '../contract/message.ts';
import type { Checked } from '../contract/refusal.ts';
import { type Database, transaction } from '../journal/database.ts';
import { type SayParts, say } from './say.ts';

export interface StatementParts extends SayParts {
  readonly database: Database;
  nowMs(): number;
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
  const stream = `statement/${exchange}`;
  const message = await transaction(parts.database, (connection) =>
    say(
      connection,
      {
        kind: 'statement',
        issuer: exchange,
        audience: ['qiao'],
        stream,
        subject: `${stream}/${date}`,
        payload: decoded.value,
        cites: exchange,
        sentToUs: true,
        native: { bytes, digest: createHash('sha256').update(bytes).digest('hex'), proof: '' },
      },
      parts.nowMs(),
      parts,
    ),
  );
  return { statement: decoded, bytes, message };
}
