import { codes as taxonomy } from '../../../src/clearing/codes.ts';
import { readTolerances } from '../../../src/clearing/tolerance.ts';
import { type Database, openDatabase } from '../../../src/journal/database.ts';
import { GATEWAY_ROLE } from '../../../src/journal/roles.ts';
import { seededBooks } from '../../support/clearing/generate.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { compareDay, loadDay } from '../day.ts';
import { EDGE_DAY, edgeKey, edgeTolerances, edgeTotals, putEdgeDay } from '../edge-day.ts';
import { expectedOf, totalsOf } from '../expected.ts';
import { amiss, type CodeScore, type Judgement, judge, noScore } from '../judge.ts';

const seed = Number(process.env.QIAO_SEED ?? Math.floor(Math.random() * 1_000_000));
const runs = Number(process.env.QIAO_RUNS ?? 2);
const deals = Number(process.env.QIAO_DEALS ?? 1500);

/** Recall, precision, amounts, severity and blame by code: run with QIAO_RUNS, QIAO_SEED and QIAO_DEALS for more. */
describe(`the score of the comparison (QIAO_SEED=${seed}, QIAO_RUNS=${runs}, QIAO_DEALS=${deals})`, () => {
  const codes: Record<string, CodeScore> = {};
  const add = (judgement: Judgement) => {
    for (const [code, score] of Object.entries(judgement.codes)) {
      codes[code] ??= noScore();
      for (const what of Object.keys(score) as (keyof CodeScore)[]) codes[code][what] += score[what];
    }
    return judgement;
  };
  afterAll(() => {
    const heads = ['expected', 'found', 'recall', 'precision', 'wrong delta', 'wrong blame'];
    const cells = (all: readonly (string | number)[]) => all.map((cell) => String(cell).padStart(12)).join('');
    const lines = Object.entries(codes)
      .sort()
      .map(([code, { expected, found, right, deltas, blames }]) => {
        const [recall, precision] = [right / expected, right / found].map((share) => share.toFixed(4)) as [
          string,
          string,
        ];
        return `${code.padEnd(8)}${cells([expected, found, recall, precision, deltas, blames])}`;
      });
    process.stdout.write(`${'code'.padEnd(8)}${cells(heads)}\n${lines.join('\n')}\n`);
  });

  const withDatabase = async (work: (database: Database, place: TestDatabase) => Promise<void>) => {
    const place = await createTestDatabase();
    const database = openDatabase(place.url, { max: 3, role: GATEWAY_ROLE });
    try {
      await work(database, place);
    } finally {
      await database.close();
      await place.drop();
    }
  };

  it.each(Array.from({ length: runs }, (_, i) => i))(
    'is full on seeded books, in severity, blame and suggestions too (seed + %i)',
    async (more) => {
      const made = seededBooks({ seed: seed + more, deals });
      const expected = expectedOf(made);
      await withDatabase(async (database, place) => {
        await loadDay(made, place.url);
        const judged = add(judge(await compareDay(database, { cycle: made.date }), expected, totalsOf(made, expected)));
        expect([amiss(judged), judged.missed, judged.invented]).toEqual(['', [], []]);
      });
    },
  );

  it('is full on what the exchanges’ own books cannot say, tolerances and what stands alone', async () => {
    const tolerances = readTolerances(edgeTolerances);
    if (!tolerances.ok) throw new Error(JSON.stringify(tolerances.refusals));
    await withDatabase(async (database) => {
      await putEdgeDay(database);
      const compared = await compareDay(database, { cycle: EDGE_DAY, tolerances: tolerances.value });
      const judged = add(judge(compared, edgeKey, edgeTotals()));
      expect([amiss(judged), judged.missed, judged.invented]).toEqual(['', [], []]);
      expect(compared.tolerated).toEqual([
        { side: 'ctex', deals: 1, deltaFen: '-5', grossFen: '5' },
        { side: 'stex', deals: 2, deltaFen: '1005', grossFen: '1005' },
      ]);
    });
  });

  it('is of every code that comparing can come to', () => {
    // CTL and SIG stop a book before it is compared; what REF and SPL name is suggested beside the presence codes.
    const before = ['CTL', 'SIG', 'REF', 'SPL'];
    expect(Object.keys(codes).sort()).toEqual(
      Object.keys(taxonomy)
        .filter((code) => !before.includes(code))
        .sort(),
    );
  });
});
