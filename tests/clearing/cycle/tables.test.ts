import { type Database, openDatabase } from '../../../src/journal/database.ts';
import { GATEWAY_ROLE } from '../../../src/journal/roles.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let place: TestDatabase;
let database: Database;
beforeAll(async () => {
  place = await createTestDatabase();
  database = openDatabase(place.url, { max: 2, role: GATEWAY_ROLE });
});
afterAll(async () => {
  await database.close();
  await place.drop();
});

const STATES = [
  ...([
    'open',
    'cut',
    'loaded',
    'reconciled',
    'held',
    'netted',
    'confirmed',
    'instructed',
    'settled',
    'failed',
  ] as const),
  'closed',
] as const;
type State = (typeof STATES)[number];

/** clearing.md §3, and back to the cut only until three have signed. */
const MOVES: Readonly<Record<State, readonly State[]>> = {
  open: ['cut'],
  cut: ['loaded'],
  loaded: ['reconciled', 'cut'],
  reconciled: ['held', 'cut'],
  held: ['netted', 'cut'],
  netted: ['confirmed', 'cut'],
  confirmed: ['instructed'],
  instructed: ['settled', 'failed'],
  settled: ['closed'],
  failed: ['closed'],
  closed: [],
};

test('the database lets a cycle go from one state to the next, and no other way', async () => {
  const run = '00000000-0000-4000-8000-000000000001';
  await database.query(
    `insert into clearing_run (id, cycle, version, rules_sha256, started_at) values ($1, '2026-03-02', 1, 'x', now())`,
    [run],
  );
  for (const from of STATES) {
    for (const to of STATES.filter((state) => state !== from)) {
      const day = `20${String(10 + STATES.indexOf(from))}-01-${String(10 + STATES.indexOf(to))}`;
      await database.query(
        `insert into clearing_cycle (cycle, state, cut, run, opened_at, changed_at) values ($1, $2, 7, $3, now(), now())`,
        [day, from, run],
      );
      const moved = await database.query('update clearing_cycle set state = $2 where cycle = $1', [day, to]).then(
        () => true,
        (error: { code?: string }) => error.code !== '23514',
      );
      expect([from, to, moved]).toEqual([from, to, MOVES[from].includes(to)]);
    }
  }
});
