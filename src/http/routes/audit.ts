import { createHash } from 'node:crypto';
import { type ActRecord, listActs } from '../../journal/audit.ts';
import { pageAnswer, readPaging } from '../paging.ts';
import type { Parts } from '../parts.ts';
import { requestProblem } from '../problem.ts';
import { type Route, turnedDown } from '../route.ts';

const FILTERS = ['actor', 'act', 'subject'] as const;

/** Who did what, when: each act with its exact bytes, chained to the one before by `prev`. */
export function auditRoutes(parts: Parts): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/v1/audit',
      query: ['limit', 'cursor', 'order', ...FILTERS],
      answer: async (asked, view) => {
        const filter: { [Name in (typeof FILTERS)[number]]?: string } = {};
        for (const name of FILTERS) {
          const value = asked.query[name];
          if (value === undefined) continue;
          if (!/^[!-~ ]{1,256}$/.test(value)) return turnedDown(requestProblem('bad-query', `#query/${name}`, '1–256'));
          filter[name] = value;
        }
        const request = readPaging(asked, parts);
        if ('code' in request) return turnedDown(request);
        const { after, limit, order } = request;
        const wanted = { limit, order, ...(after === undefined ? {} : { afterNo: BigInt(after.id) }) };
        const page = await view((connection) => listActs(connection, filter, wanted));
        return pageAnswer(asked, page, parts, shown);
      },
    },
  ];
}

function shown({ no, bytes }: ActRecord) {
  const { at, actor, role, act, subject, detail, prev } = JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
  const digest = createHash('sha256').update(bytes).digest('hex');
  return { no: no.toString(), at, actor, role, act, subject, detail, prev, digest, bytes: bytes.toString('base64') };
}
