import { type LocalTrustList, type TrustListFault, trustFault } from './trust-list.ts';
import type { LinkRecord, TrustRecord } from './trust-list-records.ts';

/** Why `next` may not come into force after `previous`; undefined when it may. */
export function successionFault(next: LocalTrustList, previous: LocalTrustList): TrustListFault | undefined {
  if (next.version < previous.version) {
    return trustFault('list-rolled-back', '/version', `${next.version} < ${previous.version}`);
  }
  if (next.version === previous.version) {
    return next.sha256 === previous.sha256 ? undefined : trustFault('list-forked', '/version', String(next.version));
  }
  if (next.version > previous.version + 1) {
    return trustFault('list-gap', '/version', `${previous.version} … ${next.version}`);
  }
  if (next.payload.prev !== previous.sha256) return trustFault('list-unchained', '/prev');
  if (Date.parse(next.payload.issuedAt) < Date.parse(previous.payload.issuedAt)) {
    return trustFault('past-rewritten', '/issuedAt');
  }
  for (const part of ['entries', 'links'] as const) {
    const now = new Map(next.payload[part].map((record) => [record.kid, record]));
    for (const before of previous.payload[part]) {
      if (!keepsThePast(before, now.get(before.kid), Date.parse(next.payload.issuedAt))) {
        return trustFault('past-rewritten', `/${part}`, before.kid);
      }
    }
  }
  return undefined;
}

/** A key may be ended or revoked from the version's own moment on; nothing else about it may change. */
function keepsThePast(
  before: TrustRecord | LinkRecord,
  now: TrustRecord | LinkRecord | undefined,
  issuedAtMs: number,
): boolean {
  if (now === undefined) return false;
  for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
    if (name === 'notAfter' || name === 'status' || name === 'revokedAt') continue;
    const [one, other] = [before, now].map((record) => JSON.stringify(record[name as keyof typeof record]));
    if (one !== other) return false;
  }
  const ends = now.notAfter === before.notAfter || Date.parse(now.notAfter) >= issuedAtMs;
  const longer = Date.parse(now.notAfter) > Date.parse(before.notAfter);
  if (before.status === 'revoked') return now.status === 'revoked' && now.revokedAt === before.revokedAt && !longer;
  return ends && !longer && (now.revokedAt === undefined || Date.parse(now.revokedAt) >= issuedAtMs);
}
