import { createPostgresBackend, Queue, withBackend } from 'bullmq';
import { Redis } from 'ioredis';
import { type ClearingJobParts, type ClearingJobs, openClearingJobs } from '../../src/relay/clearing-jobs.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startScript } from '../support/processes.ts';
import { hasRedis, redisForTests, type TestRedis } from '../support/redis.ts';

let database: TestDatabase;
let redis: TestRedis | undefined;
let count = 0;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  [database, redis] = await Promise.all([createTestDatabase(), redisForTests()]);
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});
afterAll(async () => {
  await redis?.stop();
  await database.drop();
});

/** What PostgreSQL is to the real pieces: what has been done once is only looked up again. */
class Truth {
  readonly answers = new Map<string, string>();
  /** Every time that work was done, by whom. */
  readonly done: string[] = [];

  by(who: string, before: (input: unknown) => Promise<unknown> = async () => {}) {
    return async (input: unknown): Promise<string> => {
      const name = JSON.stringify(input);
      const there = this.answers.get(name);
      if (there !== undefined) return there;
      await before(input);
      this.done.push(`${who} ${name}`);
      this.answers.set(name, `answer to ${name}`);
      return `answer to ${name}`;
    };
  }
}

const pieces = [0, 1, 2, 3, 4, 5, 6, 7].map((partition) => ({ partition }));
const answers = pieces.map((piece) => `answer to ${JSON.stringify(piece)}`);

describe.each([
  { backend: 'postgres', run: it },
  { backend: 'redis', run: hasRedis ? it : it.skip },
])('pieces of a comparison over a queue on $backend', ({ backend, run }) => {
  const place = (prefix: string) => ({
    databaseUrl: database.url,
    redisUrl: backend === 'redis' ? redis?.url : undefined,
    prefix,
  });
  const gateway = async (prefix: string, change: Partial<ClearingJobParts> & Pick<ClearingJobParts, 'perform'>) => {
    const faults: Error[] = [];
    const onFault = (error: Error) => void faults.push(error);
    const jobs: ClearingJobs = await openClearingJobs({
      ...place(prefix),
      ...{ atOnce: 2, lockMs: 30_000, pollMs: 50, onFault },
      ...change,
    });
    open.push(jobs);
    return { jobs, faults };
  };
  const names = () => ({ prefix: `test-${process.pid}-${++count}`, run: `clearing/2026-03-02/1/${count}` });

  run('are all done once, and answered in their order', async () => {
    const { prefix, run } = names();
    const truth = new Truth();
    const { jobs, faults } = await gateway(prefix, { perform: truth.by('worker') });
    expect(jobs.backend).toBe(backend);
    expect(await jobs.run(run, pieces, truth.by('asker'))).toEqual(answers);
    expect(truth.done.sort()).toEqual(pieces.map((piece) => `worker ${JSON.stringify(piece)}`).sort());
    // The same run again finds everything done.
    expect(await jobs.run(run, pieces, truth.by('asker'))).toEqual(answers);
    expect([truth.done.length, faults]).toEqual([pieces.length, []]);
  });

  run('are shared with another gateway, and its answers count as one’s own', async () => {
    const { prefix, run } = names();
    const truth = new Truth();
    let free = () => {};
    const blocked = new Promise<void>((resolve) => {
      free = resolve;
    });
    // This gateway is held up with its first piece until the other has done all the rest.
    const { jobs } = await gateway(prefix, { atOnce: 1, perform: truth.by('here', () => blocked) });
    await gateway(prefix, {
      perform: truth.by('there', async () => {
        if (truth.done.length === pieces.length - 2) free();
      }),
    });
    expect(await jobs.run(run, pieces, truth.by('asker'))).toEqual(answers);
    expect(truth.done.filter((one) => one.startsWith('there')).length).toBeGreaterThanOrEqual(pieces.length - 1);
  });

  run('that the queue has lost are done all the same', async () => {
    const { prefix, run } = names();
    const truth = new Truth();
    let isTaken = () => {};
    const taken = new Promise<void>((resolve) => {
      isTaken = resolve;
    });
    let free = () => {};
    const blocked = new Promise<void>((resolve) => {
      free = resolve;
    });
    const perform = truth.by('worker', () => {
      isTaken();
      return blocked;
    });
    const { jobs } = await gateway(prefix, { atOnce: 1, perform });
    const running = jobs.run(run, pieces, truth.by('asker'));
    await taken;
    await emptied(place(prefix));
    free();
    expect(await running).toEqual(answers);
    expect(truth.done.filter((one) => one.startsWith('asker')).length).toBeGreaterThanOrEqual(pieces.length - 1);
  });

  run('that a gateway took with it when it was killed are done by another', async () => {
    const { prefix, run } = names();
    const truth = new Truth();
    const script = new URL('clearing-jobs-elsewhere.ts', import.meta.url);
    const other = startScript(script, [JSON.stringify(place(prefix))]);
    try {
      await other.says(/open/);
      const held = other.says(/took/);
      // Nothing is done here before the other gateway holds a piece.
      const { jobs } = await gateway(prefix, { atOnce: 1, lockMs: 2_000, perform: truth.by('here', () => held) });
      const running = jobs.run(run, pieces, truth.by('asker'));
      await held;
      await other.kill('SIGKILL');
      expect(await running).toEqual(answers);
    } finally {
      await other.kill();
    }
  });

  run('fail with their reason; a piece that fails only elsewhere is done here', async () => {
    const { prefix, run } = names();
    const fail = async (input: unknown) => {
      if ((input as { partition: number }).partition === 3) throw new Error('no partition 3');
      return input;
    };
    const { jobs, faults } = await gateway(prefix, { perform: fail });
    await expect(jobs.run(run, pieces, fail)).rejects.toThrow('no partition 3');
    expect(faults.map(({ message }) => message)).toContain('no partition 3');
    // Who fails only there is done here.
    const { jobs: others } = await gateway(names().prefix, { perform: fail });
    expect(await others.run(`${run}/b`, pieces, async (input) => input)).toEqual(pieces);
  });
});

(hasRedis && process.env.REDIS_URL === undefined ? it : it.skip)(
  'pieces are done here although Redis has gone',
  async () => {
    const own = (await redisForTests())!;
    const truth = new Truth();
    const jobs = await openClearingJobs({
      ...{ databaseUrl: database.url, redisUrl: own.url, prefix: 'gone', atOnce: 2, lockMs: 30_000, pollMs: 50 },
      perform: truth.by('worker'),
      onFault: () => {},
    });
    open.push(jobs);
    await own.stop();
    expect(await jobs.run('clearing/2026-03-02/1/gone', pieces, truth.by('asker'))).toEqual(answers);
  },
);

/** Throws all jobs away, also those under way. */
async function emptied({
  databaseUrl,
  redisUrl,
  prefix,
}: {
  databaseUrl: string;
  redisUrl?: string | undefined;
  prefix: string;
}) {
  if (redisUrl === undefined) {
    const { Queue: OnPostgres } = withBackend(createPostgresBackend);
    const queue = new OnPostgres('qiao-clearing', { connection: { connectionString: databaseUrl, schema: 'bullmq' } });
    await queue.obliterate({ force: true });
    await queue.close();
    return;
  }
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const queue = new Queue('qiao-clearing', { connection, prefix });
  await queue.obliterate({ force: true });
  await queue.close();
  connection.disconnect();
}
