import { checklistOf } from '../../../src/clearing/checklist.ts';
import { type Blocker, BY_CLOCK, type CycleState, cycleStates, readCycle } from '../../../src/clearing/cycle.ts';
import { openClosing, type Step, type Steps } from '../../../src/clearing/cycle-close.ts';
import { eventsAfter } from '../../../src/clearing/cycle-events.ts';
import { openCycle, reopenCycle } from '../../../src/clearing/cycle-moves.ts';
import { type Database, openDatabase, transaction } from '../../../src/journal/database.ts';
import { GATEWAY_ROLE } from '../../../src/journal/roles.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const RUN = '00000000-0000-4000-8000-000000000001';
const AT = new Date('2026-03-02T18:00:00+08:00');
const LI = { name: 'li', role: 'checker' };

let place: TestDatabase;
let database: Database;
let other: Database;
beforeAll(async () => {
  place = await createTestDatabase();
  const open = () => openDatabase(place.url, { max: 4, role: GATEWAY_ROLE });
  [database, other] = [open(), open()];
  await database.query(
    `insert into clearing_run (id, cycle, version, rules_sha256, started_at) values ($1, '2026-03-02', 1, 'x', now())`,
    [RUN],
  );
});
afterAll(async () => {
  await Promise.all([database.close(), other.close()]);
  await place.drop();
});

const NEXT = {
  open: 'cut',
  cut: 'loaded',
  loaded: 'reconciled',
  reconciled: 'held',
  held: 'netted',
  netted: 'confirmed',
  confirmed: 'instructed',
  instructed: 'settled',
  settled: 'closed',
  failed: 'closed',
} as const satisfies Record<Exclude<CycleState, 'closed'>, CycleState>;

/** Steps that go straight on, each with a note that it was taken; `instead` takes the place of one. */
function stepsOf(taken: string[], instead: Partial<Steps> = {}): Steps {
  const straight = Object.entries(NEXT).map(([from, to]): [string, Step] => [
    from,
    async () => {
      taken.push(from);
      return {
        to,
        detail: { from },
        ...(to === 'cut' ? { cut: 7n } : {}),
        ...(to === 'reconciled' ? { run: RUN } : {}),
      };
    },
  ]);
  return { ...(Object.fromEntries(straight) as unknown as Steps), ...instead };
}

const closingOf = (steps: Steps, on = database) =>
  openClosing({ database: on, steps, isBusinessDay: () => true, nowMs: () => AT.getTime() });

const opened = (cycle: string) => transaction(database, (connection) => openCycle(connection, cycle, LI, AT));

test('a day goes through every state in order, each line of its checklist saying who and when', async () => {
  expect(await opened('2026-03-02')).toBe(true);
  expect(await opened('2026-03-02')).toBe(false);
  const taken: string[] = [];
  const cycle = await closingOf(stepsOf(taken)).advance('2026-03-02', LI);
  expect(cycle).toMatchObject({ state: 'closed', cut: 7n, run: RUN, version: 1, blocked: [] });
  expect(taken).toEqual(Object.keys(NEXT).filter((state) => state !== 'failed'));
  const lines = await checklistOf(database, cycle!);
  expect(lines.map(({ state }) => state)).toEqual(Object.keys(cycleStates).filter((state) => state !== 'failed'));
  for (const { done, blocked } of lines) {
    expect(done).toMatchObject({ by: 'li', role: 'checker', at: AT });
    expect(blocked).toEqual([]);
  }
  const { rows } = await database.query<{ act: string }>(
    `select act from audit where subject = 'clearing/2026-03-02' order by no`,
  );
  expect(rows.map(({ act }) => act)).toEqual(lines.map(({ state }) => `cycle-${state}`));
});

test('what is in the way is said once, and the day goes on from there when it is gone', async () => {
  await opened('2026-03-03');
  const blocked: Blocker[] = [
    { code: 'book-missing', exchange: 'stex', stops: false, zh: '对账单未到', en: 'not come' },
  ];
  const taken: string[] = [];
  const waiting = closingOf(stepsOf(taken, { cut: async () => ({ blocked }) }));
  const before = (await eventsAfter(database, 0n, 1000)).length;
  for (let look = 0; look < 3; look++) {
    const cycle = await waiting.advance('2026-03-03', BY_CLOCK);
    expect(cycle).toMatchObject({ state: 'cut', blocked });
    const lines = await checklistOf(database, cycle!);
    expect(lines.filter((line) => line.blocked.length > 0).map(({ state }) => state)).toEqual(['loaded']);
  }
  const told = (await eventsAfter(database, 0n, 1000)).slice(before).map(({ kind }) => kind);
  expect(told).toEqual(['state', 'blocked']);
  const cycle = await closingOf(stepsOf(taken)).advance('2026-03-03', BY_CLOCK);
  expect(cycle).toMatchObject({ state: 'closed', blocked: [] });
  expect(taken.filter((state) => state === 'open')).toHaveLength(1);
});

test('a step that dies leaves the day where it was; the next takes it again, and what belongs to the move is done once', async () => {
  await opened('2026-03-04');
  let tries = 0;
  const netted: Step = async () => ({
    to: 'confirmed',
    detail: {},
    within: async (connection) => {
      tries++;
      await connection.query(`insert into clearing_event (cycle, kind, detail, at) values ('x', 'break', '{}', now())`);
      if (tries === 1) throw new Error('killed');
    },
  });
  const closing = closingOf(stepsOf([], { netted }));
  await expect(closing.advance('2026-03-04', BY_CLOCK)).rejects.toThrow('killed');
  expect((await readCycle(database, '2026-03-04'))?.state).toBe('netted');
  expect((await closing.advance('2026-03-04', BY_CLOCK))?.state).toBe('closed');
  const { rows } = await database.query(`select from clearing_event where cycle = 'x'`);
  expect([tries, rows.length]).toEqual([2, 1]);
});

test('of two gateways one goes on with a day, and the other leaves it to that one', async () => {
  await opened('2026-03-05');
  let entered = () => {};
  let release = () => {};
  const isIn = new Promise<void>((resolve) => {
    entered = resolve;
  });
  const mayGo = new Promise<void>((resolve) => {
    release = resolve;
  });
  const taken: string[] = [];
  const loaded: Step = async () => {
    entered();
    await mayGo;
    return { to: 'reconciled', run: RUN, detail: {} };
  };
  const first = closingOf(stepsOf(taken, { loaded })).advance('2026-03-05', BY_CLOCK);
  await isIn;
  const second = await closingOf(stepsOf(taken), other).advance('2026-03-05', BY_CLOCK);
  expect(second?.state).toBe('loaded');
  release();
  expect((await first)?.state).toBe('closed');
  expect(taken.filter((state) => state === 'cut')).toHaveLength(1);
});

test('a day is compared again under the next version until three have signed, and not after', async () => {
  await opened('2026-03-06');
  const stop: Step = async () => ({ blocked: [] });
  await closingOf(stepsOf([], { netted: stop })).advance('2026-03-06', LI);
  const again = (cycle: string) =>
    transaction(database, (connection) => reopenCycle(connection, cycle, 'a book', LI, AT));
  expect(await again('2026-03-06')).toBe(true);
  const cycle = await readCycle(database, '2026-03-06');
  expect(cycle).toMatchObject({ state: 'cut', version: 2, cut: 7n });
  const lines = await checklistOf(database, cycle!);
  expect(lines.filter(({ done }) => done !== null).map(({ state }) => state)).toEqual(['open', 'cut']);
  await closingOf(stepsOf([], { confirmed: stop })).advance('2026-03-06', LI);
  expect(await again('2026-03-06')).toBe(false);
  expect(await readCycle(database, '2026-03-06')).toMatchObject({ state: 'confirmed', version: 2 });
});

test('days that came while no gateway ran are opened by the clock, and days of rest never', async () => {
  const days = new Set(['2026-03-09', '2026-03-10', '2026-03-12']);
  const closing = openClosing({
    database,
    steps: stepsOf([], { open: async () => ({ blocked: [] }) }),
    isBusinessDay: (date) => days.has(date),
    nowMs: () => Date.parse('2026-03-12T08:00:00+08:00'),
  });
  await closing.sweep();
  await closing.sweep();
  const { rows } = await database.query<{ cycle: string }>(
    `select cycle from clearing_cycle where cycle > '2026-03-06' order by cycle`,
  );
  expect(rows.map(({ cycle }) => cycle)).toEqual([...days]);
});
