import { exchanges } from '../../contract/exchange.ts';
import { yuan } from '../../contract/money.ts';
import { type DealLine, listDeals, readDeal } from '../../journal/deal-reads.ts';
import type { PageRequest } from '../../journal/pages.ts';
import { type Allowed, isId, readFilters } from '../filters.ts';
import { PAGING, paged } from '../paging.ts';
import type { Parts } from '../parts.ts';
import { requestProblem } from '../problem.ts';
import { ok, type Route, turnedDown } from '../route.ts';

const STATUSES = ['concluded', 'confirmed', 'funded', 'certified', 'ip-recorded', 'registered', 'settled'];
const FILTERS: Record<'home' | 'host' | 'status' | 'listing', Allowed> = {
  home: exchanges,
  host: exchanges,
  status: [...STATUSES, 'cancelled', 'reversed'],
  listing: 'id',
};

/** Deals: what was agreed, at which price, how far it has come. */
export function dealRoutes(parts: Parts): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/v1/deals',
      query: [...PAGING, ...Object.keys(FILTERS)],
      answer: async (asked, view) => {
        const read = readFilters(asked, FILTERS);
        if ('code' in read) return turnedDown(read);
        const page = (request: PageRequest) => view((connection) => listDeals(connection, read.filter, request));
        return await paged(asked, parts, page, shown);
      },
    },
    {
      method: 'get',
      path: '/v1/deals/:id',
      query: [],
      answer: async ({ params }, view) => {
        const id = params.id ?? '';
        const record = isId(id) ? await view((connection) => readDeal(connection, id)) : undefined;
        if (record === undefined) return turnedDown(requestProblem('not-found', '', id.slice(0, 80)));
        const { cosigned, content, numbers, funds } = record;
        return ok({
          ...shown(record),
          cosigned: cosigned === null ? null : cosigned.toString('base64'),
          content,
          numbers,
          funds: funds.map(({ amountFen, ...rest }) => ({ ...rest, amount: yuan(amountFen) })),
        });
      },
    },
  ];
}

function shown(line: DealLine) {
  const { id, version, listing, home, host, status, priceFen, dueFen, paidFen, message, confirmation, updatedAt } =
    line;
  return {
    id,
    version,
    listing,
    home,
    host,
    status,
    price: yuan(priceFen),
    due: yuan(dueFen),
    paid: yuan(paidFen),
    message,
    confirmation,
    updatedAt,
  };
}
