import type { Adapter, Link, NativeRequest, Outcome } from '../../src/contract/adapter.ts';
import { approveRedrive, proposeRedrive } from '../../src/journal/redrive.ts';
import { openBreaker } from '../../src/relay/breaker.ts';
import { openFinisher } from '../../src/relay/finish.ts';
import { type Lane, openLane } from '../../src/relay/lane.ts';
import { type Ground, openGround } from './ground.ts';
import { listing, state } from './messages.ts';

const BREAKER = { breakerFailures: 5, breakerBaseMs: 50, breakerCapMs: 100, concurrency: 32 };

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

const answer = Buffer.from('answer');
const done = (number: string): Outcome => ({ outcome: 'accepted', number, answer });

/** A lane to stex over a link that says what the test says; faults are collected, the clock stands still. */
function openStexLane(link: Partial<Link>, change: { encode?: Adapter['encode']; attempts?: number } = {}) {
  const faults: unknown[] = [];
  const real = ground.parts.adapters.get('stex')!;
  const finisher = openFinisher({
    ...ground.parts,
    random: () => 0,
    onFault: (error) => faults.push(error),
    retryBaseMs: 1_000,
    retryCapMs: 60_000,
    retryAttempts: change.attempts ?? 3,
    batch: 100,
    lingerMs: 0,
  });
  lane = openLane({
    exchange: 'stex',
    adapter: { ...real, encode: change.encode ?? real.encode },
    link: link as Link,
    breaker: openBreaker({ ...BREAKER, random: () => 0, onChange: () => {} }),
    mayUse: () => true,
    database: ground.database,
    nowMs: ground.nowMs,
    instant: ground.desk().instant,
    finished: (attempt) => finisher.finish('stex', attempt),
    onFault: (error) => faults.push(error),
    batch: 100,
    concurrency: 32,
    leaseMs: 30_000,
    lingerMs: 0,
  });
  return { lane, faults };
}

let serial = 0;
const publish = async () => {
  const id = `ctex:N${++serial}`;
  await ground.send('ctex', listing(id));
  await ground.database.query(`delete from delivery where exchange = 'szse'`);
  return id;
};
interface Row {
  readonly no: bigint;
  readonly state: string;
  readonly attempts: number;
  readonly open: boolean;
  readonly number: string | null;
  readonly reason: unknown;
  readonly sent: Buffer | null;
  readonly receipt: Buffer | null;
}
const deliveries = async (of: string): Promise<readonly Row[]> => {
  const { rows } = await ground.database.query<Row & Record<string, unknown>>(
    `select d.no, d.state, d.attempts, d.open, d.number, d.reason, d.sent, r.bytes as receipt
       from delivery d left join receipt r on r.message = d.message and r.recipient = d.exchange and r.kind = d.state
      where d.exchange = 'stex' and d.lane = $1 order by d.no`,
    [of],
  );
  return rows;
};
const isAbout = (request: NativeRequest, id: string) => Buffer.from(request.bytes).includes(id.slice(5));

describe('what becomes of a delivery', () => {
  it('accepted: its number, its answer and a signed receipt are kept', async () => {
    const id = await publish();
    const { lane: opened } = openStexLane({ send: async () => done('JX-1') });
    await opened.drain();
    expect(await deliveries(id)).toMatchObject([
      { state: 'accepted', open: false, number: 'JX-1', receipt: expect.any(Buffer) },
    ]);
  });

  it('refused: the reasons and a signed refusal are kept, and it is never sent again', async () => {
    const id = await publish();
    let sent = 0;
    const refusals = [
      { code: 'rule-refused' as const, pointer: '', zh: '规则不符', en: 'the rules do not allow this' },
    ];
    const { lane: opened } = openStexLane({
      send: async () => {
        sent += 1;
        return { outcome: 'refused', refusals, answer };
      },
    });
    await opened.drain();
    ground.advance(3_600_000);
    await opened.drain();
    expect(sent).toBe(1);
    expect(await deliveries(id)).toMatchObject([{ state: 'refused', reason: refusals, receipt: expect.any(Buffer) }]);
  });

  it('busy: sent again under the same id with the same bytes, not before it is due, never asked about', async () => {
    const id = await publish();
    const requests: NativeRequest[] = [];
    const { lane: opened } = openStexLane({
      send: async (request) => {
        requests.push(request);
        return requests.length === 1 ? { outcome: 'retry', afterMs: 5_000, reason: 'busy' } : done(`JX-${id}`);
      },
    });
    await opened.drain();
    ground.advance(4_999);
    await opened.drain();
    expect(requests).toHaveLength(1);
    ground.advance(1);
    await opened.drain();
    expect(requests).toHaveLength(2);
    expect(requests[1]).toEqual(requests[0]);
    expect(await deliveries(id)).toMatchObject([{ state: 'accepted', attempts: 2 }]);
  });

  it('no answer: asked first; what had been done is not sent again', async () => {
    const id = await publish();
    const calls: string[] = [];
    const { lane: opened } = openStexLane({
      send: async () => {
        calls.push('send');
        return { outcome: 'ambiguous', reason: 'cut' };
      },
      ask: async () => {
        calls.push('ask');
        return done(`JX-${id}`);
      },
    });
    await opened.drain();
    ground.advance(60_000);
    await opened.drain();
    expect(calls).toEqual(['send', 'ask']);
    expect(await deliveries(id)).toMatchObject([{ state: 'accepted' }]);
  });

  it('no answer, and the exchange never got it: the same bytes go out again', async () => {
    const id = await publish();
    const requests: NativeRequest[] = [];
    const { lane: opened } = openStexLane({
      send: async (request) => {
        requests.push(request);
        return requests.length === 1 ? { outcome: 'ambiguous', reason: 'cut' } : done(`JX-${id}`);
      },
      ask: async () => ({ outcome: 'absent' }),
    });
    await opened.drain();
    ground.advance(60_000);
    await opened.drain();
    expect(requests).toHaveLength(2);
    expect(requests[1]).toEqual(requests[0]);
    expect(await deliveries(id)).toMatchObject([{ state: 'accepted' }]);
  });

  it('the process dies between sending and writing down: the lease runs out and the exchange is asked', async () => {
    const id = await publish();
    const real = ground.parts.adapters.get('stex')!;
    const dying = openLane({
      exchange: 'stex',
      adapter: real,
      link: { send: async () => done(`JX-${id}`) } as unknown as Link,
      breaker: openBreaker({ ...BREAKER, random: () => 0, onChange: () => {} }),
      mayUse: () => true,
      database: ground.database,
      nowMs: ground.nowMs,
      instant: ground.desk().instant,
      finished: async () => {},
      onFault: () => {},
      batch: 10,
      concurrency: 4,
      leaseMs: 30_000,
      lingerMs: 0,
    });
    await dying.drain();
    await dying.stop();
    const calls: string[] = [];
    const { lane: opened } = openStexLane({
      send: async () => {
        calls.push('send');
        return done('another');
      },
      ask: async () => {
        calls.push('ask');
        return done(`JX-${id}`);
      },
    });
    await opened.drain();
    expect(calls).toEqual([]);
    ground.advance(30_000);
    await opened.drain();
    expect(calls).toEqual(['ask']);
    expect(await deliveries(id)).toMatchObject([{ state: 'accepted', number: `JX-${id}` }]);
  });
});

describe("one lane's trouble", () => {
  it('what comes behind in the same lane waits and keeps its order; other lanes pass', async () => {
    const [slow, quick] = [await publish(), await publish()];
    await ground.send('ctex', state(slow, 2, 'suspended', '2026-03-02T09:25:00+08:00'));
    await ground.send('ctex', state(slow, 3, 'published', '2026-03-02T09:26:00+08:00'));
    let isBusy = true;
    const sent: string[] = [];
    const { lane: opened } = openStexLane({
      send: async (request) => {
        if (isAbout(request, slow) && isBusy) return { outcome: 'retry', afterMs: 1_000, reason: 'busy' };
        sent.push(request.id);
        return done(`JX-${request.id}`);
      },
    });
    await opened.drain();
    expect((await deliveries(slow)).map(({ state: is }) => is)).toEqual(['waiting', 'waiting', 'waiting']);
    expect((await deliveries(quick)).map(({ state: is }) => is)).toEqual(['accepted']);
    isBusy = false;
    ground.advance(60_000);
    await opened.drain();
    const { rows } = await ground.database.query<{ message: string }>(
      `select message from delivery where exchange = 'stex' and lane = $1 order by no`,
      [slow],
    );
    expect(sent.slice(1)).toEqual(rows.map(({ message }) => `stex-${message}`));
  });

  it('a call that never comes back holds up its own lane only, also for what is woken meanwhile', async () => {
    const stuck = await publish();
    let free = () => {};
    const { lane: opened } = openStexLane({
      send: (request) =>
        isAbout(request, stuck)
          ? new Promise<Outcome>((resolve) => {
              free = () => resolve(done('JX-late'));
            })
          : Promise.resolve(done(`JX-${request.id}`)),
    });
    void opened.drain();
    while (opened.underWay === 0) await new Promise((resolve) => setImmediate(resolve));
    const later = await publish();
    void opened.drain();
    for (let looks = 0; (await deliveries(later))[0]!.state !== 'accepted'; looks++) {
      if (looks > 500) throw new Error('the delivery behind the stuck call was never made');
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await deliveries(stuck)).toMatchObject([{ state: 'sending' }]);
    free();
    await opened.stop();
    expect(await deliveries(stuck)).toMatchObject([{ state: 'accepted' }]);
  });

  it('a message that encode breaks on ends as a dead letter; the others of its batch go out', async () => {
    const [broken, whole] = [await publish(), await publish()];
    const real = ground.parts.adapters.get('stex')!;
    const { lane: opened, faults } = openStexLane(
      { send: async (request) => done(`JX-${request.id}`), ask: async () => ({ outcome: 'absent' }) },
      {
        attempts: 2,
        encode: (message, frame) => {
          if (JSON.stringify(message).includes(broken)) throw new Error('assertion: broken on purpose');
          return real.encode(message, frame);
        },
      },
    );
    await opened.drain();
    ground.advance(60_000);
    await opened.drain();
    expect(await deliveries(whole)).toMatchObject([{ state: 'accepted' }]);
    expect(await deliveries(broken)).toMatchObject([{ state: 'dead', attempts: 2 }]);
    expect(faults.map(String)).toEqual(Array(2).fill('Error: assertion: broken on purpose'));
  });

  it('a dead letter blocks its lane until it is redriven, and then goes out under the same id with the same bytes', async () => {
    const [dead, other] = [await publish(), await publish()];
    let isBroken = true;
    const requests: NativeRequest[] = [];
    const { lane: opened } = openStexLane(
      {
        send: async (request) => {
          if (isAbout(request, dead)) requests.push(request);
          return isAbout(request, dead) && isBroken
            ? { outcome: 'ambiguous', reason: 'cut' }
            : done(`JX-${request.id}`);
        },
        ask: async () => (isBroken ? { outcome: 'ambiguous', reason: 'cut' } : { outcome: 'absent' }),
      },
      { attempts: 2 },
    );
    await opened.drain();
    ground.advance(60_000);
    await opened.drain();
    await ground.send('ctex', state(dead, 2, 'suspended', '2026-03-02T10:25:00+08:00'));
    ground.advance(86_400_000);
    await opened.drain();
    expect((await deliveries(dead)).map(({ state: is }) => is)).toEqual(['dead', 'waiting']);
    expect(await deliveries(other)).toMatchObject([{ state: 'accepted' }]);
    isBroken = false;
    const { no } = (await deliveries(dead))[0]!;
    const at = new Date(ground.nowMs());
    await proposeRedrive(ground.database, no, { by: 'maker', at });
    expect(await approveRedrive(ground.database, no, { by: 'maker', at })).toMatchObject({ ok: false });
    await opened.drain();
    expect((await deliveries(dead))[0]!.state).toBe('dead');
    expect(await approveRedrive(ground.database, no, { by: 'checker', at })).toEqual({ ok: true, value: 'stex' });
    await opened.drain();
    expect((await deliveries(dead)).map(({ state: is }) => is)).toEqual(['accepted', 'accepted']);
    expect(requests[1]).toEqual(requests[0]);
  });
});
