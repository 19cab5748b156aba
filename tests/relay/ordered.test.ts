import type { Answer, Arrival } from '../../src/contract/adapter.ts';
import { leaseDeliveries, nextDueAt } from '../../src/journal/outbox.ts';
import { openIntakeQueue } from '../../src/relay/intake-queue.ts';
import { type Ground, openGround } from './ground.ts';
import { interest, listing } from './messages.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await openGround();
});
afterAll(() => ground.close());

/** As stex gives them: one sequence. */
const ordered = (arrival: Arrival): Arrival => ({ ...arrival, ordered: true });
const outcomes = (answers: readonly Answer[]) => answers.map(({ outcome }) => outcome);

/** stex has shown ctex's listing under a number that is not written down yet. */
async function beingShown(): Promise<string> {
  const id = 'ctex:S1';
  expect(await ground.send('ctex', listing(id))).toMatchObject({ outcome: 'accepted' });
  const now = new Date(ground.nowMs());
  await leaseDeliveries(ground.database, 'stex', 100, now, new Date(now.getTime() + 30_000));
  return id;
}

describe('what an exchange sends as one sequence', () => {
  it('waits behind a message that is put off, in one transaction and in the next', async () => {
    await beingShown();
    const mirrored = { ...interest('stex:I1', 'ctex:S1'), listing: { mirror: 'stex:JX-unknown-yet' } };
    const first = ordered(ground.arrival('stex', mirrored));
    const second = ordered(ground.arrival('stex', listing('stex:behind-1')));
    const third = ordered(ground.arrival('stex', listing('stex:behind-2')));

    expect(outcomes(await ground.sendAll([first, second]))).toEqual(['busy', 'busy']);

    const queue = openIntakeQueue(ground.parts, { batch: 1, lingerMs: 0, waiting: 100 }, () => {});
    const elsewhere = ground.arrival('szse', listing('szse:not-behind'));
    const answers = await Promise.all([first, second, third, elsewhere].map((arrival) => queue.submit(arrival)));
    expect(outcomes(answers)).toEqual(['busy', 'busy', 'busy', 'accepted']);
    await queue.stop();

    const { rows } = await ground.database.query(`select key from inbox where exchange = 'stex'`);
    expect(rows).toEqual([]);
    await ground.database.query(
      `insert into number (exchange, kind, number, id) values ('stex', 'listing', 'JX-unknown-yet', 'ctex:S1')`,
    );
    expect(outcomes(await ground.sendAll([first, second, third]))).toEqual(['accepted', 'accepted', 'accepted']);
  });
});

describe('a delivery put off by a gateway whose clock is wrong', () => {
  it('is due when it lies further off than any wait lasts, and not before', async () => {
    const now = ground.nowMs();
    const at = (ms: number) => new Date(now + ms);
    await ground.database.query(`update delivery set state = 'waiting', due_at = $1 where exchange = 'szse' and open`, [
      at(600_000),
    ]);
    const lease = (beyondMs?: number) =>
      leaseDeliveries(
        ground.database,
        'szse',
        1,
        at(0),
        at(30_000),
        false,
        ...(beyondMs === undefined ? [] : [at(beyondMs)]),
      );
    expect(await lease()).toHaveLength(0);
    expect(await lease(900_000)).toHaveLength(0);
    expect((await nextDueAt(ground.database, 'szse', at(900_000)))?.getTime()).toBe(now + 600_000);
    expect((await nextDueAt(ground.database, 'szse', at(450_000)))!.getTime()).toBeLessThan(now);
    expect(await lease(450_000)).toHaveLength(1);
    await ground.database.query(
      `update delivery set state = 'dead', due_at = '9999-12-31' where exchange = 'szse' and open`,
    );
    expect(await lease(450_000)).toHaveLength(0);
  });
});
