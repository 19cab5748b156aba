import type { Json } from '../contract/json.ts';
import type { Queryable } from '../journal/database.ts';
import type { Problem } from './problem.ts';

/** What a route answers; sent by the app, which adds ETag, headers and the problem's media type. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Asked {
  /** Decoded parts of the path, by name. */
  readonly params: Readonly<Record<string, string>>;
  /** Query parameters; a repeated one is refused before it gets here. */
  readonly query: Readonly<Record<string, string>>;
  readonly path: string;
}

/** Reads only. `query` lists the parameters it takes; any other is refused. */
export interface GetRoute {
  readonly method: 'get';
  /** As express and OpenAPI both read it: `/v1/listings/:id`. */
  readonly path: string;
  readonly query: readonly string[];
  answer(asked: Asked): Promise<Answer>;
}

/**
 * Has an effect, once for each Idempotency-Key: the effect and the answer kept for repeats are one transaction.
 * An answer of 400 or more must not have changed anything; it is not kept.
 */
export interface PostRoute {
  readonly method: 'post';
  readonly path: string;
  /** Whether it takes the operator's token. */
  readonly operator: boolean;
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
