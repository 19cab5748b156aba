import type { Page, PageRequest } from '../journal/pages.ts';
import { readCursor, writeCursor } from './cursor.ts';
import type { Parts } from './parts.ts';
import { type Problem, requestProblem } from './problem.ts';
import { type Answer, type Asked, ok, turnedDown } from './route.ts';

/** What every list takes besides its filters. */
export const PAGING = ['limit', 'cursor', 'order'] as const;

type Pager = Pick<Parts, 'cursorKey' | 'limits'>;

/** The page asked for, or what is wrong with the question. */
export function readPaging(asked: Asked, { cursorKey, limits }: Pager): PageRequest | Problem {
  const { limit = String(limits.pageDefault), order = 'oldest', cursor } = asked.query;
  const rows = /^[1-9]\d{0,5}$/.test(limit) ? Number(limit) : 0;
  if (rows < 1 || rows > limits.pageLimit) {
    return requestProblem('bad-query', '#query/limit', `1–${limits.pageLimit}`);
  }
  if (order !== 'oldest' && order !== 'newest') return requestProblem('bad-query', '#query/order', 'oldest, newest');
  if (cursor === undefined) return { order, limit: rows };
  const after = readCursor(cursorKey, scopeOf(asked), cursor);
  return after === undefined ? requestProblem('bad-cursor', '#query/cursor') : { order, limit: rows, after };
}

/** One page as JSON, with the way to the next one in the body and in `Link` (RFC 8288). */
export function pageAnswer<Row>(asked: Asked, page: Page<Row>, pager: Pager, show: (row: Row) => unknown): Answer {
  const items = page.rows.map(show);
  if (page.next === undefined) return ok({ items });
  const cursor = writeCursor(pager.cursorKey, scopeOf(asked), page.next);
  const next = `${asked.path}?${new URLSearchParams({ ...asked.query, cursor })}`;
  return ok({ items, next: cursor }, { link: `<${next}>; rel="next"` });
}

/** A page out of rows of which one too many was read, each with an id by which the next page is found. */
export function cutPage<Row>(
  asked: Asked,
  rows: readonly Row[],
  limit: number,
  pager: Pager,
  idOf: (row: Row) => string,
  show: (row: Row) => unknown,
): Answer {
  const kept = rows.slice(0, limit);
  const next = rows.length > limit ? { next: { at: '', id: idOf(kept.at(-1)!) } } : {};
  return pageAnswer(asked, { rows: kept, ...next }, pager, show);
}

/** Reads paging, then answers with the page that `read` gives. */
export async function paged<Row>(
  asked: Asked,
  pager: Pager,
  read: (request: PageRequest) => Promise<Page<Row>>,
  show: (row: Row) => unknown,
): Promise<Answer> {
  const request = readPaging(asked, pager);
  return 'code' in request ? turnedDown(request) : pageAnswer(asked, await read(request), pager, show);
}

/** A cursor holds for one list with one set of filters and one order; the page's length may change. */
function scopeOf({ path, query }: Asked): string {
  const filters = Object.entries(query).filter(([name]) => name !== 'cursor' && name !== 'limit');
  return JSON.stringify([path, filters.sort(([a], [b]) => (a < b ? -1 : 1))]);
}
