import type { Outcome } from '../../src/contract/adapter.ts';
import { type Breaker, openBreaker } from '../../src/relay/breaker.ts';
import { until } from '../support/processes.ts';

const changes: boolean[] = [];
const open = (change: { breakerBaseMs?: number; concurrency?: number } = {}): Breaker => {
  changes.length = 0;
  return openBreaker({
    ...{ breakerFailures: 3, breakerBaseMs: 20, breakerCapMs: 40, concurrency: 4 },
    random: () => 0,
    onChange: (isOpen) => changes.push(isOpen),
    ...change,
  });
};
const silence: Outcome = { outcome: 'ambiguous', reason: 'cut', unanswered: true };
const answered: Outcome = { outcome: 'ambiguous', reason: '9999' };
const say = (breaker: Breaker, outcome: Outcome, times = 1) =>
  Promise.all(Array.from({ length: times }, () => breaker.call(async () => outcome)));

test('calls that nothing came back of cut the line off; then no call is made, and each is known to be unsent', async () => {
  const breaker = open({ breakerBaseMs: 3_600_000 });
  await say(breaker, silence, 2);
  expect([breaker.isOpen, breaker.room()]).toEqual([false, 4]);
  await say(breaker, silence);
  expect([breaker.isOpen, breaker.room(), breaker.isTrying]).toEqual([true, 0, false]);
  let made = 0;
  const outcome = await breaker.call(async () => {
    made++;
    return answered;
  });
  expect([made, outcome]).toEqual([0, expect.objectContaining({ outcome: 'retry', unanswered: true })]);
  expect(changes).toEqual([true]);
});

test('an answer, whatever it says, proves the line: a request that always goes wrong cuts nobody off', async () => {
  const breaker = open();
  for (let i = 0; i < 20; i++) await say(breaker, answered);
  for (let i = 0; i < 20; i++) {
    await say(breaker, silence, 2);
    await say(breaker, answered);
  }
  expect(breaker.isOpen).toBe(false);
});

test('after a while one call tries the line: silence cuts it off again, an answer opens it for all', async () => {
  const breaker = open();
  await say(breaker, silence, 3);
  await until(() => breaker.isTrying);
  expect(breaker.room()).toBe(1);
  let end: (outcome: Outcome) => void = () => {};
  const trial = breaker.call(
    () =>
      new Promise((resolve) => {
        end = resolve;
      }),
  );
  expect([breaker.isOpen, breaker.room()]).toEqual([true, 0]);
  end(silence);
  await trial;
  expect([breaker.isOpen, breaker.room()]).toEqual([true, 0]);
  await until(() => breaker.isTrying);
  await say(breaker, answered);
  expect([breaker.isOpen, breaker.room()]).toEqual([false, 4]);
  expect(changes.at(-1)).toBe(false);
});

test('a link that says it is up again is believed', async () => {
  const breaker = open({ breakerBaseMs: 3_600_000 });
  await say(breaker, silence, 3);
  breaker.restored();
  expect([breaker.isOpen, breaker.room(), changes.at(-1)]).toEqual([false, 4, false]);
  await say(breaker, silence);
  expect(breaker.isOpen).toBe(true);
});

test('no more calls are under way at once than the cap allows', async () => {
  const breaker = open({ concurrency: 2 });
  const ends: (() => void)[] = [];
  const calls = [1, 2, 3].map(() => breaker.call(() => new Promise((resolve) => ends.push(() => resolve(answered)))));
  expect([breaker.room(), ends.length]).toEqual([0, 2]);
  expect(await calls[2]).toMatchObject({ outcome: 'retry', unanswered: true });
  for (const end of ends) end();
  await Promise.all(calls);
  expect(breaker.room()).toBe(2);
});

test('a link that throws is not a line that is cut: the error passes through', async () => {
  const breaker = open();
  for (let i = 0; i < 5; i++) {
    await expect(breaker.call(() => Promise.reject(new Error('broken promise')))).rejects.toThrow('broken promise');
  }
  expect(breaker.isOpen).toBe(false);
});
