/** Judges the engine and every mutant of it on one database after the other: one line of JSON for each, the whole one first. */
import { jobsHere } from '../../../src/clearing/jobs.ts';
import type { loadJournalCut } from '../../../src/clearing/load-journal.ts';
import { readTolerances } from '../../../src/clearing/tolerance.ts';
import { type Database, openDatabase } from '../../../src/journal/database.ts';
import { GATEWAY_ROLE } from '../../../src/journal/roles.ts';
import { seededBooks } from '../../support/clearing/generate.ts';
import { createTestDatabase } from '../../support/database.ts';
import { CUT_DAY, cutKey, cutTotals, loadCutDay, putCutDay } from '../cut-day.ts';
import { compareDay, type Engine, loadDay } from '../day.ts';
import { EDGE_DAY, edgeKey, edgeTolerances, edgeTotals, putEdgeDay } from '../edge-day.ts';
import { expectedOf, totalsOf } from '../expected.ts';
import { amiss, type Judgement, judge } from '../judge.ts';
import { type Mutant, mutants } from './table.ts';

interface MutableEngine extends Engine {
  readonly loadJournalCut: typeof loadJournalCut;
}

const [seed, deals] = process.argv.slice(2).map(Number) as [number, number];
const made = seededBooks({ seed, deals, each: 2 });
const expected = expectedOf(made);
const totals = totalsOf(made, expected);
const tolerances = readTolerances(edgeTolerances);
if (!tolerances.ok) throw new Error(JSON.stringify(tolerances.refusals));

async function engineOf(mutant: Mutant | undefined): Promise<MutableEngine> {
  const query = mutant && `?mutant=${Buffer.from(JSON.stringify(mutant)).toString('base64url')}`;
  const from = (name: string) =>
    import(new URL(`../../../src/clearing/${name}.ts${query ?? ''}`, import.meta.url).href);
  return { ...(await from('load')), ...(await from('load-journal')), ...(await from('reconcile')) };
}

async function onDatabase<Result>(work: (database: Database) => Promise<Result>): Promise<Result> {
  const place = await createTestDatabase();
  const database = openDatabase(place.url, { max: 6, role: GATEWAY_ROLE });
  try {
    return await work(database);
  } finally {
    await database.close();
    await place.drop();
  }
}

type Day = (engine: MutableEngine) => Promise<Judgement>;

const onLoading: Readonly<Record<'load' | 'cut', Day>> = {
  load: (engine) =>
    onDatabase(async (database) => {
      await loadDay(made, database.url, engine);
      return judge(await compareDay(database, { cycle: made.date }, engine), expected, totals);
    }),
  cut: (engine) =>
    onDatabase(async (database) => {
      const cut = await putCutDay(database);
      await loadCutDay(database, cut, engine.loadJournalCut);
      return judge(await compareDay(database, { cycle: CUT_DAY }, engine), cutKey, cutTotals);
    }),
};

function line(name: string, day: string, judgement: Judgement): string {
  const { recall, precision } = judgement;
  return JSON.stringify({ name, day, recall, precision, amiss: amiss(judgement) });
}

await onDatabase(async (database) => {
  const whole = await engineOf(undefined);
  await loadDay(made, database.url, whole);
  await putEdgeDay(database);
  const onComparing: Readonly<Record<'seeded' | 'edges', Day>> = {
    seeded: async (engine) => judge(await compareDay(database, { cycle: made.date }, engine), expected, totals),
    edges: async (engine) => {
      const order = { cycle: EDGE_DAY, tolerances: tolerances.value };
      return judge(await compareDay(database, order, engine), edgeKey, edgeTotals());
    },
  };
  const lines: string[] = [];
  for (const [name, day] of Object.entries({ ...onComparing, ...onLoading }))
    lines.push(line('', name, await day(whole)));
  const ofMutants = await jobsHere(2).run('mutants', mutants, async (mutant) => {
    const engine = await engineOf(mutant);
    if (mutant.day !== undefined) return line(mutant.name, mutant.day, await onLoading[mutant.day](engine));
    // The second day only where the first has not shown it.
    const seeded = await onComparing.seeded(engine);
    if (amiss(seeded) !== '') return line(mutant.name, 'seeded', seeded);
    return line(mutant.name, 'edges', await onComparing.edges(engine));
  });
  process.stdout.write([...lines, ...ofMutants].map((one) => `${one}\n`).join(''));
});
