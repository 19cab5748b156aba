import { exchanges } from '../../contract/exchange.ts';
import { recordAct } from '../../journal/audit.ts';
import { listDeadLetters } from '../../journal/message-reads.ts';
import { approveRedrive, proposeRedrive } from '../../journal/redrive.ts';
import { readFilters } from '../filters.ts';
import { pageAnswer, readPaging } from '../paging.ts';
import type { Parts } from '../parts.ts';
import { refusalProblem, requestProblem } from '../problem.ts';
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
        return pageAnswer(asked, page, parts, (letter) => ({ ...deliveryShown(letter), redrive: letter.redrive }));
      },
    },
    {
      method: 'post',
      path: '/v1/dead-letters/:id/redrive',
      keyed: true,
      body: false,
      answer: async ({ params, caller, at }, connection) => {
        const { name: actor, role } = caller.actor;
        const [id, no] = numberOf(params);
        const proposal = no && (await proposeRedrive(connection, no, { by: actor, at }));
        if (!proposal) return turnedDown(requestProblem('not-found', '', id));
        await recordAct(connection, { actor, role, act: 'redrive-proposed', subject: `delivery/${id}`, at });
        return {
          status: 202,
          body: { id, state: 'dead', redrive: { proposedBy: proposal.by, proposedAt: proposal.at } },
        };
      },
    },
    {
      method: 'post',
      path: '/v1/dead-letters/:id/redrive/approve',
      keyed: true,
      body: false,
      answer: async ({ params, caller, at }, connection) => {
        const { name: actor, role } = caller.actor;
        const [id, no] = numberOf(params);
        const gone = no && (await approveRedrive(connection, no, { by: actor, at }));
        if (!gone) return turnedDown(requestProblem('not-found', '', id));
        if (!gone.ok) return turnedDown(refusalProblem(gone.refusals));
        await recordAct(connection, { actor, role, act: 'delivery-redriven', subject: `delivery/${id}`, at });
        return { status: 202, body: { id, state: 'in-doubt' } };
      },
    },
  ];
}

/** The number in the path as it is shown and as it is; undefined where it is none. */
function numberOf({ id = '' }: Readonly<Record<string, string>>): readonly [string, bigint | undefined] {
  return [id.slice(0, 80), /^[1-9]\d{0,17}$/.test(id) ? BigInt(id) : undefined];
}
