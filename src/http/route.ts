import type { Json } from '../contract/json.ts';
import type { Queryable } from '../journal/database.ts';
import type { Caller } from './caller.ts';
import type { CookieName } from './cookies.ts';
import type { Problem } from './problem.ts';

/** What a route answers; sent by the app, which adds ETag, headers and the problem's media type. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** What a repeat of the request gets instead of the body: the same without what is shown only once. */
  readonly kept?: unknown;
  /** Done in the background once the effect stands. */
  readonly afterwards?: () => Promise<unknown>;
  /** A file instead of the body. */
  readonly file?: { readonly name: string; readonly type: string; readonly bytes: Uint8Array };
  /** Strong entity tag, without quotation marks, of a thing that is changed by it; otherwise that of the bytes. */
  readonly tag?: string;
}

export interface Asked {
  readonly caller: Caller;
  /** Decoded parts of the path, by name. */
  readonly params: Readonly<Record<string, string>>;
  /** Query parameters; a repeated one is refused before it gets here. */
  readonly query: Readonly<Record<string, string>>;
  readonly path: string;
  /** A cookie of ours, if the browser sent it once. */
  cookie(name: CookieName): string | undefined;
}

/** Runs statements as the caller: only the rows that the caller may see are there (src/journal/viewing.ts). */
export type View = <Result>(read: (connection: Queryable) => Promise<Result>) => Promise<Result>;

/** Reads only. `query` lists the parameters it takes; any other is refused. Who may ask stands in permits.ts. */
export interface GetRoute {
  readonly method: 'get';
  /** As express and OpenAPI both read it: `/v1/listings/:id`. */
  readonly path: string;
  readonly query: readonly string[];
  answer(asked: Asked, view: View): Promise<Answer>;
}

/**
 * Has an effect, once for each Idempotency-Key: the effect and the answer kept for repeats are one transaction.
 * An answer of 400 or more must not have changed anything; it is not kept.
 * Without a key the connection is no transaction: the route opens its own.
 */
export interface PostRoute {
  readonly method: 'post';
  readonly path: string;
  /** False: it takes no Idempotency-Key and keeps no answer, for its answer is a secret and a repeat does no harm. */
  readonly keyed: boolean;
  /** Whether it takes a JSON body. */
  readonly body: boolean;
  /** It changes something as the caller has seen it: If-Match is required, and handed over. */
  readonly matched?: true;
  answer(asked: Posted, connection: Queryable): Promise<Answer>;
}

export interface Posted extends Asked {
  readonly body: Json;
  readonly at: Date;
  /** The entity tag of If-Match, without quotation marks; empty where the route needs none. */
  readonly tag: string;
}

/**
 * Takes a file, of any length, which is put on disk first. It is no part of the transaction that keeps the answer: the
 * effect must be one that happens once by itself.
 */
export interface FileRoute extends Omit<PostRoute, 'answer' | 'keyed' | 'body' | 'matched'> {
  readonly keyed: true;
  readonly body: 'file';
  /** Media types it takes. */
  readonly takes: readonly string[];
  readonly maxBytes: number;
  answer(asked: Posted & { readonly file: TakenFile }, connection: Queryable): Promise<Answer>;
}

export interface TakenFile {
  readonly type: string;
  /** Of Content-Disposition; empty where it names none. */
  readonly name: string;
  /** SHA-256, hex. */
  readonly sha256: string;
  readonly length: number;
  read(): AsyncIterable<Uint8Array>;
}

/** Stays open: server-sent events. */
export interface LiveRoute extends Omit<GetRoute, 'answer'> {
  readonly live: true;
}

export type Route = GetRoute | PostRoute | FileRoute | LiveRoute;

export function ok(body: unknown, headers?: Readonly<Record<string, string>>): Answer {
  return headers === undefined ? { status: 200, body } : { status: 200, body, headers };
}

export function turnedDown(problem: Problem): Answer {
  return { status: problem.status, body: problem };
}
