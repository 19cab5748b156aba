import { randomUUID } from 'node:crypto';
import { adapters as shipped } from '../../adapters/all.ts';
import type { Link } from '../../src/contract/adapter.ts';
import { exchanges } from '../../src/contract/exchange.ts';
import { transaction } from '../../src/journal/database.ts';
import { dropExpired } from '../../src/journal/housekeeping.ts';
import { openBreaker } from '../../src/relay/breaker.ts';
import { openFinisher } from '../../src/relay/finish.ts';
import { takeIn } from '../../src/relay/intake.ts';
import { openLane } from '../../src/relay/lane.ts';
import { redecide } from '../../src/relay/redecide.ts';
import { adoptRulebook, openRuleDesk, readHistories } from '../../src/relay/rulebooks.ts';
import { until } from '../support/processes.ts';
import { codesOf, type Ground, openGround } from './ground.ts';
import { listing, state } from './messages.ts';

/** Several gateways do the same thing to one database at the same moment. */
let ground: Ground;
beforeAll(async () => {
  ground = await openGround();
});
afterAll(() => ground.close());

const TIMES = 10;

describe('two gateways at one door', () => {
  it('give the same message one answer and one effect', async () => {
    for (let i = 0; i < TIMES; i++) {
      const arrival = ground.arrival('ctex', listing(`ctex:T${i}`));
      const before = await ground.counts();
      const [one, other] = await Promise.all([takeIn([arrival], ground.parts), takeIn([arrival], ground.parts)]);
      expect(one).toEqual(other);
      expect(one[0]).toMatchObject({ outcome: 'accepted' });
      const after = await ground.counts();
      expect([after.message! - before.message!, after.inbox! - before.inbox!]).toEqual([1, 1]);
      expect(after.delivery! - before.delivery!).toBe(2);
    }
  });

  it('let one of two contents under one id in; the other is a conflict, and both are kept', async () => {
    for (let i = 0; i < TIMES; i++) {
      const key = randomUUID();
      const contents = ['甲', '乙'].map((title) => ground.arrival('ctex', listing(`ctex:C${i}`, { title }), { key }));
      const before = await ground.counts();
      const answers = await Promise.all(contents.map((arrival) => takeIn([arrival], ground.parts)));
      const codes = answers.map(([answer]) => codesOf(answer!).join());
      expect(codes.toSorted()).toEqual(['', 'id-conflict']);
      const after = await ground.counts();
      expect([after.message! - before.message!, after.equivocation! - before.equivocation!]).toEqual([1, 1]);
    }
  });
});

it('two gateways that decide again at once send what may go now once', async () => {
  const ids: string[] = [];
  for (let i = 0; i < TIMES; i++) {
    ids.push(`ctex:R${i}`);
    await ground.send('ctex', listing(`ctex:R${i}`, { mode: 'auction' }));
  }
  const toSzse = async () => {
    const { rows } = await ground.database.query<{ lane: string }>(
      `select lane from delivery where exchange = 'szse' and lane = any($1) order by lane`,
      [ids],
    );
    return rows.map(({ lane }) => lane);
  };
  expect(await toSzse()).toEqual([]);
  const book = shipped.find(({ exchange }) => exchange === 'szse')!.rulebooks.at(-1) as {
    readonly version: number;
    readonly clauses: readonly { readonly dimension: string; readonly value: unknown }[];
  };
  const clauses = book.clauses.map((clause) =>
    clause.dimension === 'modes' ? { ...clause, value: [...(clause.value as string[]), 'auction'] } : clause,
  );
  const adopted = await transaction(ground.database, (connection) =>
    adoptRulebook(connection, { ...book, version: book.version + 1, clauses }, new Date(ground.nowMs()), {
      ...{ exchanges, seals: ground.seals, newId: randomUUID },
    }),
  );
  expect(adopted).toMatchObject({ ok: true });
  const desk = openRuleDesk(await readHistories(ground.database, exchanges));
  const parts = { ...ground.parts, rules: () => desk, batch: 3 };
  const went = await Promise.all([redecide(parts, true), redecide(parts, true), redecide(parts, true)]);
  expect(went.reduce((sum, one) => sum + one, 0)).toBe(TIMES);
  expect(await toSzse()).toEqual(ids.toSorted());
});

it('two gateways share the deliveries of an exchange: each goes out once, and what is about one listing in its order', async () => {
  await ground.database.query('truncate delivery, redrive');
  const ids: string[] = [];
  for (let i = 0; i < 12; i++) {
    const id = `stex:S${i}`;
    ids.push(id);
    await ground.send('stex', listing(id));
    await ground.send('stex', state(id, 2, 'suspended', '2026-03-02T09:25:00+08:00'));
    await ground.send('stex', state(id, 3, 'published', '2026-03-02T09:26:00+08:00'));
  }
  await ground.database.query(`delete from delivery where exchange <> 'ctex'`);
  const sent: string[] = [];
  const by = [0, 0];
  const faults: unknown[] = [];
  const onFault = (error: unknown) => void faults.push(error);
  const open = (gateway: 0 | 1) => {
    const waits = { retryBaseMs: 1, retryCapMs: 1, retryAttempts: 3, batch: 100, lingerMs: 0 };
    const finisher = openFinisher({ ...ground.parts, ...waits, random: () => 0, onFault });
    const link = {
      send: async (request) => {
        by[gateway]! += 1;
        await new Promise((resolve) => setImmediate(resolve));
        sent.push(request.id);
        return { outcome: 'accepted', number: `N-${request.id}`, answer: Buffer.from('answer') };
      },
      ask: async () => ({ outcome: 'absent' }),
    } as Partial<Link> as Link;
    const limits = { breakerFailures: 5, breakerBaseMs: 1, breakerCapMs: 1, concurrency: 2 };
    return openLane({
      ...{ exchange: 'ctex', adapter: ground.parts.adapters.get('ctex')!, link, database: ground.database, onFault },
      ...{
        nowMs: ground.nowMs,
        instant: ground.desk().instant,
        batch: 2,
        concurrency: 2,
        leaseMs: 30_000,
        lingerMs: 0,
      },
      breaker: openBreaker({ ...limits, random: () => 0, onChange: () => {} }),
      mayUse: () => true,
      finished: (attempt) => finisher.finish('ctex', attempt),
    });
  };
  const lanes = [open(0), open(1)];
  const isOpen = async () => {
    const { rows } = await ground.database.query(`select from delivery where open limit 1`);
    return rows.length > 0;
  };
  await until(async () => {
    await Promise.all(lanes.map((lane) => lane.drain()));
    return !(await isOpen());
  });
  await Promise.all(lanes.map((lane) => lane.stop()));
  expect(faults).toEqual([]);
  const { rows } = await ground.database.query<{ lane: string; message: string; attempts: number }>(
    'select lane, message, attempts from delivery order by no',
  );
  expect(sent.toSorted()).toEqual(rows.map(({ message }) => `ctex-${message}`).toSorted());
  expect(new Set(rows.map(({ attempts }) => attempts))).toEqual(new Set([1]));
  for (const id of ids) {
    const ofLane = rows.filter(({ lane }) => lane === id).map(({ message }) => `ctex-${message}`);
    expect(sent.filter((one) => ofLane.includes(one))).toEqual(ofLane);
  }
  expect(Math.min(...by)).toBeGreaterThan(0);
});

it('two gateways that keep house at once do no harm', async () => {
  await ground.database.query(`insert into link_sent select 'szse', i, 'x' from generate_series(1, 50) i`);
  const before = { once: new Date(ground.nowMs()), answers: new Date(ground.nowMs()) };
  await Promise.all([1, 2, 3].map(() => dropExpired(ground.database, before, 10)));
  const { rows } = await ground.database.query<{ kept: number }>(
    `select count(*)::int as kept from link_sent where exchange = 'szse'`,
  );
  expect(rows).toEqual([{ kept: 10 }]);
});
