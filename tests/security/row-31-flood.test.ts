import type { Answer } from '../../src/contract/adapter.ts';
import { openIntakeQueue } from '../../src/relay/intake-queue.ts';
import { type Ground, openGround } from '../relay/ground.ts';
import { listing } from '../relay/messages.ts';

/** Threat 31: at the last moment far more comes in than can be taken, to push others out or to bring the gateway down. */

let ground: Ground;
beforeAll(async () => {
  ground = await openGround();
});
afterAll(() => ground.close());

const WAITING = 20;
const BATCH = 5;

test('a flood of ten times what may wait: the rest is told at once to come again, nothing is lost and nothing is done twice', async () => {
  const queue = openIntakeQueue(ground.parts, { batch: BATCH, lingerMs: 0, waiting: WAITING }, (error) => {
    throw error;
  });
  const flood = Array.from({ length: 10 * WAITING }, (_, i) => ground.arrival('stex', listing(`stex:F${i}`)));
  let most = 0;
  let rounds = 0;
  const accepted = new Map<string, Answer>();
  let open = flood;
  while (open.length > 0) {
    rounds += 1;
    const answers = await Promise.all(
      open.map((arrival) => {
        const answer = queue.submit(arrival);
        most = Math.max(most, queue.waiting);
        return answer;
      }),
    );
    const again: typeof open = [];
    for (const [i, answer] of answers.entries()) {
      if (answer.outcome === 'accepted') accepted.set(open[i]!.key, answer);
      else {
        expect(answer).toEqual({ outcome: 'busy', retryAfterMs: expect.any(Number) });
        again.push(open[i]!);
      }
    }
    // Who came first is served first, and every round serves as many as may wait.
    expect(again).toEqual(open.slice(WAITING));
    open = again;
  }
  expect([most, rounds]).toEqual([WAITING, 10]);
  expect(accepted.size).toBe(flood.length);
  const { rows } = await ground.database.query<{ n: number }>(
    `select count(*)::int as n from message where issuer = 'stex' and subject like 'stex:F%'`,
  );
  expect(rows).toEqual([{ n: flood.length }]);
  // Sent again after all: the first answer, no second effect.
  expect(await queue.submit(flood[0]!)).toEqual(accepted.get(flood[0]!.key));
  await queue.stop();
});

test('what came in time has the journal’s time under our signature; what was told to come again has none', async () => {
  const queue = openIntakeQueue(ground.parts, { batch: 1, lingerMs: 0, waiting: 1 }, () => {});
  const [first, second] = [ground.arrival('ctex', listing('ctex:T1')), ground.arrival('ctex', listing('ctex:T2'))];
  const answers = await Promise.all([queue.submit(first), queue.submit(second)]);
  expect(answers.map(({ outcome }) => outcome)).toEqual(['accepted', 'busy']);
  const { rows } = await ground.database.query<{ subject: string; signed: boolean }>(
    `select subject, received is not null as signed from message where subject in ('ctex:T1', 'ctex:T2') and issuer = 'ctex'`,
  );
  expect(rows).toEqual([{ subject: 'ctex:T1', signed: true }]);
  await queue.stop();
  expect((await queue.submit(second)).outcome).toBe('busy');
});

test.each([1, 5])(
  'the flood of one exchange leaves the others their turns and their quota: batches of %i',
  async (batch) => {
    const queue = openIntakeQueue(ground.parts, { batch, lingerMs: 0, waiting: WAITING }, () => {});
    const order: string[] = [];
    const submit = async (exchange: 'ctex' | 'stex' | 'szse', name: string) => {
      const answer = await queue.submit(ground.arrival(exchange, listing(`${exchange}:${name}`)));
      order.push(`${exchange} ${answer.outcome}`);
    };
    const flood = Array.from({ length: 2 * WAITING }, (_, i) => submit('stex', `Q${batch}-${i}`));
    // They come last, when the flood has filled its quota.
    await Promise.all([submit('ctex', `Q${batch}`), submit('szse', `Q${batch}`)]);
    const before = order.filter((one) => one === 'stex accepted').length;
    expect(order).toEqual(expect.arrayContaining(['ctex accepted', 'szse accepted']));
    expect(before).toBeLessThanOrEqual(batch + 1);
    await Promise.all(flood);
    expect(order.filter((one) => one === 'stex accepted')).toHaveLength(WAITING);
    expect(order.filter((one) => one === 'stex busy')).toHaveLength(WAITING);
    await queue.stop();
  },
);
