import { type ClockState, openClocks } from '../../src/relay/clocks.ts';

const MINUTE = 60_000;

function watching() {
  const told: ClockState[] = [];
  const clock = { ms: Date.parse('2026-03-02T09:30:00+08:00') };
  const clocks = openClocks({ alarmMs: MINUTE, nowMs: () => clock.ms, onAlarm: (state) => told.push(state) });
  const hear = (exchange: 'ctex' | 'stex' | 'szse', ...offs: readonly number[]) => {
    for (const off of offs) {
      clock.ms += 1000;
      clocks.heard(exchange, clock.ms + off);
    }
  };
  return { clocks, told, hear };
}

test('clocks that go right, and messages that took long now and then, alarm nobody', () => {
  const { clocks, told, hear } = watching();
  hear('ctex', -100, 50, -9 * MINUTE, -20, 0, -8 * MINUTE, 30, 59_000);
  expect([clocks.alarms(), told]).toEqual([[], []]);
  clocks.heard('ctex', undefined);
  clocks.heard('ctex', Number.NaN);
  expect(clocks.states()).toEqual([{ exchange: 'ctex', offMs: expect.any(Number), sinceMs: undefined }]);
});

test.each([
  [10, '快', 'ahead of'],
  [-10, '慢', 'behind'],
])('a clock %i minutes off is alarmed once, with its exchange, its size and which way', (minutes, zh, en) => {
  const { clocks, told, hear } = watching();
  hear('stex', ...Array(20).fill(minutes * MINUTE));
  expect(told).toEqual([{ exchange: 'stex', offMs: minutes * MINUTE, sinceMs: expect.any(Number) }]);
  expect(clocks.alarms()).toEqual([
    {
      code: 'clock-skew',
      atMs: told[0]!.sinceMs,
      zh: `stex 的时钟比本网关${zh} 600 秒，请通知该所检查时钟`,
      en: `the clock of stex is 600 s ${en} this gateway's: ask it to check its clock`,
    },
  ]);
});

test('once it goes right again the alarm ends, and comes again when it is off again', () => {
  const { clocks, told, hear } = watching();
  hear('szse', ...Array(9).fill(5 * MINUTE));
  hear('szse', ...Array(5).fill(0));
  expect(clocks.alarms()).toEqual([]);
  hear('szse', ...Array(9).fill(-5 * MINUTE));
  expect(told.map(({ offMs }) => offMs)).toEqual([5 * MINUTE, -5 * MINUTE]);
});

test('where several are off the same way, it says to look at our own clock', () => {
  const { clocks, hear } = watching();
  hear('ctex', ...Array(5).fill(4 * MINUTE));
  hear('szse', ...Array(5).fill(4 * MINUTE));
  expect(clocks.alarms().map(({ en }) => en.includes('this machine first'))).toEqual([true, true]);
  hear('stex', ...Array(5).fill(-4 * MINUTE));
  expect(clocks.alarms().map(({ en }) => en.includes('this machine first'))).toEqual([false, false, false]);
});
