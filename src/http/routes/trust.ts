import { instantAt } from '../../contract/dates.ts';
import type { Expiry } from '../../trust/expiry.ts';
import type { LinkRecord, TrustRecord } from '../../trust/trust-list-records.ts';
import type { Parts } from '../parts.ts';
import { ok, type Route } from '../route.ts';

/** The trust list in force, how long each key in it still lasts, and what somebody has to renew. Public keys only. */
export function trustRoutes(parts: Parts): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/v1/trust',
      query: [],
      answer: async () => {
        const { list, expiries, refused } = parts.trust();
        const daysLeft = new Map(expiries.map((one) => [one.kid, one.daysLeft]));
        const line = (record: TrustRecord | LinkRecord) => ({
          kid: record.kid,
          alg: record.alg,
          notBefore: record.notBefore,
          notAfter: record.notAfter,
          status: record.status,
          revokedAt: record.revokedAt ?? null,
          daysLeft: daysLeft.get(record.kid) ?? null,
          spki: record.spki,
        });
        return ok({
          version: list.version,
          issuedAt: list.payload.issuedAt,
          sha256: list.sha256,
          operators: list.operators,
          entries: list.records.map((record) => ({ participant: record.participant, ...line(record) })),
          links: list.links.map((link) => ({ exchange: link.exchange, side: link.side, ...line(link) })),
          certificates: expiries.filter(({ kind }) => kind === 'tls-certificate').map(certificate),
          warnings: expiries.flatMap(warning),
          refused: refused === undefined ? null : { since: instantAt(refused.sinceMs), faults: refused.faults },
        });
      },
    },
  ];
}

function certificate({ kid, participant, notAfterMs, daysLeft }: Expiry) {
  return { kid, participant, notAfter: instantAt(notAfterMs), daysLeft };
}

const KINDS = {
  'envelope-key': ['信封密钥', 'envelope key'],
  'link-key': ['接口密钥', 'key of a link'],
  'tls-certificate': ['TLS 证书', 'TLS certificate'],
  'revocation-list': ['吊销列表', 'revocation list'],
} as const satisfies Record<Expiry['kind'], readonly [zh: string, en: string]>;

function warning({ kid, kind, participant, notAfterMs, daysLeft, warning: days }: Expiry) {
  if (days === undefined) return [];
  const [zh, en] = KINDS[kind];
  const at = instantAt(notAfterMs);
  const said =
    days === 0
      ? { zh: `${participant} 的${zh}已于 ${at} 到期`, en: `the ${en} of ${participant} ended at ${at}` }
      : {
          zh: `${participant} 的${zh}将在 ${days} 天内到期：${at}`,
          en: `the ${en} of ${participant} ends within ${days} days: ${at}`,
        };
  return [{ kid, kind, participant, notAfter: at, daysLeft, withinDays: days, ...said }];
}
