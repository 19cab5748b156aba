import fc from 'fast-check';
import type { PoolClient } from 'pg';
import type { Answer } from '../../src/contract/adapter.ts';
import type { Database } from '../../src/journal/database.ts';
import { takeIn } from '../../src/relay/intake.ts';
import { type Ground, openGround } from './ground.ts';
import { listing } from './messages.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await openGround();
});
afterAll(() => ground.close());

/** Each statement waits for its turn, which the scheduler gives; those of one connection keep their order. */
function underScheduler(database: Database, scheduler: fc.Scheduler): Database {
  return {
    ...database,
    connect: async () => {
      const client = await database.connect();
      let turn: Promise<unknown> = Promise.resolve();
      const query = (...given: Parameters<PoolClient['query']>) => {
        turn = turn.then(() => scheduler.schedule(Promise.resolve(), 'statement'));
        return turn.then(() => client.query(...given));
      };
      const shown = {
        query,
        on: client.on.bind(client),
        off: client.off.bind(client),
        release: (error?: Error) => client.release(error),
      };
      return shown as unknown as PoolClient;
    },
  };
}

let serial = 0;

describe('intake, with transactions that interleave in any order', () => {
  it('of equal arrivals one counts and all get its answer; other bytes under its key are a conflict', async () => {
    const sends = fc.array(fc.record({ key: fc.nat(1), text: fc.nat(1) }), { minLength: 2, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), sends, async (scheduler, chosen) => {
        const run = ++serial;
        const database = underScheduler(ground.database, scheduler);
        const parts = { ...ground.parts, database };
        const answers = await scheduler.waitFor(
          Promise.all(
            chosen.map(async ({ key, text }) => {
              // Distinct listings for distinct texts: only the key makes them rivals.
              const message = listing(`ctex:M${run}-${key}-${text}`);
              const arrival = ground.arrival('ctex', message, { key: `model-${run}-${key}` });
              return (await takeIn([arrival], parts))[0]!;
            }),
          ),
        );
        for (const key of [0, 1]) judge(chosen, answers, key);
        const { rows } = await ground.database.query<{ n: number }>(
          `select count(*)::int as n from message where kind = 'listing' and stream like $1`,
          [`listing/ctex:M${run}-%`],
        );
        expect(rows[0]!.n).toBe(new Set(chosen.map(({ key }) => key)).size);
      }),
      { numRuns: 25, endOnFailure: true },
    );
  }, 300_000);
});

/** One text under a key has won, and nobody is told anything else. */
function judge(chosen: readonly { key: number; text: number }[], answers: readonly Answer[], key: number): void {
  const rivals = chosen.flatMap((one, i) => (one.key === key ? [{ text: one.text, answer: answers[i]! }] : []));
  const accepted = rivals.filter(({ answer }) => answer.outcome === 'accepted');
  if (rivals.length === 0) return;
  expect(accepted.length).toBeGreaterThan(0);
  const [first] = accepted;
  for (const { text, answer } of rivals) {
    if (text === first!.text) expect(answer).toEqual(first!.answer);
    else expect(answer).toMatchObject({ outcome: 'refused', refusals: [{ code: 'id-conflict' }] });
  }
}
