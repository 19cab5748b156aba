import type { World } from './world.ts';

const real = {
  ...{ setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate, Date },
  performance: globalThis.performance,
  random: Math.random,
  timeout: AbortSignal.timeout,
};

/**
 * Puts the world's time and chance where programs find those of the machine: timers, clocks, `Math.random`, time limits
 * of requests. Gives what puts the machine's back. It is the machine that is simulated; the programs are as they are.
 */
export function install(world: World): () => void {
  class VirtualDate extends real.Date {
    constructor(...given: readonly unknown[]) {
      super(...((given.length === 0 ? [VirtualDate.now()] : given) as [number]));
    }
    static override now() {
      return Math.floor(world.clockOf(world.current()));
    }
  }
  const timer = (what: string, act: (...given: unknown[]) => void, ms: number, given: unknown[], isAgain: boolean) => {
    const program = world.current();
    const begin = () =>
      world.after(ms, program, what, () => {
        if (isAgain) coming = begin();
        act(...given);
      });
    let coming = begin();
    const shown = {
      ref: () => shown,
      unref: () => shown,
      hasRef: () => true,
      refresh: () => {
        coming.cancel();
        coming = begin();
        return shown;
      },
      close: () => coming.cancel(),
    };
    return shown;
  };
  const clear = (shown: unknown) => (shown as { close?: () => void } | undefined)?.close?.();
  type Act = (...given: unknown[]) => void;
  Object.assign(globalThis, {
    Date: VirtualDate,
    setTimeout: (act: Act, ms = 0, ...given: unknown[]) => timer('timer', act, Math.max(1, ms), given, false),
    setInterval: (act: Act, ms = 0, ...given: unknown[]) => timer('interval', act, Math.max(1, ms), given, true),
    setImmediate: (act: Act, ...given: unknown[]) => timer('immediate', act, 0, given, false),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  });
  const startMs = world.nowMs();
  Object.defineProperty(globalThis, 'performance', {
    configurable: true,
    writable: true,
    value: { now: () => world.nowMs() - startMs, timeOrigin: startMs },
  });
  Math.random = () => world.random.next();
  AbortSignal.timeout = (ms: number) => {
    const controller = new AbortController();
    timer('time limit', () => controller.abort(new DOMException('timed out', 'TimeoutError')), ms, [], false);
    return controller.signal;
  };
  return () => {
    const { performance, random, timeout, ...globals } = real;
    Object.assign(globalThis, globals);
    Object.defineProperty(globalThis, 'performance', { configurable: true, writable: true, value: performance });
    Math.random = random;
    AbortSignal.timeout = timeout;
  };
}
