import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { qiao } from '../cli/command-line.ts';
import { faults } from '../support/clearing/faults.ts';
import { type SeededBooks, seededBooks } from '../support/clearing/generate.ts';
import { type FoundBreak, scoreOf } from '../support/clearing/score.ts';
import { type Side, sides } from '../support/clearing/truth.ts';
import { writeBook } from '../support/clearing/writers.ts';
import { serverUrl } from '../support/database.ts';

const seed = Number(process.env.QIAO_SEED ?? Math.floor(Math.random() * 1_000_000));
const deals = Number(process.env.QIAO_DEALS ?? 3000);

interface Found extends FoundBreak {
  readonly breakId: string;
  readonly codes: readonly string[];
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qiao-generated-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** `qiao reconcile` on the books as files. */
async function reconcile({ date, journal, statements }: Pick<SeededBooks, 'date' | 'journal' | 'statements'>) {
  const path = (name: string) => join(folder, name);
  await writeFile(path('journal.jsonl'), journal);
  for (const side of sides) await writeFile(path(side), statements[side]);
  const ran = await qiao(
    [
      ...['reconcile', '--date', date, '--journal', path('journal.jsonl'), '--out', path('out.jsonl')],
      ...sides.flatMap((side) => ['--statement', `${side}=${path(side)}`]),
    ],
    { env: { DATABASE_URL: serverUrl(), QIAO_DATA: folder } },
  );
  const breaks = async () => {
    const text = await readFile(path('out.jsonl'), 'utf8');
    return text.split('\n').flatMap((line): Found[] => (line === '' ? [] : [JSON.parse(line) as Found]));
  };
  return { ...ran, breaks: ran.exit === 0 ? await breaks() : [], summary: () => JSON.parse(ran.stdout.toString()) };
}

describe(`books with seeded faults (QIAO_SEED=${seed}, QIAO_DEALS=${deals})`, () => {
  it.each([0, 1, 2])(
    'every fault is found, and nothing that is none; every amount to the fen (seed + %i)',
    async (more) => {
      const made = seededBooks({ seed: seed + more, deals });
      const { exit, stderr, breaks } = await reconcile(made);
      expect([exit, stderr]).toEqual([0, '']);
      const score = scoreOf(breaks, made.key);
      expect(score).toEqual({ recall: 1, precision: 1, missed: [], invented: [], wrongDeltas: [] });
    },
  );

  it('books without a fault have no break, deals in flight and equal twins among them', async () => {
    const made = seededBooks({ seed, deals: 1500, only: [] });
    const { breaks, summary } = await reconcile(made);
    expect(breaks).toEqual([]);
    expect(summary().rows.journal['in-flight'].rows).toBeGreaterThan(0);
  });

  it('one fault taken away takes exactly its breaks away (P14), and what stays keeps its id', async () => {
    const all = Object.keys(faults).slice(0, 6);
    const one = await reconcile(seededBooks({ seed, deals: 800, each: 1, only: all }));
    // The last fault, so that those before it are drawn the same.
    const less = seededBooks({ seed, deals: 800, each: 1, only: all.slice(0, -1) });
    const other = await reconcile(less);
    const ids = new Set(one.breaks.map(({ breakId }) => breakId));
    expect(other.breaks.every(({ breakId }) => ids.has(breakId))).toBe(true);
    expect(scoreOf(other.breaks, less.key)).toMatchObject({ recall: 1, precision: 1 });
    expect(one.breaks.length - other.breaks.length).toBe(1);
  });

  it('in another order of rows and lines the result is the same (P6, P15), and no suggestion acts by itself', async () => {
    const made = seededBooks({ seed, deals: 1200 });
    const turned = {
      date: made.date,
      journal: Buffer.from(`${made.journal.toString().trimEnd().split('\n').toReversed().join('\n')}\n`),
      statements: Object.fromEntries(
        sides.map((side) => [side, writeBook[side](made.rows[side].toReversed(), { date: made.date, batch: 1 })]),
      ) as Record<Side, Buffer>,
    };
    const names = ({ breaks }: { readonly breaks: readonly Found[] }) =>
      breaks.map(({ breakId, code, delta }) => `${breakId} ${code} ${delta}`).sort();
    const [first, second] = [await reconcile(made), await reconcile(turned)];
    expect(names(second)).toEqual(names(first));
    // A wrong reference is suggested and still stands as two breaks.
    expect(first.breaks.filter(({ code }) => code === 'P010').length).toBeGreaterThan(2);
  });
});

describe('files that are not the day’s book', () => {
  const made = seededBooks({ seed, deals: 300, only: [] });
  const spoilt: readonly (readonly [string, (bytes: Buffer, side: Side) => Buffer])[] = [
    ['cut short in the middle of a row', (bytes) => bytes.subarray(0, Math.floor(bytes.length * 0.6))],
    ['without its last line', (bytes) => bytes.subarray(0, bytes.lastIndexOf('\n', bytes.length - 2) + 1)],
    ['with one digit changed', (bytes) => changed(bytes)],
    ['of the day before', (_, side) => writeBook[side](made.rows[side], { date: '2026-03-01', batch: 1 })],
    ['empty', () => Buffer.alloc(0)],
  ];
  it.each(sides.flatMap((side) => spoilt.map(([what, spoil]) => [side, what, spoil] as const)))(
    '%s, %s: refused with a reason in both languages, and nothing is compared',
    async (side, _, spoil) => {
      const statements = { ...made.statements, [side]: spoil(made.statements[side], side) };
      const { exit, stderr, breaks } = await reconcile({ ...made, statements });
      expect([exit, breaks]).toEqual([2, []]);
      const problem = JSON.parse(stderr) as { code: string; errors: { message_zh: string; message_en: string }[] };
      expect(problem.errors[0]).toMatchObject({ message_zh: expect.any(String), message_en: expect.any(String) });
    },
  );

  it('the other exchange’s book under its name is refused', async () => {
    const statements = { ...made.statements, szse: made.statements.ctex };
    expect((await reconcile({ ...made, statements })).exit).toBe(2);
  });
});

/** Another digit in a price, the length and form left as they are. */
function changed(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const at = copy.indexOf('6', Math.floor(copy.length / 2));
  copy[at] = 0x37;
  return copy;
}
