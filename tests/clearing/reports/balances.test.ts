import fc from 'fast-check';
import type { Report, Row } from '../../../src/clearing/report.ts';
import { balancesReport } from '../../../src/clearing/report-balances.ts';
import { type Exchange, exchangeNames, exchanges } from '../../../src/contract/exchange.ts';
import { type Viewer, viewing } from '../../../src/journal/viewing.ts';
import { DAY, openPlace, type Place, type Told } from './day.ts';

const fen = fc.bigInt(1n, 9_000_000_000n);
/** Mostly equal to the journal, at times another amount, missing or there again. */
const bookOf = (g: bigint) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant([g]) },
    { weight: 1, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: fc.array(fen, { minLength: 1, maxLength: 3 }) },
    { weight: 1, arbitrary: fc.tuple(fc.constant(g), fen) },
  );
const pair = fc
  .constantFrom(...exchanges.flatMap((home) => exchanges.map((host) => [home, host] as const)))
  .filter(([home, host]) => home !== host);
const told: fc.Arbitrary<Told> = fc
  .tuple(pair, fen, fc.boolean(), fc.boolean(), fc.boolean())
  .chain(([[home, host], g, isKnown, isOfYesterday, inFlight]) =>
    fc.tuple(bookOf(g), bookOf(g)).map(([a, b]) => ({
      home,
      host,
      a,
      b,
      inFlight,
      ...(isKnown ? { g } : {}),
      // The journal's deals of other days are compared only where a book names them.
      date: isOfYesterday && a.length + b.length > 0 ? '2026-02-27' : DAY,
    })),
  );

/** The truth of one exchange, without any finding: what is right by the journal or, where it says nothing, by the book. */
function rightSum(side: Exchange, deals: readonly Told[]): bigint {
  return deals.reduce((sum, { home, host, a, g, b, date }) => {
    if (side !== home && side !== host) return sum;
    const own = side === home ? a : b;
    if (g !== undefined) return date === DAY || own.length > 0 ? sum + g : sum;
    return sum + (own[0] ?? 0n);
  }, 0n);
}

describe('余额调节表: how each book and the journal come to the same sum', () => {
  let place: Place;
  beforeAll(async () => {
    place = await openPlace();
  });
  afterAll(() => place.end());

  const report = async (viewer: Viewer = '*', sides: readonly Exchange[] = exchanges) =>
    viewing(place.database, viewer, async (connection) => {
      const made = await balancesReport(connection, DAY, sides);
      if (!made.ok) return made.refusals;
      const tables = new Map<string, readonly Row[]>();
      for (const section of made.value.sections) tables.set(section.zh, await rowsOf(section));
      return tables;
    });
  const rowsOf = async (section: Report['sections'][number]) => {
    const rows: Row[] = [];
    for await (const page of section.rows()) rows.push(...page);
    return rows;
  };
  const ends = (rows: readonly Row[] | undefined) => {
    const [adjusted, apart] = rows!.slice(-2);
    return { journal: adjusted![4], book: adjusted![5], apart: apart![5] };
  };

  it('both meet to the fen, at the sum that is right, whatever the books say', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(told, { maxLength: 12 }),
        fc.record({
          ctex: fc.array(fen, { maxLength: 2 }),
          stex: fc.array(fen, { maxLength: 2 }),
          szse: fc.array(fen, { maxLength: 2 }),
        }),
        async (deals, unread) => {
          await place.compare(deals, unread);
          const tables = await report();
          if (!(tables instanceof Map)) throw new Error(JSON.stringify(tables));
          for (const side of exchanges) {
            const right = rightSum(side, deals);
            expect(ends(tables.get(exchangeNames[side].zh))).toEqual({ journal: right, book: right, apart: 0n });
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  const odd: Told = { home: 'ctex', host: 'stex', a: [700n], g: 1_000n, b: [1_000n, 1_000n] };
  const tables = async (viewer?: Viewer, sides?: readonly Exchange[]) => {
    const made = await report(viewer, sides);
    if (!(made instanceof Map)) throw new Error(JSON.stringify(made));
    return made;
  };

  it('every difference is a line with its deal, its break and its code', async () => {
    await place.compare([odd]);
    const made = await tables();
    expect(made.get('中国技术交易所')).toEqual([
      ['余额 balance', null, null, null, 1_000n, 700n],
      ['调：金额不符 the amounts differ', 'ctex:T0', expect.stringMatching(/^[0-9a-f]{32}$/), 'AMT-', null, 300n],
      ['调节后余额 adjusted balance', null, null, null, 1_000n, 1_000n],
      ['差额 difference', null, null, null, null, 0n],
    ]);
    expect(made.get('上海技术交易所')?.slice(0, 2)).toEqual([
      ['余额 balance', null, null, null, 1_000n, 2_000n],
      ['减：重复记账 entered again', 'ctex:T0', null, 'DUP', null, -1_000n],
    ]);
  });

  it('a finding that got lost leaves the two apart by just its amount', async () => {
    const { run } = await place.compare([odd]);
    await place.database.query('delete from clearing_found where run = $1', [run]);
    expect(ends((await tables()).get('中国技术交易所'))).toEqual({ journal: 1_000n, book: 700n, apart: -300n });
  });

  it('an exchange gets its own book only, and the same figures as the clearing desk', async () => {
    await place.compare([odd, { home: 'szse', host: 'ctex', a: [5n], g: 5n, b: [5n] }]);
    const whole = await tables();
    const own = await tables('stex', ['stex']);
    expect([...own.keys()]).toEqual(['上海技术交易所']);
    expect(own.get('上海技术交易所')).toEqual(whole.get('上海技术交易所'));
    expect((await tables('stex')).size).toBe(1);
  });

  it('without a comparison, or once its rows are gone, there is none', async () => {
    await place.compare([odd]);
    await place.database.query('delete from clearing_row where side = $1', ['ctex']);
    expect(await report()).toEqual([expect.objectContaining({ code: 'state-forbids' })]);
    await place.database.query('update clearing_run set finished_at = null');
    expect(await report()).toEqual([expect.objectContaining({ code: 'state-forbids' })]);
  });
});
