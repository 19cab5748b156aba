import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type fc from 'fast-check';

/** Whoever works in the room until it is killed. */
export interface Program {
  isDead: boolean;
}

/**
 * A world without a machine: bytes, memory and answers move when the scheduler says so, and time passes when the test
 * says so. After each movement all goes on that can go on by itself.
 */
export interface Room {
  nowMs(): number;
  /** Resolves when the scheduler picks it; never, where the program has died meanwhile. */
  step(of: Program | undefined, label: string): Promise<void>;
  /** So many movements, as long as there are any. */
  go(movements: number): Promise<void>;
  /** Until nothing moves. Throws where that does not come. */
  rest(): Promise<void>;
  /** Timers go off in their order; between them so many things move (all that can, unless given). */
  pass(ms: number, movements?: number): Promise<void>;
  /** A connection: two ends, each of which reads what the other writes. */
  connection(): { readonly near: End; readonly far: End; cut(): void };
  /** Puts the machine's timers back. */
  leave(): void;
}

interface Timer {
  readonly act: () => void;
  atMs: number;
  readonly everyMs?: number;
}

/** More movements than anything here takes: what does not come to rest by then goes round in circles. */
const MOST = 5_000;
const real = { setTimeout, setInterval, clearTimeout, clearInterval };

/** `sizes`: how many bytes move at once, one after another and again from the beginning; 0: all there are. */
export function openRoom(scheduler: fc.Scheduler, startMs: number, sizes: readonly number[]): Room {
  let now = startMs;
  let moved = 0;
  const timers = new Set<Timer>();
  const begin = (act: () => void, ms: number, everyMs?: number) => {
    const timer = { act, atMs: now + Math.max(1, ms), ...(everyMs === undefined ? {} : { everyMs }) };
    timers.add(timer);
    return Object.assign(timer, { unref: () => timer, ref: () => timer });
  };
  const end = (timer?: Timer) => void (timer !== undefined && timers.delete(timer));
  type Act = (...given: readonly unknown[]) => void;
  Object.assign(globalThis, {
    setTimeout: (act: Act, ms = 0, ...given: readonly unknown[]) => begin(() => act(...given), ms),
    setInterval: (act: Act, ms = 0, ...given: readonly unknown[]) => begin(() => act(...given), ms, Math.max(1, ms)),
    clearTimeout: end,
    clearInterval: end,
  });

  /** Streams and batches take a few turns of the event loop, and nothing here takes longer. */
  const settled = async () => {
    for (let turns = 0; turns < 4; turns++) await turn();
  };
  const go = async (movements: number) => {
    await settled();
    for (let left = movements; left > 0 && scheduler.count() > 0; left--) {
      await scheduler.waitNext(1);
      await settled();
    }
  };
  const rest = async () => {
    await go(MOST);
    if (scheduler.count() > 0) throw new Error(`still moving after ${MOST} movements`);
  };
  const step: Room['step'] = async (of, label) => {
    if (!of?.isDead) await scheduler.schedule(Promise.resolve(), label);
    if (of?.isDead) await new Promise<never>(() => {});
  };

  return {
    nowMs: () => now,
    ...{ step, go, rest },
    pass: async (ms, movements) => {
      const untilMs = now + ms;
      for (;;) {
        await (movements === undefined ? rest() : go(movements));
        const [next] = [...timers].filter(({ atMs }) => atMs <= untilMs).sort((one, other) => one.atMs - other.atMs);
        if (next === undefined) break;
        now = Math.max(now, next.atMs);
        if (next.everyMs === undefined) timers.delete(next);
        else next.atMs += next.everyMs;
        next.act();
      }
      now = untilMs;
    },
    connection: () => {
      const size = () => sizes[moved++ % Math.max(1, sizes.length)] ?? 0;
      const near = new End(step, size);
      const far = new End(step, size);
      near.other = far;
      far.other = near;
      return {
        ...{ near, far },
        cut: () => {
          // Each side learns of it in its own time; what was on its way is lost.
          for (const one of [near, far]) {
            one.isCut = true;
            void step(undefined, 'reset').then(() => one.destroy());
          }
        },
      };
    },
    leave: () => void Object.assign(globalThis, real),
  };
}

/** One end of a connection. */
export class End extends Duplex {
  other!: End;
  isCut = false;
  /** Hears what is written here, whether it arrives or not. */
  onWritten: (bytes: Buffer) => void = () => {};
  readonly #step: Room['step'];
  readonly #size: () => number;
  constructor(step: Room['step'], size: () => number) {
    super();
    this.#step = step;
    this.#size = size;
    this.on('error', () => {});
  }
  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: () => void): void {
    const bytes = Buffer.concat(chunks.map(({ chunk }) => chunk));
    this.onWritten(bytes);
    void this.#move(bytes).then(done);
  }
  override _final(done: () => void): void {
    void this.#step(undefined, 'end').then(() => {
      if (!this.isCut && !this.other.destroyed) this.other.push(null);
      done();
    });
  }
  override _read(): void {}
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.isCut && !this.other.destroyed) void this.#step(undefined, 'close').then(() => this.other.destroy());
    done(error);
  }
  async #move(bytes: Buffer): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      await this.#step(undefined, 'bytes');
      if (this.isCut || this.other.destroyed) return;
      const size = this.#size() || rest.length;
      this.other.push(rest.subarray(0, size));
      rest = rest.subarray(size);
    }
  }
}
