import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { openStandingBook } from '../../../src/clearing/standing-book.ts';
import { compareSides } from '../../../src/clearing/standing-compare.ts';
import { type LookParts, lookAtBook, lookBetween } from '../../../src/clearing/standing-look.ts';
import type { StandingForm } from '../../../src/clearing/standing-row.ts';
import type { StandingSide } from '../../../src/clearing/standing-side.ts';
import type { StatedRow, StatementReader } from '../../../src/contract/books.ts';
import { type Exchange, exchanges } from '../../../src/contract/exchange.ts';
import { accepted } from '../../../src/contract/refusal.ts';
import { type Database, openDatabase } from '../../../src/journal/database.ts';
import { GATEWAY_ROLE } from '../../../src/journal/roles.ts';
import { sequence } from '../../../src/journal/sequencer.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const DAY = '2026-03-02';
const YESTERDAY = '2026-03-01';
const AT_MS = Date.parse(`${DAY}T12:00:00+08:00`);

/** One deal as the truth has it; books and journal are made from it, each with faults of its own. */
interface Deal {
  readonly number: number;
  readonly home: Exchange;
  readonly host: Exchange;
  readonly version: number;
  readonly status: 'concluded' | 'funded' | 'certified' | 'cancelled';
  readonly price: number;
  readonly fee: number;
  readonly day: string;
  readonly confirmed: boolean;
}

const idOf = ({ home, number }: Deal) => `${home}:N${number}`;
const state = ({ status }: Deal) => (status === 'certified' || status === 'cancelled' ? status : ('signed' as const));
const yuan = (fen: number) => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`;

function rowIn(deal: Deal, exchange: Exchange): StatedRow {
  const isHome = exchange === deal.home;
  return {
    line: 1,
    dealNumber: isHome ? `N${deal.number}` : `H${deal.number}`,
    homeDealNumber: isHome ? undefined : `N${deal.number}`,
    role: isHome ? 'home' : 'host',
    counterExchange: isHome ? deal.host : deal.home,
    state: state(deal),
    buyer: 'B',
    seller: 'S',
    priceFen: BigInt(deal.price),
    feeFen: BigInt(isHome ? deal.fee : deal.fee + 1),
    businessDate: deal.day,
  };
}

const whole = (exchange: Exchange, count: number) => {
  const totals = { openingCount: 0, totalPriceFen: 0n, totalFeeFen: 0n, digest: '', isDigestRight: true };
  return accepted({ exchange, date: DAY, batch: 1, count, ...totals });
};

/** An exchange whose books are these rows, as they are when they are read. */
class Books {
  readonly #rows: Record<Exchange, StatedRow[]> = { ctex: [], stex: [], szse: [] };
  readonly reads: string[] = [];

  set(exchange: Exchange, rows: StatedRow[]) {
    this.#rows[exchange] = rows;
  }

  of(exchange: Exchange): readonly StatedRow[] {
    return this.#rows[exchange];
  }

  side(exchange: Exchange, cells = 512): StandingSide {
    const statement = async function* (rows: readonly StatedRow[]): StatementReader {
      yield { rows, bad: [] };
      return whole(exchange, rows.length);
    };
    const read = async function* (books: Books): AsyncIterable<StatementReader> {
      yield statement(books.#rows[exchange]);
    };
    return openStandingBook({ exchange, read: () => read(this), cells, sets: 8 });
  }
}

describe('the standing check', () => {
  let place: TestDatabase;
  let database: Database;
  let owner: Database;
  let nowMs = AT_MS;
  let parts: LookParts;
  beforeAll(async () => {
    place = await createTestDatabase();
    database = openDatabase(place.url, { max: 4, role: GATEWAY_ROLE });
    owner = openDatabase(place.url, { max: 1 });
    parts = {
      database,
      limits: { cells: 512, rows: 100, patienceMs: 30_000, leaves: 7 },
      toleratedFen: () => 1n,
      nowMs: () => nowMs,
      secret: () => randomBytes(32),
    };
  });
  beforeEach(async () => {
    await clear();
    nowMs = AT_MS;
  });
  /** One database for all: what is append-only is emptied past its triggers, which only a superuser can. */
  const clear = async () => {
    const tables = ['message', 'journal_leaf', 'journal_node', 'leaf_waiting', 'clearing_standing_deal'];
    tables.push('clearing_sketch', 'clearing_standing_look', 'clearing_standing_difference');
    await owner.query(`set session_replication_role = replica;
      ${tables.map((table) => `delete from ${table};`).join(' ')}
      update journal_head set size = 0, peaks = '', root = sha256('');
      update clearing_standing_mark set leaf = 0`);
  };
  afterAll(async () => {
    await Promise.all([database.close(), owner.close()]);
    await place.drop();
  });

  let seq = 0;
  const say = async (kind: string, payload: unknown, at = new Date(nowMs)) => {
    const envelope = { payload: Buffer.from(JSON.stringify(payload)).toString('base64url'), signatures: [] };
    await database.query(
      `insert into message (id, kind, issuer, stream, seq, subject, envelope, recorded_at)
       values ($1, $2, 'ctex', 's', $3, 'x', $4, $5)`,
      [randomUUID(), kind, ++seq, Buffer.from(JSON.stringify(envelope)), at],
    );
  };
  const sayDeal = async (deal: Deal) => {
    const money = (fen: number) => ({ amount: yuan(fen), currency: 'CNY' });
    await say('deal', {
      kind: 'deal',
      id: idOf(deal),
      version: deal.version,
      listing: { id: `${deal.home}:L`, version: 1 },
      home: deal.home,
      host: deal.host,
      status: deal.status,
      seller: { name: 'S' },
      buyer: { name: 'B' },
      price: money(deal.price),
      fees: [
        { payer: 'seller', exchange: deal.home, amount: money(deal.fee) },
        { payer: 'buyer', exchange: deal.host, amount: money(deal.fee + 1) },
      ],
      concludedAt: `${deal.day}T10:00:00+08:00`,
    });
    if (deal.confirmed) await say('deal-confirmed', { kind: 'deal-confirmed', deal: idOf(deal), host: deal.host });
  };
  const leaves = async () => {
    while ((await sequence(database, 100, nowMs)).leaves > 0);
  };
  const deal = (number: number, more: Partial<Deal> = {}): Deal => ({
    number,
    home: 'ctex',
    host: 'stex',
    version: 1,
    status: 'funded',
    price: 1_000_00 + number,
    fee: 10_00,
    day: DAY,
    confirmed: true,
    ...more,
  });
  const found = async () => {
    const { rows } = await database.query(
      `select one, other, deal_id, ordinal, outcome, code, delta_fen from clearing_standing_difference
        order by one, other, deal_id, ordinal`,
    );
    return rows.map((row) => Object.values(row).map(String).join(' '));
  };

  it('finds one row that differs among equal ones, and counts it once both sides have kept to their word', async () => {
    const books = new Books();
    const deals = [deal(1), deal(2), deal(3, { host: 'szse' })];
    for (const one of deals) await sayDeal(one);
    await leaves();
    books.set('ctex', [
      rowIn(deals[0]!, 'ctex'),
      rowIn({ ...deals[1]!, price: 900_00 }, 'ctex'),
      rowIn(deals[2]!, 'ctex'),
    ]);
    const side = books.side('ctex');
    const first = await lookAtBook(parts, 'ctex', YESTERDAY, side);
    expect(first).toMatchObject({ outcome: 'equal', inFlight: 1, open: 0, cells: 64 });
    nowMs += 30_000;
    expect(await lookAtBook(parts, 'ctex', YESTERDAY, side)).toMatchObject({ outcome: 'different', open: 1 });
    expect(await found()).toEqual(['ctex journal ctex:N2 1 open AMT- -10002']);
    books.set(
      'ctex',
      deals.map((one) => rowIn(one, 'ctex')),
    );
    expect(await lookAtBook(parts, 'ctex', YESTERDAY, side)).toMatchObject({ outcome: 'equal', open: 0, inFlight: 0 });
    expect(await found()).toEqual([]);
  });

  it('waits again for what has changed meanwhile: it is another difference', async () => {
    const books = new Books();
    await sayDeal(deal(1));
    await leaves();
    const side = books.side('ctex');
    books.set('ctex', [rowIn(deal(1, { price: 5 }), 'ctex')]);
    await lookAtBook(parts, 'ctex', YESTERDAY, side);
    nowMs += 29_000;
    await sayDeal(deal(1, { version: 2, price: 6 }));
    await leaves();
    await lookAtBook(parts, 'ctex', YESTERDAY, side);
    nowMs += 29_000;
    expect(await lookAtBook(parts, 'ctex', YESTERDAY, side)).toMatchObject({ inFlight: 1, open: 0 });
    nowMs += 1_000;
    // A fen apart, which is tolerated: after decoding, not before.
    expect(await lookAtBook(parts, 'ctex', YESTERDAY, side)).toMatchObject({ tolerated: 1, open: 0, inFlight: 0 });
  });

  it('lets a deal that the host has not confirmed wait, however long the host lacks it', async () => {
    const books = new Books();
    await sayDeal(deal(1, { status: 'concluded', confirmed: false }));
    await leaves();
    const side = books.side('stex');
    await lookAtBook(parts, 'stex', YESTERDAY, side);
    nowMs += 3_600_000;
    expect(await lookAtBook(parts, 'stex', YESTERDAY, side)).toMatchObject({ inFlight: 1, open: 0 });
    await say('deal-confirmed', { kind: 'deal-confirmed', deal: 'ctex:N1', host: 'stex' });
    await leaves();
    expect(await lookAtBook(parts, 'stex', YESTERDAY, side)).toMatchObject({ open: 1 });
    expect(await found()).toEqual(['stex journal ctex:N1 1 open P101 null']);
  });

  it('finds the second of two equal rows: a sketch alone would take them for none', async () => {
    const books = new Books();
    await sayDeal(deal(1));
    await leaves();
    const row = rowIn(deal(1), 'ctex');
    books.set('ctex', [row, row, row]);
    await lookAtBook(parts, 'ctex', YESTERDAY, books.side('ctex'));
    expect(await found()).toEqual([
      'ctex journal ctex:N1 2 in-flight DUP null',
      'ctex journal ctex:N1 3 in-flight DUP null',
    ]);
  });

  it('keeps what was found while the exchange is silent, and says why', async () => {
    const books = new Books();
    await sayDeal(deal(1));
    await leaves();
    await lookAtBook(parts, 'ctex', YESTERDAY, books.side('ctex'));
    const silent: StandingSide = {
      sketch: async () => {
        throw new Error('no route to host');
      },
      symbols: async () => [],
      rows: async () => [],
    };
    expect(await lookAtBook(parts, 'ctex', YESTERDAY, silent)).toMatchObject({ outcome: 'silent' });
    expect(await found()).toHaveLength(1);
    const { rows } = await database.query('select outcome, fault from clearing_standing_look');
    expect(rows).toEqual([{ outcome: 'silent', fault: 'Error: no route to host' }]);
  });

  it('takes no deal for missing from the journal while it has no leaf in the log', async () => {
    const books = new Books();
    await sayDeal(deal(1));
    books.set('ctex', [rowIn(deal(1), 'ctex')]);
    const side = books.side('ctex');
    expect(await lookAtBook(parts, 'ctex', YESTERDAY, side)).toMatchObject({ inFlight: 1 });
    nowMs += 31_000;
    expect(await lookAtBook(parts, 'ctex', YESTERDAY, side)).toMatchObject({ outcome: 'silent', open: 0 });
    const { rows } = await database.query('select fault from clearing_standing_look');
    expect(rows).toEqual([{ fault: 'the log is 31 s behind the journal' }]);
    await leaves();
    expect(await lookAtBook(parts, 'ctex', YESTERDAY, side)).toMatchObject({ outcome: 'equal', inFlight: 0 });
  });

  it('takes a row that is not the one in the sketch from nobody', async () => {
    const books = new Books();
    books.set('ctex', [rowIn(deal(1), 'ctex')]);
    const side = books.side('ctex');
    const lying: StandingSide = {
      ...side,
      rows: async (set, symbols) =>
        (await side.rows(set, symbols)).map(({ symbol, row }) => ({ symbol, row: { ...row, priceFen: 1n } })),
    };
    expect(await lookAtBook(parts, 'ctex', YESTERDAY, lying)).toMatchObject({ outcome: 'silent' });
  });

  it('compares all symbols where the cells do not suffice, and asks for no more rows than it may', async () => {
    const books = new Books();
    books.set(
      'ctex',
      Array.from({ length: 900 }, (_, n) => rowIn(deal(n), 'ctex')),
    );
    expect(await lookAtBook(parts, 'ctex', YESTERDAY, books.side('ctex'))).toMatchObject({
      cells: null,
      inFlight: 100,
      unread: 800,
      outcome: 'different',
    });
  });

  it('begins a new session with a new day, under another secret, with the same result', async () => {
    const books = new Books();
    const deals = [deal(1), deal(2, { day: YESTERDAY }), deal(3)];
    for (const one of deals) await sayDeal(one);
    await leaves();
    books.set(
      'ctex',
      deals.slice(0, 2).map((one) => rowIn(one, 'ctex')),
    );
    const side = books.side('ctex');
    await lookAtBook(parts, 'ctex', YESTERDAY, side);
    const secret = async () => (await database.query(`select key from clearing_sketch`)).rows[0]!.key as Buffer;
    const before = await secret();
    const look = await lookAtBook(parts, 'ctex', DAY, side);
    expect((await secret()).equals(before)).toBe(false);
    expect(look).toMatchObject({ inFlight: 1 });
    const { rows } = await database.query('select one_rows, other_rows from clearing_standing_look');
    expect(rows).toEqual([{ one_rows: 1n, other_rows: 2n }]);
  });

  it('P17: what the sketches find is what SQL finds, and the direct look is the two others together', async () => {
    const anyDeal = (number: number): fc.Arbitrary<Deal> =>
      fc.record({
        number: fc.constant(number),
        home: fc.constantFrom(...exchanges),
        host: fc.constantFrom(...exchanges),
        version: fc.constant(1),
        status: fc.constantFrom('concluded', 'funded', 'certified', 'cancelled'),
        price: fc.integer({ min: 1, max: 3 }),
        fee: fc.integer({ min: 0, max: 2 }),
        day: fc.constantFrom('2026-02-28', YESTERDAY, DAY),
        confirmed: fc.boolean(),
      });
    const anyTruth = fc
      .integer({ min: 0, max: 25 })
      .chain((count) => fc.tuple(...Array.from({ length: count }, (_, n) => anyDeal(n))))
      .map((all) => all.filter(({ home, host }) => home !== host));
    /** What becomes of a deal somewhere: said, left out, said with another amount, in another state, twice. */
    const anyFate = fc.constantFrom('said', 'said', 'said', 'lost', 'price', 'state', 'fee', 'day', 'twice');
    const altered = (one: Deal, fate: string): readonly Deal[] => {
      if (fate === 'lost') return [];
      if (fate === 'price') return [{ ...one, price: one.price + 1 }];
      if (fate === 'fee') return [{ ...one, fee: one.fee + 7 }];
      if (fate === 'state') return [{ ...one, status: one.status === 'certified' ? 'cancelled' : 'certified' }];
      if (fate === 'day') return [{ ...one, day: DAY }];
      return fate === 'twice' ? [one, one] : [one];
    };
    const fates = fc.array(fc.record({ a: anyFate, b: anyFate, g: anyFate, later: fc.boolean() }), {
      minLength: 25,
      maxLength: 25,
    });
    let differences = 0;
    await fc.assert(
      fc.asyncProperty(anyTruth, fates, async (truth, fated) => {
        const books = new Books();
        const journal = new Map<string, Deal>();
        const sides = Object.fromEntries(exchanges.map((one) => [one, books.side(one)])) as Record<
          Exchange,
          StandingSide
        >;
        await clear();
        // Half of what happens comes after a first look, so that both sides must follow; some of it again, changed.
        for (const round of [false, true]) {
          const said: Record<Exchange, StatedRow[]> = { ctex: [], stex: [], szse: [] };
          for (const [n, one] of truth.entries()) {
            const { a, b, g, later } = fated[n]!;
            if (later && !round) continue;
            for (const [place, fate] of [
              ['home', a],
              ['host', b],
            ] as const) {
              const shown = round || fate !== 'price' ? altered(one, fate) : [one];
              said[one[place]].push(...shown.map((row) => rowIn(row, one[place])));
            }
            const [told] = altered(one, g === 'twice' ? 'said' : g);
            if (told === undefined) continue;
            const newest = { ...told, version: round && !later ? 2 : 1 };
            if (round && !later) await sayDeal({ ...told, price: 99, version: 1 });
            await sayDeal(newest);
            journal.set(idOf(one), newest);
          }
          for (const exchange of exchanges) books.set(exchange, said[exchange]);
          await leaves();
          for (const exchange of exchanges) await lookAtBook(parts, exchange, YESTERDAY, sides[exchange]);
        }
        for (const [one, other] of [
          ['ctex', 'stex'],
          ['ctex', 'szse'],
          ['stex', 'szse'],
        ] as const) {
          const between = { exchanges: [one, other] as const, since: YESTERDAY, secret: randomBytes(32) };
          await lookBetween(parts, between, [sides[one], sides[other]]);
        }
        const sqlFinds = await differencesBySql(owner, books, [...journal.values()]);
        const { rows } = await database.query<{ key: string }>(
          `select one || ' ' || other || ' ' || deal_id || ' ' || ordinal as key from clearing_standing_difference`,
        );
        expect(rows.map(({ key }) => key).sort()).toEqual(sqlFinds);
        differences += sqlFinds.length;
        await directIsBoth(books, [...journal.values()]);
      }),
      { numRuns: 20 },
    );
    expect(differences).toBeGreaterThan(100);
  });

  /** A△B = (A△G)△(G△B) on whole rows, each difference read from sketches. */
  async function directIsBoth(books: Books, journal: readonly Deal[]) {
    const secret = randomBytes(32);
    const [a, b] = ['ctex', 'stex'] as const;
    const ofPair = journal.filter(({ home, host }) => [home, host].every((one) => one === a || one === b));
    // The journal in the shoes of one of the two, who is in every deal between them.
    const heard = new Books();
    heard.set(
      a,
      ofPair.map((one) => rowIn(one, a)),
    );
    const g = heard.side(a);
    const set = (counter: Exchange) => ({ secret, since: YESTERDAY, form: 'terms' as StandingForm, counter });
    const limits = { cells: 512, rows: 500 };
    const asked = (exchange: Exchange, counter: Exchange) => ({ side: books.side(exchange), set: set(counter) });
    const toG = { side: g, set: set(b) };
    const [direct, ag, gb] = [
      await compareSides(asked(a, b), asked(b, a), limits),
      await compareSides(asked(a, b), toG, limits),
      await compareSides(toG, asked(b, a), limits),
    ];
    const symbols = ({ mine, theirs }: typeof direct) =>
      [...mine, ...theirs].map(({ symbol }) => Buffer.from(symbol).toString('hex')).sort();
    const [ofA, ofB] = [symbols(ag), symbols(gb)];
    const eitherOnly = [...ofA.filter((one) => !ofB.includes(one)), ...ofB.filter((one) => !ofA.includes(one))];
    expect(eitherOnly.sort()).toEqual(symbols(direct));
  }
});

/** The same differences from the rows themselves, by PostgreSQL and not by any of our code. */
async function differencesBySql(owner: Database, books: Books, journal: readonly Deal[]): Promise<readonly string[]> {
  await owner.query(`create temp table if not exists said
    (side text, nr int, deal text, home text, host text, state text, price bigint, fee bigint, day date)`);
  await owner.query('truncate said');
  const said = exchanges.flatMap((side) =>
    books.of(side).map((row, nr) => {
      const [home, host] = row.role === 'home' ? [side, row.counterExchange] : [row.counterExchange, side];
      const deal = `${home}:${row.role === 'home' ? row.dealNumber : row.homeDealNumber}`;
      const { priceFen, feeFen, businessDate: day } = row;
      return { side, nr, deal, home, host, state: row.state, price: Number(priceFen), fee: Number(feeFen), day };
    }),
  );
  const meant = journal.flatMap((deal, nr) => {
    const { home, host, price, day } = deal;
    const row = { nr, deal: idOf(deal), home, host, state: state(deal), price, day };
    return [
      { ...row, side: `j ${home}`, fee: deal.fee },
      { ...row, side: `j ${host}`, fee: deal.fee + 1 },
    ];
  });
  await owner.query('insert into said select * from json_populate_recordset(null::said, $1)', [
    JSON.stringify([...said, ...meant]),
  ]);
  const { rows } = await owner.query<{ key: string }>(
    `with numbered as (
       select *, row_number() over (partition by side, deal order by nr) as ordinal from said where day >= $1::date),
     whole as (select *, to_jsonb(n) - 'side' - 'nr' as what from numbered n),
     terms as (select *, to_jsonb(n) - 'side' - 'nr' - 'fee' as what from numbered n),
     paired as (
       select t.*, one, other from terms t, (values ('ctex', 'stex'), ('ctex', 'szse'), ('stex', 'szse')) as pair(one, other)
        where home in (one, other) and host in (one, other))
     select coalesce(b.side, substr(g.side, 3)) || ' journal ' || coalesce(b.deal, g.deal) || ' ' || coalesce(b.ordinal, g.ordinal) as key
       from (select * from whole where side not like 'j %') b
       full join (select * from whole where side like 'j %') g
         on g.side = 'j ' || b.side and g.deal = b.deal and g.ordinal = b.ordinal
      where b.what is distinct from g.what
     union all
     select coalesce(a.one, b.one) || ' ' || coalesce(a.other, b.other) || ' ' || coalesce(a.deal, b.deal) || ' ' ||
            coalesce(a.ordinal, b.ordinal)
       from (select * from paired where side = one) a
       full join (select * from paired where side = other) b
         on a.one = b.one and a.other = b.other and a.deal = b.deal and a.ordinal = b.ordinal
      where a.what is distinct from b.what`,
    [YESTERDAY],
  );
  return rows.map(({ key }) => key).sort();
}
