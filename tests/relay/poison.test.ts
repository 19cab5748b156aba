import type { Link, NativeRequest, Outcome } from '../../src/contract/adapter.ts';
import type { Database, Queryable } from '../../src/journal/database.ts';
import { leaseDeliveries } from '../../src/journal/outbox.ts';
import { openBreaker } from '../../src/relay/breaker.ts';
import { openFinisher } from '../../src/relay/finish.ts';
import { openLane } from '../../src/relay/lane.ts';
import { type Ground, openGround } from './ground.ts';
import { listing, state } from './messages.ts';

/** Listings that stex is to show; the first one is poisoned, or not. Whole rounds of what goes out at once. */
const LISTINGS = 192;
const AT_ONCE = 32;
/** What an attempt at the poisoned message may cost the journal: it is asked about, put off, and leased by itself. */
const STATEMENTS_AN_ATTEMPT = 5;

let ground: Ground;
beforeAll(async () => {
  ground = await openGround();
});
afterEach(() => ground.database.query('truncate delivery, redrive'));
afterAll(() => ground.close());

const idOf = (series: string, serial: number) => `ctex:${series}${String(serial).padStart(4, '0')}`;

/** Counts what is asked of the database, and passes it on. */
function counted(database: Database): { readonly database: Database; readonly statements: () => number } {
  let statements = 0;
  const counting = <Own extends Queryable>(own: Own): Own =>
    new Proxy(own, {
      get: (target, name) => {
        if (name === 'query') statements += 1;
        const found: unknown = Reflect.get(target, name);
        if (name === 'connect') return async () => counting(await (found as Database['connect']).call(target));
        return typeof found === 'function' ? found.bind(target) : found;
      },
    });
  return { database: counting(database), statements: () => statements };
}

interface Run {
  readonly statements: number;
  /** Requests about other listings, in the order in which they went out. */
  readonly others: readonly string[];
  /** Calls about the first listing. */
  readonly attempts: number;
}

/** All listings, then a suspension of each, twice with a pause in which what failed becomes due again. */
async function run(series: string, isPoison: boolean): Promise<Run> {
  const { database, statements } = counted(ground.database);
  const others: string[] = [];
  let attempts = 0;
  // All calls of a round come back together, so that what is counted hangs on no timing.
  let held: (() => void)[] = [];
  let expected = 0;
  const turn = async () => {
    expected -= 1;
    const mine = new Promise<void>((resolve) => held.push(resolve));
    if (held.length === AT_ONCE || expected === 0) {
      const all = held;
      held = [];
      for (const resolve of all) resolve();
    }
    await mine;
  };
  const answer = Buffer.from('answer');
  // Its mirror's number names the listing, too, so that every request says which one it is about.
  const numberIn = ({ bytes }: NativeRequest) => /[NP]\d{4}/.exec(Buffer.from(bytes).toString('latin1'))![0];
  const isAbout = (request: NativeRequest) => numberIn(request) === idOf(series, 1).slice(5);
  const done = (request: NativeRequest): Outcome => ({ outcome: 'accepted', number: `JX${numberIn(request)}`, answer });
  const link = {
    send: async (request: NativeRequest) => {
      if (isAbout(request)) attempts += 1;
      else others.push(request.id);
      await turn();
      return isAbout(request) && isPoison ? { outcome: 'ambiguous', reason: 'cut' } : done(request);
    },
    ask: async (): Promise<Outcome> => ({ outcome: 'absent' }),
  } as unknown as Link;
  const faults: unknown[] = [];
  const finisher = openFinisher({
    ...{ ...ground.parts, database, random: () => 0, onFault: (error: unknown) => faults.push(error) },
    ...{ retryBaseMs: 1_000, retryCapMs: 60_000, retryAttempts: 20, batch: 100, lingerMs: 0 },
  });
  const lane = openLane({
    ...{ exchange: 'stex', link, database, nowMs: ground.nowMs, mayUse: () => true },
    adapter: ground.parts.adapters.get('stex')!,
    breaker: openBreaker({
      ...{ breakerFailures: 5, breakerBaseMs: 50, breakerCapMs: 100, concurrency: AT_ONCE },
      ...{ random: () => 0, onChange: () => {} },
    }),
    instant: ground.desk().instant,
    finished: (attempt) => finisher.finish('stex', attempt),
    onFault: (error) => faults.push(error),
    ...{ batch: 100, concurrency: AT_ONCE, leaseMs: 3_600_000, lingerMs: 0 },
  });
  const deliver = async () => {
    const { rows } = await ground.database.query<{ due: number }>(
      `select count(distinct lane)::int as due from delivery where open and due_at <= $1`,
      [new Date(ground.nowMs())],
    );
    expected = rows[0]!.due;
    await lane.drain();
  };

  const ids = Array.from({ length: LISTINGS }, (_, i) => idOf(series, i + 1));
  const toStex = () => ground.database.query(`delete from delivery where exchange <> 'stex'`);
  await ground.sendAll(ids.map((id) => ground.arrival('ctex', listing(id))));
  await toStex();
  const before = statements();
  await deliver();
  for (const [round, said] of (['suspended', 'published'] as const).entries()) {
    ground.advance(120_000);
    const at = ground.desk().instant(ground.nowMs());
    await ground.sendAll(ids.map((id) => ground.arrival('ctex', state(id, round + 2, said, at))));
    await toStex();
    await deliver();
  }
  await lane.stop();
  expect(faults).toEqual([]);
  return { statements: statements() - before, others, attempts };
}

describe('one poisoned stream among many', () => {
  it('costs the journal its own attempts and nothing for the others, which are sent once each, in order', async () => {
    const without = await run('N', false);
    await ground.database.query('truncate delivery, redrive');
    const with_ = await run('P', true);
    expect(without.attempts).toBe(3);
    expect(with_.attempts).toBe(3);
    expect(without.others).toHaveLength((LISTINGS - 1) * 3);
    expect(new Set(with_.others).size).toBe(with_.others.length);
    expect(with_.others).toHaveLength(without.others.length);
    expect(with_.statements - without.statements).toBeLessThanOrEqual(with_.attempts * STATEMENTS_AN_ATTEMPT);
    const { rows } = await ground.database.query(
      `select lane, state, count(*)::int as count from delivery where open group by lane, state order by state`,
    );
    expect(rows).toEqual([
      { lane: idOf('P', 1), state: 'in-doubt', count: 1 },
      { lane: idOf('P', 1), state: 'waiting', count: 2 },
    ]);
  });
});

describe('what has gathered behind a poisoned message', () => {
  const BEHIND = 2_000;
  const NOW = new Date('2026-03-02T01:30:00Z');
  const LATER = new Date('2026-03-02T02:00:00Z');

  /** Deliveries of 100 healthy streams, `behind` in one whose first waits for another try or is dead, and old ones. */
  const fill = async (behind: number, first: 'in-doubt' | 'waiting' | 'dead') => {
    const insert = `insert into delivery (message, exchange, lane, kind, state, open, due_at, reason, created_at)`;
    await ground.database.query(
      `${insert} values (gen_random_uuid(), 'stex', 'ctex:P', 'listing', $1, true, $2, '{}', $3)`,
      [first, first === 'dead' ? new Date('9999-12-31T00:00:00Z') : LATER, NOW],
    );
    await ground.database.query(
      `${insert} select gen_random_uuid(), 'stex', 'ctex:P', 'listing-state', 'waiting', true, $2::timestamptz, null, $2
         from generate_series(1, $1::int)`,
      [behind, NOW],
    );
    await ground.database.query(
      `${insert} select gen_random_uuid(), 'stex', 'ctex:L' || i, 'listing-state', 'waiting', true, $1::timestamptz, null, $1
         from generate_series(1, 100) i`,
      [NOW],
    );
    await ground.database.query(
      `insert into delivery (message, exchange, lane, kind, state, open, due_at, created_at)
       select gen_random_uuid(), 'stex', 'ctex:D' || i, 'listing-state', 'accepted', false, $1::timestamptz, $1
         from generate_series(1, 20000) i`,
      [NOW],
    );
    await ground.database.query('analyze delivery');
  };

  /** How many pages of tables and indexes a lease looks into. */
  const pagesOfLease = async (): Promise<number> => {
    let text = '';
    let values: readonly unknown[] = [];
    const overheard: Queryable = {
      query: async (said, given = []) => {
        [text, values] = [said, given];
        return { rows: [] } as never;
      },
    };
    await leaseDeliveries(overheard, 'stex', 64, NOW, LATER);
    const connection = await ground.database.connect();
    try {
      await connection.query('begin');
      const { rows } = await connection.query(`explain (analyze, buffers, format json) ${text}`, [...values]);
      await connection.query('rollback');
      const plan = rows[0]['QUERY PLAN'][0].Plan as Pages;
      return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
    } finally {
      connection.release();
    }
  };

  it.each(['in-doubt', 'waiting', 'dead'] as const)('is passed over by every lease (%s)', async (first) => {
    await fill(2, first);
    const few = await pagesOfLease();
    await ground.database.query('truncate delivery, redrive');
    await fill(BEHIND, first);
    const many = await pagesOfLease();
    // Rows lie on a page by dozens; to look for each whether one comes before it takes three pages a row.
    expect(many - few).toBeLessThan(BEHIND / 2);
  });

  it('and a lease changes nothing that an index holds', async () => {
    await fill(2, 'waiting');
    const connection = await ground.database.connect();
    const counts = async () => {
      const { rows } = await connection.query<{ updated: number; hot: number }>(
        `select pg_stat_get_xact_tuples_updated(oid)::int as updated, pg_stat_get_xact_tuples_hot_updated(oid)::int as hot
           from pg_class where oid = 'delivery'::regclass`,
      );
      return rows[0]!;
    };
    try {
      await connection.query('begin');
      const before = await counts();
      await leaseDeliveries(connection, 'stex', 10, NOW, LATER);
      const after = await counts();
      await connection.query('rollback');
      expect({ updated: after.updated - before.updated, hot: after.hot - before.hot }).toEqual({
        updated: 10,
        hot: 10,
      });
    } finally {
      connection.release();
    }
  });

  it('goes out in order once the first is due again', async () => {
    await fill(3, 'in-doubt');
    const leased = await leaseDeliveries(ground.database, 'stex', 200, LATER, new Date('2026-03-02T03:00:00Z'));
    // Without messages of their own the rows are leased and not given; the table says which they were.
    expect(leased).toEqual([]);
    const { rows } = await ground.database.query(`select kind, state from delivery where lane = 'ctex:P' order by no`);
    expect(rows.map(({ kind, state: is }) => `${kind} ${is}`)).toEqual([
      'listing sending',
      ...Array(3).fill('listing-state waiting'),
    ]);
  });
});

interface Pages {
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
}
