import type { Link, NativeRequest, Outcome } from '../../src/contract/adapter.ts';
import { hastenDeliveries } from '../../src/journal/outbox.ts';
import { openBreaker } from '../../src/relay/breaker.ts';
import { openFinisher } from '../../src/relay/finish.ts';
import { type Lane, openLane } from '../../src/relay/lane.ts';
import { until } from '../support/processes.ts';
import { type Ground, openGround } from './ground.ts';
import { listing, state } from './messages.ts';

let ground: Ground;
let lane: Lane | undefined;
beforeAll(async () => {
  ground = await openGround();
});
afterEach(async () => {
  await lane?.stop();
  await ground.database.query('truncate delivery, redrive');
});
afterAll(() => ground.close());

const ATTEMPTS = 5;
const done = (request: NativeRequest): Outcome => ({
  outcome: 'accepted',
  number: `JX-${request.id}`,
  answer: Buffer.from('answer'),
});
const silence: Outcome = { outcome: 'ambiguous', reason: 'cut', unanswered: true };

/** A lane to stex as the gateway builds it; what comes back brings everything that waits forward. */
function open(link: Pick<Link, 'send' | 'ask'>, { concurrency = 8, leaseMs = 30_000 } = {}) {
  const faults: unknown[] = [];
  const onFault = (error: unknown) => void faults.push(error);
  const waits = { retryBaseMs: 1_000, retryCapMs: 300_000, retryAttempts: ATTEMPTS, batch: 100, lingerMs: 0 };
  const finisher = openFinisher({ ...ground.parts, ...waits, random: () => 0, onFault });
  const breaker = openBreaker({
    ...{ breakerFailures: 3, breakerBaseMs: 10, breakerCapMs: 20, concurrency },
    random: () => 0,
    onChange: (isOpen) => {
      if (isOpen) return;
      void hastenDeliveries(ground.database, 'stex', new Date(ground.nowMs())).then(() => lane?.drain());
    },
  });
  lane = openLane({
    ...{ exchange: 'stex', adapter: ground.parts.adapters.get('stex')!, link: link as Link, breaker, concurrency },
    ...{ database: ground.database, nowMs: ground.nowMs, instant: ground.desk().instant, onFault },
    mayUse: () => true,
    finished: (attempt) => finisher.finish('stex', attempt),
    ...{ batch: 100, leaseMs, lingerMs: 0 },
  });
  return { lane, breaker, faults };
}

let serial = 0;
const publish = async () => {
  const id = `ctex:X${++serial}`;
  await ground.send('ctex', listing(id));
  await ground.database.query(`delete from delivery where exchange = 'szse'`);
  return id;
};
const rows = async () => {
  const found = await ground.database.query<{ lane: string; state: string; attempts: number; message: string }>(
    `select lane, state, attempts, message from delivery where exchange = 'stex' order by no`,
  );
  return found.rows;
};
const isAbout = (request: NativeRequest, id: string) =>
  new RegExp(`${id.slice(5)}(?!d)`).test(Buffer.from(request.bytes).toString('latin1'));

it('an exchange cut off for hours costs each message at most one attempt; it comes back, and all goes out in order at once', async () => {
  const ids = [];
  for (let i = 0; i < 20; i++) ids.push(await publish());
  for (const id of ids) {
    await ground.send('ctex', state(id, 2, 'suspended', '2026-03-02T09:25:00+08:00'));
  }
  await ground.database.query(`delete from delivery where exchange = 'szse'`);
  let isCut = true;
  let underWay = 0;
  let most = 0;
  const silent = async (): Promise<Outcome> => {
    most = Math.max(most, ++underWay);
    await new Promise((resolve) => setImmediate(resolve));
    underWay--;
    return silence;
  };
  const taken: string[] = [];
  const { lane: opened, breaker } = open({
    send: async (request) => {
      if (isCut) return silent();
      taken.push(request.id);
      return done(request);
    },
    ask: async () => (isCut ? silent() : { outcome: 'absent' }),
  });
  await opened.drain();
  expect(breaker.isOpen).toBe(true);
  expect(most).toBeLessThanOrEqual(8);
  most = 0;
  for (let tries = 0; tries < 40; tries++) {
    ground.advance(300_000);
    await until(() => breaker.isTrying);
    await opened.drain();
  }
  // One call at a time tries the line, and does not count against its message.
  expect(most).toBe(1);
  expect(Math.max(...(await rows()).map(({ attempts }) => attempts))).toBe(1);
  expect((await rows()).map(({ state: is }) => is)).not.toContain('dead');

  isCut = false;
  ground.advance(300_000);
  await until(() => breaker.isTrying);
  // The clock stands still from here: nothing waits for a backoff.
  await until(async () => {
    await opened.drain();
    return (await rows()).every(({ state: is }) => is === 'accepted');
  });
  const all = await rows();
  expect(taken.toSorted()).toEqual(all.map(({ message }) => `stex-${message}`).toSorted());
  for (const id of ids) {
    const ofLane = all.filter((row) => row.lane === id).map(({ message }) => `stex-${message}`);
    expect(taken.filter((one) => ofLane.includes(one))).toEqual(ofLane);
  }
});

it('a message that nothing comes back of, while others are answered, ends as a dead letter and holds up nobody', async () => {
  const poison = await publish();
  const { lane: opened, breaker } = open({
    send: async (request) => (isAbout(request, poison) ? silence : done(request)),
    ask: async () => silence,
  });
  const others: string[] = [];
  for (let i = 0; i < 3 * ATTEMPTS; i++) {
    others.push(await publish());
    ground.advance(300_000);
    await until(() => !breaker.isOpen || breaker.isTrying);
    await opened.drain();
    if (breaker.isOpen) {
      await until(() => breaker.isTrying);
      await opened.drain();
    }
  }
  const all = await rows();
  expect(all.filter(({ lane: of }) => of !== poison).map(({ state: is }) => is)).toEqual(
    Array(others.length).fill('accepted'),
  );
  expect(all.find(({ lane: of }) => of === poison)).toMatchObject({ state: 'dead', attempts: ATTEMPTS });
});

it('a call that lasts longer than a lease keeps its lease: nobody else takes the delivery up meanwhile', async () => {
  const id = await publish();
  let end: (outcome: Outcome) => void = () => {};
  const { lane: slow } = open(
    {
      send: () =>
        new Promise((resolve) => {
          end = resolve;
        }),
      ask: async () => silence,
    },
    { leaseMs: 60 },
  );
  const first = slow.drain();
  await until(() => slow.underWay === 1);
  ground.advance(1_000);
  const leasedUntil = async () => {
    const found = await ground.database.query<{ due: Date }>('select due_at as due from delivery where lane = $1', [
      id,
    ]);
    return found.rows[0]!.due.getTime();
  };
  await until(async () => (await leasedUntil()) > ground.nowMs());
  end(done({ id: 'r', bytes: Buffer.alloc(0) }));
  await first;
  expect(await rows()).toMatchObject([{ state: 'accepted', attempts: 1 }]);
});

it('an attempt whose lease another gateway took over has no say in how the delivery goes on', async () => {
  const id = await publish();
  let end: (outcome: Outcome) => void = () => {};
  const { lane: slept } = open({
    send: () =>
      new Promise((resolve) => {
        end = resolve;
      }),
    ask: async () => silence,
  });
  const sleeping = slept.drain();
  await until(() => slept.underWay === 1);
  ground.advance(30_000);
  let isAsked = false;
  let answer: (outcome: Outcome) => void = () => {};
  const { lane: other } = open({
    send: async (request) => done(request),
    ask: () => {
      isAsked = true;
      return new Promise((resolve) => {
        answer = resolve;
      });
    },
  });
  const going = other.drain();
  await until(() => isAsked);
  end({ outcome: 'retry', afterMs: 0, reason: 'late' });
  await sleeping;
  await slept.stop();
  expect((await rows()).find(({ lane: of }) => of === id)).toMatchObject({ state: 'sending', attempts: 2 });
  answer({ outcome: 'absent' });
  await going;
  await other.stop();
  expect((await rows()).find(({ lane: of }) => of === id)).toMatchObject({ state: 'accepted' });
});
