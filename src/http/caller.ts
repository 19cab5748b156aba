import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Actor, NOBODY } from '../access/actor.ts';
import { csrfOf } from '../access/tokens.ts';
import { readCookie } from './cookies.ts';
import type { Parts } from './parts.ts';
import type { Permit } from './permits.ts';
import { type Problem, requestProblem } from './problem.ts';

/** Who asks. */
export interface Caller {
  readonly actor: Actor;
  /** What it showed; absent for nobody. */
  readonly token: string | undefined;
  /** It came by cookie, from a browser: then only who knows the CSRF token may have an effect. */
  readonly byCookie: boolean;
}

/** Finds out who asks and whether they may; before a byte of the body is read. */
export async function admit(
  request: IncomingMessage,
  permit: Permit,
  { access, publicUrl }: Pick<Parts, 'access' | 'publicUrl'>,
): Promise<Caller | Problem> {
  if (permit === 'anybody') return { actor: NOBODY, token: undefined, byCookie: false };
  const shown = tokenOf(request, publicUrl);
  const actor = shown === undefined ? undefined : await access.sessions.actorOf(shown.token);
  if (shown === undefined || actor === undefined) return requestProblem('unauthorised', '#header/authorization');
  if (!permit.some((role) => role === actor.role)) {
    return requestProblem('forbidden', '', `${actor.role}; ${permit.join(', ')}`);
  }
  if (shown.byCookie && request.method !== 'GET' && request.method !== 'HEAD' && !knowsCsrf(request, shown.token)) {
    return requestProblem('csrf-missing', '#header/x-csrf-token');
  }
  return { actor, ...shown };
}

function tokenOf(
  request: IncomingMessage,
  publicUrl: string | undefined,
): { readonly token: string; readonly byCookie: boolean } | undefined {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    // Node keeps the first of several, a proxy before us may go by the last.
    if (request.headersDistinct.authorization?.length !== 1) return undefined;
    // A header that is no bearer token does not fall back to the cookie: one request has one sender.
    const token = /^Bearer ([!-~]{1,1024})$/i.exec(authorization)?.[1];
    return token === undefined ? undefined : { token, byCookie: false };
  }
  const token = readCookie(request, 'session', publicUrl);
  return token === undefined ? undefined : { token, byCookie: true };
}

function knowsCsrf(request: IncomingMessage, token: string): boolean {
  const given = request.headers['x-csrf-token'];
  return typeof given === 'string' && timingSafeEqual(digest(given), digest(csrfOf(token)));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
