import { forgetKeys, getJson, type Journey, openJourney } from '../journeys/federation.ts';
import { openPusher, type Pusher, projectEvent, reasonsOf } from './pushing.ts';

/** Threat 30: a clock is wrong, at an exchange or at the gateway, by accident or to get in after a deadline. */

const MINUTE = 60_000;
let journey: Journey;
let ctex: Pusher;
beforeAll(async () => {
  journey = await openJourney({ limits: { pollIntervalMs: 50, outboxPollMs: 20 } });
  ctex = openPusher(journey);
});
afterAll(async () => {
  ctex.close();
  await journey.close();
  forgetKeys();
});

const push = (number: string, offMs: number) =>
  ctex.send(ctex.sign(projectEvent(number), { atMs: journey.clock.nowMs() + offMs }));

let heard = 0;
/** By what is signed most of the time the two clocks agree. */
const agree = async () => {
  for (let i = 0; i < 9; i++) await push(`AGREE${heard++}`, 0);
};

test.each([-10, -6, 6, 10])(
  'what an exchange signs with its clock %i minutes off is refused as out of time, and kept',
  async (off) => {
    await agree();
    const answer = await push(`OFF${off}`, off * MINUTE);
    expect([answer.code, reasonsOf(answer)]).toEqual(['1003', ['stale']]);
    const { rows } = await journey.gateway.database.query<{ n: number }>(
      `select count(*)::int as n from refusal where refusals::text like '%stale%' and convert_from(native, 'UTF8') like $1`,
      [`%OFF${off}%`],
    );
    expect(rows).toEqual([{ n: 1 }]);
  },
);

test.each([-4, 4])('%i minutes are within what clocks may differ', async (off) => {
  expect(await push(`NEAR${off}`, off * MINUTE)).toMatchObject({ code: '0000' });
});

test('the gateway’s own clock ten minutes off refuses an honest exchange, and loses nothing: once it is right, the same event is taken', async () => {
  for (const off of [10, -10]) {
    // Nothing is under way: a delivery leased by a clock ten minutes ahead would be waited for that long.
    await agree();
    await journey.settle();
    const honest = journey.clock.nowMs();
    journey.clock.advance(off * MINUTE);
    const event = projectEvent(`GATE${off}`);
    expect((await ctex.send(ctex.sign(event, { atMs: honest }))).code).toBe('1003');
    journey.clock.advance(-off * MINUTE);
    expect(await ctex.send(ctex.sign(event))).toMatchObject({ code: '0000' });
  }
  await journey.settle();
  for (const number of ['GATE10', 'GATE-10']) {
    expect(await getJson(journey, `/v1/listings/ctex%3A${number}`)).toMatchObject({
      id: `ctex:${number}`,
      hosts: ['stex'],
    });
  }
});

test('the journal’s time is the gateway’s own: what a sender writes of the time of an event moves nothing', async () => {
  const before = journey.clock.nowMs();
  const event = { ...projectEvent('BACKDATED'), occurTime: '2026-03-01 09:00:00' };
  expect(await ctex.send(ctex.sign(event))).toMatchObject({ code: '0000' });
  const { rows } = await journey.gateway.database.query<{ recorded_at: Date }>(
    `select recorded_at from message where subject = 'ctex:BACKDATED' and issuer = 'ctex'`,
  );
  expect(rows[0]!.recorded_at.getTime()).toBeGreaterThanOrEqual(before);
});

test('while its clock is off an exchange is told to come again: that is no word on its messages, and each is taken once the clock is right', async () => {
  for (let i = 0; i < 9; i++) await push(`APART${i}`, 10 * MINUTE);
  const event = projectEvent('LATER');
  const early = await ctex.send(ctex.sign(event, { atMs: journey.clock.nowMs() + 10 * MINUTE }));
  expect([early.code, reasonsOf(early)]).toEqual(['9001', []]);
  expect(await ctex.send(ctex.sign(event))).toMatchObject({ code: '0000' });
  await agree();
});

test('a clock that is off is alarmed, within the window as without it, in both languages and as a figure; it ends when the clock is right', async () => {
  const shown = async () => {
    const { alarms } = await getJson<{ alarms: readonly { code: string; zh: string; en: string }[] }>(
      journey,
      '/readyz',
    );
    return alarms.filter(({ code }) => code === 'clock-skew').map(({ zh, en }) => [zh, en]);
  };
  for (let i = 0; i < 9; i++) await push(`SLOW${i}`, -4 * MINUTE);
  expect(await shown()).toEqual([
    [
      expect.stringMatching(/^ctex 的时钟比本网关慢 2[34]\d 秒/),
      expect.stringMatching(/^the clock of ctex is 2[34]\d s behind/),
    ],
  ]);
  const metrics = await (await fetch(`${journey.gateway.url}/metrics`)).text();
  expect(Number(/^qiao_clock_off_seconds\{exchange="ctex"\} (\S+)$/m.exec(metrics)?.[1])).toBeCloseTo(-240, -1);
  for (let i = 0; i < 9; i++) await push(`RIGHT${i}`, 0);
  expect(await shown()).toEqual([]);
});
