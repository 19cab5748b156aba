import type { IncomingMessage } from 'node:http';

/**
 * - `session`: sent by our own pages only, whatever links there are elsewhere (SameSite=Strict)
 * - `departure`: kept on the way to the OpenID provider and back, so it must come along from there (Lax)
 */
const SAME_SITE = { session: 'Strict', departure: 'Lax' } as const;
export type CookieName = keyof typeof SAME_SITE;

/**
 * Over https the name begins with `__Host-`: browsers then take the cookie only with Secure, for this host and from
 * it. Over plain http (a trial on this machine) browsers would refuse both.
 */
function nameOf(name: CookieName, publicUrl: string | undefined): string {
  return publicUrl?.startsWith('https:') ? `__Host-qiao-${name}` : `qiao-${name}`;
}

/** `Set-Cookie`; a `maxAgeS` of 0 removes it. */
export function writeCookie(name: CookieName, value: string, maxAgeS: number, publicUrl: string | undefined): string {
  const secure = publicUrl?.startsWith('https:') ? '; Secure' : '';
  return `${nameOf(name, publicUrl)}=${value}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=${SAME_SITE[name]}${secure}`;
}

/** The value, if the cookie is there exactly once. */
export function readCookie(
  request: IncomingMessage,
  name: CookieName,
  publicUrl: string | undefined,
): string | undefined {
  const wanted = `${nameOf(name, publicUrl)}=`;
  const found = (request.headers.cookie ?? '')
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one.startsWith(wanted));
  return found.length === 1 ? found[0]!.slice(wanted.length) : undefined;
}
