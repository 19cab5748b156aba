import { randomUUID } from 'node:crypto';
import { comparePart, rulesSha256 } from '../../../src/clearing/compare-part.ts';
import { PARTITIONS } from '../../../src/clearing/match.ts';
import type { KeptFound } from '../../../src/clearing/match-found.ts';
import { netObligations, type Obligation } from '../../../src/clearing/net.ts';
import type { Exchange } from '../../../src/contract/exchange.ts';
import { type Database, openDatabase } from '../../../src/journal/database.ts';
import { GATEWAY_ROLE } from '../../../src/journal/roles.ts';
import { seededBooks } from '../../support/clearing/generate.ts';
import { chanceOf } from '../../support/clearing/random.ts';
import { type Side, sides } from '../../support/clearing/truth.ts';
import { writeBook } from '../../support/clearing/writers.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { compareDay, type DayCompared, linesOf, loadDay } from '../day.ts';

const seed = Number(process.env.QIAO_SEED ?? Math.floor(Math.random() * 1_000_000));
const runs = Number(process.env.QIAO_RUNS ?? 6);
const made = seededBooks({ seed, deals: 900, each: 1 });
const { date } = made;
/** The day as loaded; a copy that is changed; the same day without any fault. */
const [LOADED, COPY, CLEAN] = [1, 2, 9];

describe(`what holds of every comparison (QIAO_SEED=${seed}, QIAO_RUNS=${runs})`, () => {
  let place: TestDatabase;
  let database: Database;
  let whole: DayCompared;
  const columns = `side, deal_id, ordinal, home, host, role, state, buyer, seller, price_fen, fee_fen, home_fee_fen,
    host_fee_fen, business_date, in_flight, listing, native_number, line, further, book`;
  const compare = (version: number) => compareDay(database, { cycle: date, version });
  /** Another copy of the loaded day, with some columns said otherwise. */
  const copied = async (changes: Readonly<Record<string, string>> = {}) => {
    await database.query(`delete from clearing_row where cycle_version = ${COPY}`);
    const said = columns.replace(/\w+/g, (name) => changes[name] ?? name);
    await database.query(
      `insert into clearing_row (cycle, cycle_version, ${columns})
       select cycle, ${COPY}, ${said} from clearing_row where cycle_version = ${LOADED}`,
    );
  };

  beforeAll(async () => {
    place = await createTestDatabase();
    database = openDatabase(place.url, { max: 6, role: GATEWAY_ROLE });
    await loadDay(seededBooks({ seed, deals: 900, only: [] }), place.url);
    await database.query(`update clearing_row set cycle_version = ${CLEAN}`);
    await database.query('delete from clearing_book');
    await loadDay(made, place.url);
    whole = await compare(LOADED);
  });
  afterAll(async () => {
    await database.close();
    await place.drop();
  });

  const conserves = async (compared: DayCompared) => {
    const { rows } = await database.query<{ side: Side | 'journal'; rows: bigint; price: string }>(
      `select side, count(*) as rows, sum(price_fen)::text as price from clearing_row
        where cycle = $1 and cycle_version = $2 group by side`,
      [date, compared.version],
    );
    expect(rows).toHaveLength(4);
    for (const total of rows) {
      const heaps = Object.values(compared.tally[total.side]);
      expect([total.side, heaps.reduce((sum, heap) => sum + heap.rows, 0)]).toEqual([total.side, Number(total.rows)]);
      expect(heaps.reduce((sum, { priceFen }) => sum + BigInt(priceFen), 0n)).toBe(BigInt(total.price));
    }
  };

  it('every row ends in exactly one of matched, tolerated, in flight and break; together they are the control totals (P12)', async () => {
    await conserves(whole);
    const { rows } = await database.query<{ side: Side; rows: bigint; price: bigint }>(
      `select side, row_count::bigint as rows, total_price_fen::bigint as price from clearing_book where state = 'loaded'`,
    );
    for (const { side, rows: count, price } of rows) {
      const heaps = Object.values(whole.tally[side]);
      const sum = heaps.reduce((all, heap) => all + BigInt(heap.priceFen), 0n);
      expect([side, heaps.reduce((all, heap) => all + heap.rows, 0), sum]).toEqual([side, Number(count), price]);
    }
  });

  it('home and host exchanged in every row mirror the codes, and nothing else (P13)', async () => {
    await copied({
      ...{ home: 'host', host: 'home', home_fee_fen: 'host_fee_fen', host_fee_fen: 'home_fee_fen' },
      role: `case role when 'home' then 'host' when 'host' then 'home' end`,
    });
    const mirrored = await compare(COPY);
    const mirror: Readonly<Record<string, string>> = { P101: 'P011', P011: 'P101', P100: 'P010', P010: 'P100' };
    const said = ({ dealId, code, side, deltaFen, blame }: KeptFound) =>
      `${dealId} ${code} ${side} ${deltaFen} ${blame}`;
    // What is on the way waits for the host's word, whoever that is.
    const turned = (one: KeptFound) => ({
      ...one,
      code: (mirror[one.code] ?? one.code) as KeptFound['code'],
      blame: one.code === 'TIM' ? one.home : one.blame,
    });
    expect(mirrored.found.map(said).sort()).toEqual(whole.found.map((one) => said(turned(one))).sort());
    await conserves(mirrored);
  });

  it('two exchanges exchanged everywhere exchange the sides, and no code (P13)', async () => {
    const turned = (name: string) => `case ${name} when 'ctex' then 'szse' when 'szse' then 'ctex' else ${name} end`;
    await copied({ side: turned('side'), home: turned('home'), host: turned('host') });
    const renamed = await compare(COPY);
    const other = (name: string | null) => ({ ctex: 'szse', szse: 'ctex' })[name ?? ''] ?? name;
    const said = (one: KeptFound, of: (name: string | null) => string | null) =>
      `${one.dealId} ${one.code} ${of(one.side)} ${one.deltaFen} ${of(one.blame)}`;
    expect(renamed.found.map((one) => said(one, (name) => name)).sort()).toEqual(
      whole.found.map((one) => said(one, other)).sort(),
    );
  });

  it('one fault mended takes exactly its own breaks away, whichever it is, until none is left (P14)', async () => {
    await copied();
    const chance = chanceOf(seed);
    // What carries a number that nobody else knows belongs to the deal that it was made from.
    const trueDeal = (id: string) => id.replace(/-[79]$/, '');
    const left = [...new Set(made.key.map(({ dealId }) => trueDeal(dealId)))];
    let before = linesOf(whole);
    const mend = async (deals: readonly string[]) => {
      const ids = deals.flatMap((deal) => [deal, `${deal}-7`, `${deal}-9`]);
      await database.query(`delete from clearing_row where cycle_version = ${COPY} and deal_id = any($1)`, [ids]);
      await database.query(
        `insert into clearing_row (cycle, cycle_version, ${columns})
         select cycle, ${COPY}, ${columns} from clearing_row where cycle_version = ${CLEAN} and deal_id = any($1)`,
        [ids],
      );
      const after = linesOf(await compare(COPY));
      expect(after).toEqual(before.filter((line) => !deals.includes(trueDeal(line.split(' ')[1]!))));
      expect(after.length).toBeLessThan(before.length);
      before = after;
    };
    for (let run = 0; run < runs && left.length > 1; run++) {
      await mend(left.splice(chance.whole(0, left.length - 1), 1));
    }
    await mend(left);
    expect(before).toEqual([]);
  });

  it('run again it comes to the same, to the last byte (P15)', async () => {
    const again = await compare(LOADED);
    expect(again.resultSha256).toBe(whole.resultSha256);
    expect([again.found, again.cleared]).toEqual([whole.found, []]);
  });

  it('with the rows of every book in another order it comes to the same (P15)', async () => {
    const turned = {
      date,
      journal: Buffer.from(`${made.journal.toString().trimEnd().split('\n').toReversed().join('\n')}\n`),
      statements: Object.fromEntries(
        sides.map((side) => [side, writeBook[side](made.rows[side].toReversed(), { date, batch: 1 })]),
      ) as Record<Side, Buffer>,
    };
    const elsewhere = await createTestDatabase();
    const other = openDatabase(elsewhere.url, { max: 3, role: GATEWAY_ROLE });
    try {
      await loadDay(turned, elsewhere.url);
      const compared = await compareDay(other, { cycle: date });
      expect(linesOf(compared)).toEqual(linesOf(whole));
      expect(compared.resultSha256).toBe(whole.resultSha256);
    } finally {
      await other.close();
      await elsewhere.drop();
    }
  });

  it('no row is consumed twice: it stands once in its book, and counts for one deal (P16)', async () => {
    const insert = `insert into clearing_row select * from clearing_row where cycle_version = ${LOADED} and side = $1 limit 1`;
    for (const side of [...sides, 'journal']) {
      await expect(database.query(insert, [side])).rejects.toMatchObject({
        code: '23505',
        constraint: expect.stringMatching(/^clearing_row_\d+_/),
      });
    }
    const dealOf = new Map<string, string>();
    for (const { dealId, home, host, seen } of whole.found) {
      for (const [side, column] of [
        [home, seen.a],
        [host, seen.b],
      ] as const) {
        if (column === null) continue;
        const row = `${side} ${column.line}`;
        expect([row, dealOf.get(row) ?? dealId]).toEqual([row, dealId]);
        dealOf.set(row, dealId);
      }
    }
  });

  it('a part compared by several at once is kept once, and all are given the same (P16)', async () => {
    const run = randomUUID();
    await database.query(
      `insert into clearing_run (id, cycle, version, rules_sha256, started_at) values ($1, $2, $3, $4, now())`,
      [run, date, LOADED, rulesSha256([])],
    );
    const asked = Array.from({ length: PARTITIONS * 2 }, (_, at) => ({ run, partition: at % PARTITIONS }));
    const given = await Promise.all(asked.map((part) => comparePart(database, part)));
    expect(given.slice(PARTITIONS)).toEqual(given.slice(0, PARTITIONS));
    const { rows } = await database.query<{ parts: bigint; found: bigint; whole: bigint }>(
      `select (select count(*) from clearing_part where run = $1) as parts,
              (select count(*) from clearing_found where run = $1) as found,
              (select count(*) from clearing_found where run = $2) as whole`,
      [run, whole.run],
    );
    expect(rows[0]).toEqual({ parts: BigInt(PARTITIONS), found: rows[0]!.whole, whole: rows[0]!.whole });
    const twice = 'insert into clearing_part select * from clearing_part where run = $1 and partition = 0';
    await expect(database.query(twice, [run])).rejects.toMatchObject({ code: '23505' });
  });

  it('a part of a run that was begun by other rules is not compared', async () => {
    const run = randomUUID();
    await database.query(
      `insert into clearing_run (id, cycle, version, rules_sha256, started_at) values ($1, $2, $3, 'other', now())`,
      [run, date, LOADED],
    );
    await expect(comparePart(database, { run, partition: 0 })).rejects.toThrow('other rules');
  });

  it('what is held and what is not net to what all net to (P9)', async () => {
    const { rows } = await database.query<{ deal: string; home: Exchange; host: Exchange; fen: bigint; held: boolean }>(
      `select deal_id as deal, home, host, host_fee_fen as fen, exists (select from clearing_found f
                where f.run = $3 and f.deal_id = r.deal_id and f.outcome = 'break') as held
         from clearing_row r where side = 'journal' and cycle = $1 and cycle_version = $2`,
      [date, LOADED, whole.run],
    );
    const obligations = rows.map(({ deal, home, host, fen, held }): Obligation & { readonly held: boolean } => ({
      ...{ dealId: deal, entry: '1', debtor: home, creditor: host, currency: 'CNY', fen, held },
    }));
    const positions = (of: readonly Obligation[]) => netObligations(of)[0]!.positions;
    const [all, held, settled] = [
      positions(obligations),
      positions(obligations.filter((one) => one.held)),
      positions(obligations.filter((one) => !one.held)),
    ];
    expect(obligations.some((one) => one.held)).toBe(true);
    for (const exchange of sides) expect(held[exchange] + settled[exchange]).toBe(all[exchange]);
    expect(Number(whole.tally.journal.break.rows)).toBe(obligations.filter((one) => one.held).length);
  });

  it('no amount ever leaves whole numbers of any size: one fen in ninety trillion yuan, and sums beyond 2^63 (P18)', async () => {
    const [day, most] = ['2026-03-05', 9_007_199_254_740_991n];
    const deals = 1100;
    await database.query(
      `insert into clearing_row (cycle, cycle_version, side, deal_id, ordinal, home, host, role, state, buyer, seller,
         price_fen, fee_fen, home_fee_fen, host_fee_fen, business_date, in_flight, native_number, line, book)
       select $1::text, 1, side, 'ctex:' || n, 1, 'ctex', 'stex', role, 'signed', 'B', 'S',
              $2::bigint - case when side = 'stex' and n = 7 then 1 else 0 end, 1, 1, 1, $1::text::date, false, 'n', n, $3::uuid
         from generate_series(1, $4::int) n, (values ('ctex', 'home'), ('stex', 'host'), ('journal', null)) v(side, role)`,
      [day, most, randomUUID(), deals],
    );
    const { found, tally } = await compareDay(database, { cycle: day });
    expect(found.map(({ code, side, deltaFen, valueFen }) => [code, side, deltaFen, valueFen])).toEqual([
      ['AMT-', 'stex', -1n, most],
    ]);
    expect(found[0]!.fields).toMatchObject([{ book: '90071992547409.90', journal: '90071992547409.91' }]);
    expect(BigInt(tally.ctex.matched.priceFen)).toBe(most * BigInt(deals));
    expect(BigInt(tally.stex.matched.priceFen) + BigInt(tally.stex.break.priceFen)).toBe(most * BigInt(deals) - 1n);
    expect(most * BigInt(deals)).toBeGreaterThan(2n ** 63n);
  });
});
