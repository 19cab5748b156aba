import { createHash } from 'node:crypto';
import { type Random, randomFrom } from '../crash/random.ts';

/** A program that runs in the world: it can be killed between any two of its steps, and paused. */
export interface Program {
  readonly name: string;
  isAlive: boolean;
  /** Nothing of it runs before that instant: the machine stood still for it. */
  asleepUntilMs: number;
  /** By how much its clock is ahead of the true time, ms. */
  readonly skewMs: number;
  /** Steps it has taken. */
  steps: number;
}

/** Something that will happen; `cancel` undoes it while it has not. */
export interface Coming {
  cancel(): void;
}

/**
 * One thing at a time, in the order of virtual time: every step runs until nothing in the process can go on without a
 * timer, the network or the database, and those are steps themselves. So a seed decides everything, and a program can
 * be stopped for good between any two awaits.
 */
export interface World {
  readonly random: Random;
  readonly nowMs: () => number;
  /** The program whose step this is. */
  current(): Program;
  /** The clock on the wall of a program. */
  clockOf(program: Program): number;
  program(name: string, skewMs?: number): Program;
  /** In so many ms `act` is done as a step of that program, unless it has died. A promise given back is waited for. */
  after(ms: number, program: Program, what: string, act: () => void | Promise<void>): Coming;
  /** Runs now, as that program. */
  as<Result>(program: Program, act: () => Result): Result;
  /** Looked at after each step: what must never be is thrown. */
  onStep(look: (program: Program) => void): void;
  /** Goes on until `isOver`, asked after each step, or until that instant. */
  run(untilMs: number, isOver?: () => boolean): Promise<void>;
  note(line: string): void;
  /** Of everything that happened, in order. */
  readonly trace: { readonly steps: number; digest(): string };
}

interface Step {
  atMs: number;
  readonly no: number;
  readonly program: Program;
  readonly what: string;
  readonly act: () => void | Promise<void>;
  isCancelled: boolean;
}

/** Characters. */
const HASHED_AT_ONCE = 16_384;

/** The machine's own, kept before the virtual ones take their place. */
const realImmediate = globalThis.setImmediate;

export function openWorld(seed: number, startMs: number, print?: (line: string) => void): World {
  const random = randomFrom(seed);
  const hash = createHash('sha256');
  const steps = openHeap();
  const looks: ((program: Program) => void)[] = [];
  const nobody: Program = { name: 'world', isAlive: true, asleepUntilMs: 0, skewMs: 0, steps: 0 };
  let nowMs = startMs;
  let no = 0;
  let done = 0;
  let current = nobody;
  let said = '';

  const hashSaid = () => {
    hash.update(said);
    said = '';
  };

  const note = (line: string) => {
    const text = `${(nowMs - startMs).toFixed(3)} ${line}`;
    said += `${text}\n`;
    if (said.length > HASHED_AT_ONCE) hashSaid();
    print?.(text);
  };
  const put = (atMs: number, program: Program, what: string, act: Step['act']): Step => {
    const step: Step = { atMs, no: ++no, program, what, act, isCancelled: false };
    steps.push(step);
    return step;
  };

  const take = async ({ program, what, act }: Step) => {
    current = program;
    program.steps += 1;
    done += 1;
    note(`${program.name} ${what}`);
    await act();
    // Promises and ticks come to rest before the machine's next turn; what Node puts off to a turn of its own, and what
    // that puts off again, is still this step's.
    await new Promise<void>((resolve) => realImmediate(() => realImmediate(() => realImmediate(resolve))));
    for (const look of looks) look(program);
    current = nobody;
  };

  return {
    random,
    nowMs: () => nowMs,
    current: () => current,
    clockOf: ({ skewMs }) => nowMs + skewMs,
    program: (name, skewMs = 0) => ({ name, isAlive: true, asleepUntilMs: 0, skewMs, steps: 0 }),
    after: (ms, program, what, act) => {
      const step = put(nowMs + Math.max(0, ms), program, what, act);
      return {
        cancel: () => {
          step.isCancelled = true;
        },
      };
    },
    as: (program, act) => {
      const before = current;
      current = program;
      try {
        return act();
      } finally {
        current = before;
      }
    },
    onStep: (look) => void looks.push(look),
    run: async (untilMs, isOver = () => false) => {
      for (let step = steps.peek(); step !== undefined && step.atMs <= untilMs; step = steps.peek()) {
        steps.pop();
        const { program } = step;
        if (step.isCancelled || !program.isAlive) continue;
        nowMs = Math.max(nowMs, step.atMs);
        if (program.asleepUntilMs > nowMs) {
          step.atMs = program.asleepUntilMs;
          steps.push(step);
          continue;
        }
        await take(step);
        if (isOver()) return;
      }
      nowMs = Math.max(nowMs, untilMs);
    },
    note,
    trace: {
      get steps() {
        return done;
      },
      digest: () => {
        hashSaid();
        return hash.copy().digest('hex').slice(0, 32);
      },
    },
  };
}

/** Steps in the order of their time, and of their making where that is the same. */
function openHeap() {
  const heap: Step[] = [];
  const isBefore = (one: Step, other: Step) => one.atMs < other.atMs || (one.atMs === other.atMs && one.no < other.no);
  const swap = (i: number, j: number) => {
    [heap[i], heap[j]] = [heap[j]!, heap[i]!];
  };
  return {
    peek: (): Step | undefined => heap[0],
    push: (step: Step) => {
      let at = heap.push(step) - 1;
      for (let up = (at - 1) >> 1; at > 0 && isBefore(heap[at]!, heap[up]!); at = up, up = (at - 1) >> 1) swap(at, up);
    },
    pop: () => {
      const last = heap.pop()!;
      if (heap.length === 0) return;
      heap[0] = last;
      for (let at = 0; ; ) {
        let least = at;
        for (const down of [2 * at + 1, 2 * at + 2]) {
          if (down < heap.length && isBefore(heap[down]!, heap[least]!)) least = down;
        }
        if (least === at) return;
        swap(at, least);
        at = least;
      }
    },
  };
}
