import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits; the first letters say what it opens, so that one found in the wrong place is known for what it is. */
export function newToken(kind: 'session' | 'key'): string {
  return `${PREFIX[kind]}${randomBytes(32).toString('base64url')}`;
}

const PREFIX = { session: 'qs_', key: 'qk_' } as const;

export function kindOf(token: string): 'session' | 'key' | undefined {
  const match = /^(qs_|qk_)[A-Za-z0-9_-]{43}$/.exec(token);
  return match === null ? undefined : match[1] === PREFIX.session ? 'session' : 'key';
}

/** What is kept of a token. It is random through and through, so a plain digest cannot be turned back. */
export function digestOfToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** What a page must send beside a session's cookie: only who can read the session's own answers knows it. */
export function csrfOf(token: string): string {
  return createHash('sha256').update('csrf\n').update(token).digest('base64url');
}
