import { exchanges } from '../../contract/exchange.ts';
import { type ListingRecord, listListings, readListing } from '../../journal/listing-reads.ts';
import { type Allowed, isId, readFilters } from '../filters.ts';
import { PAGING, paged } from '../paging.ts';
import type { Parts } from '../parts.ts';
import { requestProblem } from '../problem.ts';
import { ok, type Route, turnedDown } from '../route.ts';

const FILTERS = {
  home: exchanges,
  status: ['published', 'suspended', 'withdrawn', 'closed'],
  host: exchanges,
  verdict: ['relay', 'relay-with-terms', 'hold', 'refuse'],
} as const satisfies Record<string, Allowed>;

/** Listings: what was offered, where it is shown, and why not elsewhere. */
export function listingRoutes(parts: Parts): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/v1/listings',
      query: [...PAGING, ...Object.keys(FILTERS)],
      answer: async (asked, view) => {
        const read = readFilters(asked, FILTERS);
        if ('code' in read) return turnedDown(read);
        return await paged(
          asked,
          parts,
          (request) => view((connection) => listListings(connection, read.filter, request)),
          ({ id, home, version, status, title, mode, hosts, decisions, message, updatedAt }) => ({
            id,
            home,
            version,
            status,
            title,
            mode,
            hosts,
            decisions,
            message,
            updatedAt,
          }),
        );
      },
    },
    {
      method: 'get',
      path: '/v1/listings/:id',
      query: [],
      answer: async ({ params }, view) => {
        const id = params.id ?? '';
        const record: ListingRecord | undefined = isId(id)
          ? await view((connection) => readListing(connection, id))
          : undefined;
        return record === undefined ? turnedDown(requestProblem('not-found', '', id.slice(0, 80))) : ok(record);
      },
    },
  ];
}
