import { exchanges } from '../../contract/exchange.ts';
import { recordAct } from '../../journal/audit.ts';
import { listDeadLetters } from '../../journal/message-reads.ts';
import { readFilters } from '../filters.ts';
import { pageAnswer, readPaging } from '../paging.ts';
import type { Parts } from '../parts.ts';
import { requestProblem } from '../problem.ts';
import { type Route, turnedDown } from '../route.ts';
import { deliveryShown } from './messages.ts';

/** What could not be delivered and waits for a person. */
export function deadLetterRoutes(parts: Parts): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/v1/dead-letters',
      query: ['limit', 'cursor', 'exchange'],
      answer: async (asked, view) => {
        const read = readFilters(asked, { exchange: exchanges });
        if ('code' in read) return turnedDown(read);
        const request = readPaging(asked, parts);
        if ('code' in request) return turnedDown(request);
        const { after, limit } = request;
        const wanted = { limit, ...(after === undefined ? {} : { afterNo: BigInt(after.id) }) };
        const page = await view((connection) => listDeadLetters(connection, read.filter, wanted));
        return pageAnswer(asked, page, parts, deliveryShown);
      },
    },
    {
      method: 'post',
      path: '/v1/dead-letters/:id/redrive',
      keyed: true,
      body: false,
      answer: async ({ params, caller, at }, connection) => {
        const id = params.id ?? '';
        const no = /^[1-9]\d{0,17}$/.test(id) ? BigInt(id) : undefined;
        const redriven = no !== undefined && (await parts.redrive(connection, no, at));
        if (!redriven) return turnedDown(requestProblem('not-found', '', id.slice(0, 80)));
        const { name: actor, role } = caller.actor;
        await recordAct(connection, { actor, role, act: 'delivery-redriven', subject: `delivery/${id}`, at });
        return { status: 202, body: { id, state: 'waiting' } };
      },
    },
  ];
}
