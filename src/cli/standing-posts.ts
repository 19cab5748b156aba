import { openStandingBook } from '../clearing/standing-book.ts';
import { type StartedPost, startStandingPost } from '../clearing/standing-post.ts';
import type { Limits } from '../config-settings.ts';
import type { Adapter } from '../contract/adapter.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { Log } from '../gateway.ts';
import type { KeyStore } from '../trust/keystore.ts';
import { openTls } from '../trust/tls.ts';
import { tlsMaterialOf } from '../trust/tls-material.ts';

export interface OwnPost {
  readonly adapter: Pick<Adapter, 'exchange' | 'readStatement'>;
  /** Its books at this moment: for each business day from `since` on, a statement in its own form, page by page. */
  books(since: string): readonly (readonly Uint8Array[])[];
  readonly keys: KeyStore;
  readonly host: string;
  readonly port: number;
  readonly limits: Limits;
  readonly log: Log;
  nowMs(): number;
}

/** Starts an exchange's standing post behind mutual TLS, by the certificates of its key store. */
export async function startOwnPost(own: OwnPost): Promise<StartedPost> {
  const { adapter, keys, host, port, limits, log, nowMs } = own;
  const { exchange } = adapter;
  const tls = openTls(tlsMaterialOf(keys, exchange), {
    sm2: keys.sm2,
    nowMs,
    refused: (_, why) => log('warn', 'standing-peer-refused', { exchange, fault: why.fault }),
    failed: (error) => log('warn', 'standing-handshake', { exchange, error }),
  });
  return startStandingPost({
    exchange,
    side: openStandingBook({
      exchange,
      read: (since) => statementsOf(own, since),
      cells: limits.standingCells,
      sets: limits.standingSets,
    }),
    host,
    port,
    tls,
    limits: {
      cells: limits.standingCells,
      rows: limits.standingRows,
      bodyBytes: limits.standingBodyBytes,
      requestTimeoutMs: limits.headersTimeoutMs,
      connections: limits.standingConnections,
    },
    log: (level, event, fields) => log(level, event, { exchange, ...fields }),
  });
}

async function* statementsOf({ adapter, books }: OwnPost, since: string) {
  for (const pages of books(since)) yield adapter.readStatement(lines(pages));
}

/** Pages joined by line feeds, as statements are journaled. */
async function* lines(pages: readonly Uint8Array[]) {
  for (const [i, page] of pages.entries()) {
    if (i > 0) yield Buffer.from('\n');
    yield page;
  }
}

/** Every mock's post, on loopback. */
export async function openPosts(
  of: readonly Pick<OwnPost, 'adapter' | 'books'>[],
  shared: Pick<OwnPost, 'keys' | 'limits' | 'log' | 'nowMs'>,
): Promise<{ readonly urls: Readonly<Record<Exchange, string>>; stop(): Promise<void> }> {
  const posts: StartedPost[] = [];
  const urls = {} as Record<Exchange, string>;
  for (const one of of) {
    const post = await startOwnPost({ ...one, ...shared, host: '127.0.0.1', port: 0 });
    posts.push(post);
    urls[one.adapter.exchange] = post.url;
  }
  return { urls, stop: async () => void (await Promise.all(posts.map((post) => post.close()))) };
}
