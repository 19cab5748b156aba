import { addDays, instantMs } from '../contract/dates.ts';
import type { Exchange } from '../contract/exchange.ts';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import { updateRows } from '../journal/rows.ts';
import { emptySketch } from './iblt.ts';
import { DEAL, type StandingDeal } from './standing-deal.ts';
import { putInto, skipTo } from './standing-journal.ts';
import { sessionOf } from './standing-row.ts';
import { type JournalSketch, readSketch, saveSketches } from './standing-sketches.ts';

/** What a session is opened with. */
export interface SessionOrder {
  readonly exchange: Exchange;
  readonly since: string;
  readonly secret: Uint8Array;
  readonly cells: number;
  readonly atMs: number;
}

/** Messages so many days older than a business day may still speak of its deals, as in journal-cut.ts. */
const DAYS_BEFORE = 7;
const PAGE = 5_000;

/**
 * The exchange's session from that business day on: the one there is, or else a new one under the secret given, made from
 * every deal the journal has of these days. A day's change is a new session, and so is another number of cells.
 */
export async function openSession(database: Database, order: SessionOrder): Promise<void> {
  const { exchange, since, secret, cells, atMs } = order;
  await transaction(database, async (connection) => {
    // Taken before the look at what is there: who comes second finds the first one's session.
    await connection.query('select from clearing_standing_mark for update');
    const before = await readSketch(connection, exchange);
    if (before?.since === since && before.sketch.cells === cells) return;
    const oldest = addDays(since, -DAYS_BEFORE);
    await skipTo(connection, instantMs(`${oldest}T00:00:00+08:00`));
    await forget(connection, exchange, oldest);
    const session = sessionOf(secret);
    const sketch = emptySketch(session.cells, cells);
    const made: JournalSketch = { exchange, since, secret: Buffer.from(secret), session, sketch, rows: 0n };
    await fill(connection, made);
    await connection.query(
      `insert into clearing_sketch (exchange, since, key, cells, row_count, opened_at)
       values ($1, $2, $3, '', 0, to_timestamp($4 / 1000.0))
       on conflict (exchange) do update set since = excluded.since, key = excluded.key, opened_at = excluded.opened_at`,
      [exchange, since, made.secret, atMs],
    );
    await saveSketches(connection, new Map([[exchange, made]]));
  });
}

/** Deals too old for any session, and the old session's symbols. */
async function forget(connection: Queryable, exchange: Exchange, oldest: string): Promise<void> {
  await connection.query(
    `delete from clearing_standing_deal where business_date < least($1::date, (select min(since) from clearing_sketch))`,
    [oldest],
  );
  for (const place of ['home', 'host']) {
    await connection.query(
      `update clearing_standing_deal set ${place}_symbol = null where ${place} = $1 and ${place}_symbol is not null`,
      [exchange],
    );
  }
}

async function fill(connection: Queryable, made: JournalSketch): Promise<void> {
  const { exchange, since } = made;
  const only = new Map([[exchange, made]]);
  for (let after = ''; ; ) {
    const { rows } = await connection.query<StandingDeal & Record<string, unknown>>(
      `select ${DEAL} from clearing_standing_deal
        where deal_id > $1 and business_date >= $2 and $3 in (home, host) order by deal_id limit ${PAGE}`,
      [after, since, exchange],
    );
    for (const place of ['home', 'host'] as const) {
      await updateRows(
        connection,
        'clearing_standing_deal',
        'deal_id',
        { deal_id: 'text', [`${place}_symbol`]: 'bytea' },
        rows
          .filter((deal) => deal[place] === exchange)
          .map((deal) => ({ deal_id: deal.dealId, [`${place}_symbol`]: putInto(deal, only)[`${place}Symbol`] })),
      );
    }
    if (rows.length < PAGE) return;
    after = rows.at(-1)!.dealId;
  }
}
