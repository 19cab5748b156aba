import { createServer, type Socket } from 'node:net';
import { openDatabase } from '../../src/journal/database.ts';
import { openWakes, type WakeParts } from '../../src/relay/wakes.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/processes.ts';
import { hasRedis, redisForTests, type TestRedis } from '../support/redis.ts';

let database: TestDatabase;
let redis: TestRedis | undefined;
let prefixes = 0;

beforeAll(async () => {
  [database, redis] = await Promise.all([createTestDatabase(), redisForTests()]);
});
afterAll(async () => {
  await redis?.stop();
  await database.drop();
});

/** Wake-ups with a record of what they did. */
async function open(change: Partial<WakeParts>) {
  const woken: string[] = [];
  const faults: Error[] = [];
  const wakes = await openWakes({
    databaseUrl: database.url,
    redisUrl: undefined,
    prefix: `test-${process.pid}-${++prefixes}`,
    onWake: (exchange) => woken.push(exchange),
    onFault: (error) => faults.push(error),
    ...change,
  });
  return { wakes, woken, faults };
}

/** Connections of the queue that the server still has. */
async function connections(): Promise<number> {
  const asking = openDatabase(database.url, { max: 1 });
  try {
    const { rows } = await asking.query<{ count: bigint }>(
      `select count(*) from pg_stat_activity
        where datname = current_database() and application_name in ('qiao wakes', 'qiao-wakes')`,
    );
    return Number(rows[0]!.count);
  } finally {
    await asking.close();
  }
}

/** Takes connections and never says a word. */
async function listening(): Promise<{ end(): Promise<void>; port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket.on('error', () => {})));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const end = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { end, port: address.port };
}

describe.each([
  { backend: 'postgres', run: it },
  { backend: 'redis', run: hasRedis ? it : it.skip },
])('wake-ups on $backend', ({ backend, run }) => {
  const url = () => (backend === 'redis' ? redis?.url : undefined);

  run('arrive, also after many at once', async () => {
    const { wakes, woken, faults } = await open({ redisUrl: url() });
    expect([wakes.backend, await wakes.ready()]).toEqual([backend, true]);
    for (let i = 0; i < 1000; i += 1) wakes.wake('stex');
    wakes.wake('ctex');
    await until(() => woken.includes('stex') && woken.includes('ctex'));
    // One on its way is enough: a thousand are not a thousand looks into the outbox.
    expect(woken.length).toBeLessThan(100);
    await wakes.close();
    expect(faults).toEqual([]);
  });

  run('leave no connection and no fault behind, closed in the middle of the traffic', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { wakes, woken, faults } = await open({ redisUrl: url() });
      wakes.wake('ctex');
      await until(() => woken.length > 0);
      wakes.wake('stex');
      wakes.wake('szse');
      await Promise.all([wakes.close(), wakes.close()]);
      wakes.wake('ctex');
      if (backend === 'postgres') await until(async () => (await connections()) === 0);
      expect(faults).toEqual([]);
    }
  });

  it('fail to open when nobody listens there, with the reason', async () => {
    const { end, port } = await listening();
    await end();
    const address =
      backend === 'redis'
        ? { redisUrl: `redis://127.0.0.1:${port}`, readyWithinMs: 300 }
        : { databaseUrl: `postgres://qiao:x@127.0.0.1:${port}/qiao` };
    await expect(open(address)).rejects.toThrow(/ECONNREFUSED/);
  });

  it('fail to open when somebody listens and says nothing', async () => {
    const { end, port } = await listening();
    const address =
      backend === 'redis'
        ? { redisUrl: `redis://127.0.0.1:${port}` }
        : { databaseUrl: `postgres://qiao:x@127.0.0.1:${port}/qiao` };
    await expect(open({ ...address, readyWithinMs: 300 })).rejects.toThrow(/does not answer/);
    await end();
  });
});

(hasRedis && process.env.REDIS_URL === undefined ? it : it.skip)(
  'reach this process although Redis has gone, and close in time',
  async () => {
    const own = (await redisForTests())!;
    const { wakes, woken, faults } = await open({ redisUrl: own.url });
    await own.stop();
    await until(async () => !(await wakes.ready()));
    wakes.wake('szse');
    await until(() => woken.includes('szse'));
    expect(faults.length).toBeGreaterThan(0);
    await wakes.close();
  },
);

it('arrive again when the database has thrown every connection of the queue out', async () => {
  const { wakes, woken, faults } = await open({});
  const asking = openDatabase(database.url, { max: 1 });
  await asking.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name in ('qiao wakes', 'qiao-wakes')`,
  );
  await asking.close();
  await until(() => faults.length > 0);
  await until(async () => {
    wakes.wake('ctex');
    return woken.length > 0 && (await wakes.ready());
  });
  // It does not spin: a handful of connections are lost once each.
  expect(faults.length).toBeLessThan(30);
  await wakes.close();
});
