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
  answer(asked: Asked & { readonly body: Json; readonly at: Date }, connection: Queryable): Promise<Answer>;
}

export type Route = GetRoute | PostRoute;

export function ok(body: unknown, headers?: Readonly<Record<string, string>>): Answer {
  return headers === undefined ? { status: 200, body } : { status: 200, body, headers };
}

export function turnedDown(problem: Problem): Answer {
  return { status: problem.status, body: problem };
}
