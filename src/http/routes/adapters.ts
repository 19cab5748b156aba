import { dateAt, instantAt } from '../../contract/dates.ts';
import { exchangeNames } from '../../contract/exchange.ts';
import { inForce, type Rulebook } from '../../rules/rulebook.ts';
import type { Parts } from '../parts.ts';
import { ok, type Route } from '../route.ts';

/** How each exchange is reached, under which rules it stands, and what those rules let through. */
export function adapterRoutes(parts: Parts): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/v1/adapters',
      query: [],
      answer: async () => {
        const today = dateAt(parts.nowMs());
        const items = parts.links.map(({ exchange, state }) => {
          const { up, lastHeardAtMs, detail } = state();
          const books = parts.rulebooks(exchange);
          const book = inForce(books, today);
          return {
            exchange,
            name: exchangeNames[exchange],
            link: { up, lastHeardAt: lastHeardAtMs === undefined ? null : instantAt(lastHeardAtMs), detail },
            rulebook: book === undefined ? null : cited(book),
            rulebooks: [...books].sort((a, b) => a.version - b.version).map(cited),
            capabilities: book === undefined ? null : capabilitiesOf(book, today),
          };
        });
        return ok({ items });
      },
    },
  ];
}

function cited({ version, from, to, sha256, title }: Rulebook) {
  return { version, from, to: to ?? null, sha256, title };
}

/** What of a listing the rulebook names by code; conditions and amounts are for `POST /v1/decisions`. */
const CAPABILITIES = ['regimes', 'modes', 'object-types', 'deal-types', 'price-kinds', 'instalments'];

function capabilitiesOf({ document }: Rulebook, date: string) {
  const clauses = document.clauses.filter(
    ({ dimension, when, from, to }) =>
      CAPABILITIES.includes(dimension) && when === undefined && from <= date && (to === undefined || date <= to),
  );
  return clauses.map(({ dimension, value, id, provenance }) => ({ dimension, value, clause: id, provenance }));
}
