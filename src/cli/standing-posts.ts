import { openStandingBook } from '../clearing/standing-book.ts';
import { compareSides, type SidesCompared } from '../clearing/standing-compare.ts';
import { openStandingLine } from '../clearing/standing-line.ts';
import { type StartedPost, startStandingPost } from '../clearing/standing-post.ts';
import type { StandingSide } from '../clearing/standing-side.ts';
import type { Limits } from '../config-limits.ts';
import type { Adapter } from '../contract/adapter.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { Log } from '../gateway.ts';
import type { KeyStore } from '../trust/keystore.ts';
import { openTls, type TlsSide } from '../trust/tls.ts';
import { tlsMaterialOf } from '../trust/tls-material.ts';

/** An exchange's own books, and the certificates it shows. */
export interface OwnBooks {
  readonly adapter: Pick<Adapter, 'exchange' | 'readStatement'>;
  /** As they are at this moment: the statements of the business days from `since` on, in its own form. */
  books(since: string): AsyncIterable<AsyncIterable<Uint8Array>>;
  readonly keys: KeyStore;
  readonly limits: Limits;
  nowMs(): number;
}

export interface OwnPost extends OwnBooks {
  readonly host: string;
  readonly port: number;
  /** Without TLS. */
  readonly plain: boolean;
  readonly log: Log;
}

/** Starts an exchange's standing post from its key store, which it follows while it runs. @throws KeyProblem */
export async function startOwnPost(own: OwnPost): Promise<StartedPost> {
  const { adapter, keys, host, port, plain, limits, log } = own;
  const { exchange } = adapter;
  const tls = plain ? undefined : tlsOf(own, (fault) => log('warn', 'standing-peer-refused', { exchange, ...fault }));
  const post = await startStandingPost({
    exchange,
    side: sideOf(own),
    host,
    port,
    ...(tls === undefined ? {} : { tls }),
    limits: {
      cells: limits.standingCells,
      rows: limits.standingRows,
      bodyBytes: limits.standingBodyBytes,
      requestTimeoutMs: limits.headersTimeoutMs,
      connections: limits.standingConnections,
    },
    log: (level, event, fields) => log(level, event, { exchange, ...fields }),
  });
  if (tls === undefined) return post;
  const forget = keys.trust.onChange(() => {
    try {
      tls.renew(tlsMaterialOf(keys, exchange));
    } catch (error) {
      log('error', 'tls-not-renewed', { exchange, error });
    }
  });
  const timer = setInterval(() => {
    keys.refresh();
    tls.recheck();
  }, limits.peerCheckMs);
  return {
    ...post,
    close: async () => {
      forget();
      clearInterval(timer);
      await post.close();
    },
  };
}

/**
 * Compares an exchange's books with another's on the terms of the deals between them, without the gateway and under a
 * secret it does not know. @throws what a silent side throws
 */
export async function compareOwn(
  own: OwnBooks & {
    readonly other: Exchange;
    readonly url: string;
    readonly since: string;
    readonly secret: Uint8Array;
  },
): Promise<SidesCompared> {
  const { adapter, other, url, since, secret, limits } = own;
  const tls = url.startsWith('https:') ? tlsOf(own, () => {}) : undefined;
  const bounds = { timeoutMs: limits.standingTimeoutMs, answerBytes: limits.standingAnswerBytes };
  const line = openStandingLine(url, bounds, tls?.port(other));
  const set = { secret, since, form: 'terms' as const };
  try {
    return await compareSides(
      { side: sideOf(own), set: { ...set, counter: other } },
      { side: line, set: { ...set, counter: adapter.exchange } },
      { cells: limits.standingCells, rows: limits.standingRows },
    );
  } finally {
    line.close();
  }
}

/** The posts of all exchanges on loopback, behind mutual TLS. */
export async function openPosts(
  of: readonly Pick<OwnPost, 'adapter' | 'books'>[],
  ground: Pick<OwnPost, 'keys' | 'limits' | 'log' | 'nowMs'>,
): Promise<{ readonly urls: Readonly<Record<Exchange, string>>; stop(): Promise<void> }> {
  const posts: StartedPost[] = [];
  const urls = {} as Record<Exchange, string>;
  for (const one of of) {
    const post = await startOwnPost({ ...one, ...ground, host: '127.0.0.1', port: 0, plain: false });
    posts.push(post);
    urls[one.adapter.exchange] = post.url;
  }
  return { urls, stop: async () => void (await Promise.all(posts.map((post) => post.close()))) };
}

/** Statements page by page → each as one run of bytes, its pages joined by line feeds as they are journaled. */
export async function* joinedPages(statements: readonly (readonly Uint8Array[])[]) {
  for (const pages of statements) yield joined(pages);
}

async function* joined(pages: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, void> {
  for (const [i, page] of pages.entries()) {
    if (i > 0) yield Buffer.from('\n');
    yield page;
  }
}

function sideOf({ adapter, books, limits }: OwnBooks): StandingSide {
  return openStandingBook({
    exchange: adapter.exchange,
    read: async function* (since) {
      for await (const statement of books(since)) yield adapter.readStatement(statement);
    },
    cells: limits.standingCells,
    sets: limits.standingSets,
  });
}

function tlsOf({ adapter, keys, nowMs }: OwnBooks, refused: (fault: Record<string, unknown>) => void): TlsSide {
  return openTls(tlsMaterialOf(keys, adapter.exchange), {
    sm2: keys.sm2,
    nowMs,
    refused: (_, why) => refused({ fault: why.fault }),
    failed: (error) => refused({ error }),
  });
}
