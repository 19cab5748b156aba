import { faultKinds, scheduleOf } from './schedule.ts';

const options = { ms: 300_000, gateways: 2, everyMs: 500, kinds: faultKinds } as const;

describe('what goes wrong in a crash run', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(scheduleOf({ ...options, seed: 7 })).toEqual(scheduleOf({ ...options, seed: 7 }));
    expect(scheduleOf({ ...options, seed: 7 })).not.toEqual(scheduleOf({ ...options, seed: 8 }));
  });

  it('comes in order, within the time, and of every kind in a long run', () => {
    const schedule = scheduleOf({ ...options, seed: 7, ms: 3_000_000 });
    const times = schedule.map(({ atMs }) => atMs);
    expect(times).toEqual([...times].sort((one, other) => one - other));
    expect(times.at(-1)).toBeLessThan(3_000_000);
    expect(new Set(schedule.map(({ fault }) => fault.kind))).toEqual(new Set(faultKinds));
  });

  it('names only gateways that are there and kinds that were asked for', () => {
    const schedule = scheduleOf({ ...options, seed: 3, gateways: 1, kinds: ['gateway-kill', 'line-cut'] });
    expect(new Set(schedule.map(({ fault }) => fault.kind))).toEqual(new Set(['gateway-kill', 'line-cut']));
    for (const { fault } of schedule) if ('gateway' in fault) expect(fault.gateway).toBe(0);
  });
});
