import { randomUUID } from 'node:crypto';
import { jobsHere } from '../../../src/clearing/jobs.ts';
import { type RunSummary, reconcile } from '../../../src/clearing/reconcile.ts';
import { type Exchange, exchanges } from '../../../src/contract/exchange.ts';
import { type Database, openDatabase } from '../../../src/journal/database.ts';
import { GATEWAY_ROLE } from '../../../src/journal/roles.ts';
import { createTestDatabase } from '../../support/database.ts';

export const DAY = '2026-03-02';

/** A deal as the home's book (a), the journal (g) and the host's book (b) have it: prices in fen, more than one where it is entered again. */
export interface Told {
  readonly home: Exchange;
  readonly host: Exchange;
  readonly a: readonly bigint[];
  readonly g?: bigint;
  readonly b: readonly bigint[];
  readonly date?: string;
  readonly inFlight?: boolean;
  readonly buyer?: string;
}

export interface Place {
  readonly database: Database;
  end(): Promise<void>;
  /** Lays out one day's books as if loaded, compares them, and says what it found; `unread`: amounts in quarantined rows. */
  compare(deals: readonly Told[], unread?: Readonly<Partial<Record<Exchange, readonly bigint[]>>>): Promise<RunSummary>;
}

export async function openPlace(): Promise<Place> {
  const place = await createTestDatabase();
  const database = openDatabase(place.url, { max: 3, role: GATEWAY_ROLE });
  let clock = Date.parse(`${DAY}T18:00:00+08:00`);
  return {
    database,
    async end() {
      await database.close();
      await place.drop();
    },
    async compare(deals, unread = {}) {
      await database.query('delete from clearing_row');
      await database.query('delete from clearing_book');
      const rows = deals.flatMap(rowsOf);
      await database.query(`insert into clearing_row select * from json_populate_recordset(null::clearing_row, $1)`, [
        JSON.stringify(rows),
      ]);
      for (const side of [...exchanges, 'journal'] as const) {
        const own = rows.filter((row) => row.side === side);
        const bad = side === 'journal' ? [] : (unread[side] ?? []);
        const total = [...own.map(({ price_fen }) => BigInt(price_fen)), ...bad].reduce((sum, fen) => sum + fen, 0n);
        await database.query(
          `insert into clearing_book (id, cycle, side, date, batch, state, source, digest, opening_count, row_count,
             total_price_fen, total_fee_fen, quarantined, loaded_at)
           values ($1::text::uuid, $2::text, $3, $2::text::date, 1, 'loaded', 'test', $1::text, 0, $4, $5, 0, $6, to_timestamp($7 / 1000.0))`,
          [randomUUID(), DAY, side, own.length + bad.length, total, bad.length, clock],
        );
      }
      return reconcile(
        { cycle: DAY, version: 1, tolerances: [] },
        { database, jobs: jobsHere(2), nowMs: () => (clock += 1000), newId: randomUUID },
      );
    },
  };
}

function rowsOf(deal: Told, n: number) {
  const { home, host, date = DAY, inFlight = false, buyer = '甲公司' } = deal;
  const dealId = `${home}:T${n}`;
  const row = (side: Exchange | 'journal', role: 'home' | 'host' | null, price: bigint, ordinal: number) => ({
    cycle: DAY,
    cycle_version: 1,
    side,
    deal_id: dealId,
    ordinal,
    home,
    host,
    role,
    state: 'signed',
    buyer,
    seller: 'S',
    price_fen: String(price),
    fee_fen: '10',
    ...(side === 'journal' ? { home_fee_fen: '10', host_fee_fen: '10' } : {}),
    business_date: date,
    in_flight: side === 'journal' && inFlight,
    native_number: `T${n}`,
    line: n + 1,
    book: '00000000-0000-4000-8000-000000000000',
  });
  return [
    ...deal.a.map((price, i) => row(home, 'home', price, i + 1)),
    ...(deal.g === undefined ? [] : [row('journal', null, deal.g, 1)]),
    ...deal.b.map((price, i) => row(host, 'host', price, i + 1)),
  ];
}
