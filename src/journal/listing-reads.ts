import { exchanges } from '../contract/exchange.ts';
import type { Queryable } from './database.ts';
import { openKept } from './kept-envelope.ts';
import { Conditions, type Page, type PageRequest, pageOf } from './pages.ts';

/** One line of the list of listings. */
export interface ListingLine {
  readonly id: string;
  readonly home: string;
  readonly version: number;
  readonly status: string;
  readonly title: string;
  readonly mode: string;
  readonly hosts: readonly string[];
  /** The decision in force for each host, and the number of the mirror where the host has given one. */
  readonly decisions: readonly { readonly host: string; readonly verdict: string; readonly mirror: string | null }[];
  readonly message: string;
  readonly updatedAt: Date;
}

export interface ListingFilter {
  readonly home?: string;
  readonly status?: string;
  /** A host it was decided for; with `verdict`, the host of that verdict. */
  readonly host?: string;
  /** A decision in force has this verdict. */
  readonly verdict?: string;
}

/** The decision in force for one host. */
export interface DecisionRecord {
  readonly host: string;
  readonly version: number;
  readonly verdict: string;
  readonly recheckOn: string | null;
  readonly message: string;
  readonly decidedAt: Date;
  /** The decision as it was taken, with all its reasons. */
  readonly decision: unknown;
}

export interface ListingRecord extends Omit<ListingLine, 'decisions'> {
  readonly content: Readonly<Record<string, unknown>>;
  readonly mirrors: readonly { readonly host: string; readonly number: string }[];
  readonly decisions: readonly DecisionRecord[];
}

const LINE = `l.id, l.home, l.version, l.status, l.title, l.mode, l.hosts, l.message, l.updated_at as "updatedAt"`;

/** One page of listings; one statement, whatever the page's length. */
export async function listListings(
  connection: Queryable,
  filter: ListingFilter,
  request: PageRequest,
): Promise<Page<ListingLine>> {
  const where = new Conditions();
  where.equal('l.home', filter.home);
  where.equal('l.status', filter.status);
  if (filter.host !== undefined || filter.verdict !== undefined) {
    const host = filter.host === undefined ? '' : `and d.host = ${where.bind(filter.host)}`;
    const verdict = filter.verdict === undefined ? '' : `and d.verdict = ${where.bind(filter.verdict)}`;
    where.add(`exists (select 1 from decision d where d.listing = l.id and d.current ${host} ${verdict})`);
  }
  where.after(request.after, request.order, 'l.updated_at', 'l.id');
  const direction = request.order === 'oldest' ? 'asc' : 'desc';
  const { rows } = await connection.query<ListingLine & { at: string }>(
    `select ${LINE}, l.updated_at::text as at, coalesce(d.decisions, '[]') as decisions
       from listing l
       left join lateral (
         select json_agg(json_build_object('host', d.host, 'verdict', d.verdict, 'mirror', n.number) order by d.host)
                as decisions
           from decision d
           left join number n on n.exchange = d.host and n.kind = 'listing' and n.id = d.listing
          where d.listing = l.id and d.current
       ) d on true
       ${where.text()}
      order by l.updated_at ${direction}, l.id ${direction}
      limit ${where.bind(request.limit + 1)}`,
    where.values,
  );
  return pageOf(rows, request.limit, ({ at, id }) => ({ at, id }));
}

/** Everything about one listing, or undefined. */
export async function readListing(connection: Queryable, id: string): Promise<ListingRecord | undefined> {
  const [found, mirrors, decisions] = await Promise.all([
    connection.query<Omit<ListingLine, 'decisions'> & { envelope: Buffer }>(
      `select ${LINE}, m.envelope from listing l join message m on m.id = l.message where l.id = $1`,
      [id],
    ),
    connection.query<{ host: string; number: string }>(
      `select exchange as host, number from number where exchange = any($2) and kind = 'listing' and id = $1 order by 1`,
      [id, exchanges],
    ),
    connection.query<DecisionRecord & Record<string, unknown>>(
      `select host, version, verdict, recheck_on as "recheckOn", message, decided_at as "decidedAt",
              body as decision
         from decision where listing = $1 and current order by host`,
      [id],
    ),
  ]);
  const row = found.rows[0];
  if (row === undefined) return undefined;
  const { envelope, ...line } = row;
  return { ...line, content: openKept(envelope).payload, mirrors: mirrors.rows, decisions: decisions.rows };
}
