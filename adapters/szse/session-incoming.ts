import type { LinkMemory } from '../../src/contract/adapter.ts';
import { type Frame, fieldOf } from './session-frame.ts';

/** The number expected next, kept across restarts: never ahead of what is durable, and written at leisure. */
export interface Watermark {
  next(): number;
  /** Everything below `next` is durable. */
  advance(next: number): void;
  /** Resolves when the memory has it. */
  settle(): Promise<void>;
}

const NAME = 'in';
const LEISURE_MS = 200;

export async function openWatermark(memory: LinkMemory, onFault: (cause: unknown) => void): Promise<Watermark> {
  let next = Number((await memory.get(NAME)) ?? 1);
  let saved = next;
  let saving: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const save = () => {
    timer = undefined;
    const value = next;
    saving = memory.set(NAME, String(value)).then(
      () => {
        saved = value;
      },
      (cause: unknown) => onFault(cause),
    );
    void saving.finally(() => {
      saving = undefined;
      if (saved < next) later();
    });
  };
  const later = () => {
    if (timer !== undefined || saving !== undefined) return;
    timer = setTimeout(save, LEISURE_MS);
    timer.unref();
  };

  return {
    next: () => next,
    advance: (value) => {
      if (value <= next) return;
      next = value;
      later();
    },
    settle: async () => {
      await saving;
      clearTimeout(timer);
      timer = undefined;
      if (saved < next) await memory.set(NAME, String(next));
      saved = next;
    },
  };
}

export interface IncomingActs {
  /** Acts on the next message in order; true when nothing of it must become durable first. */
  act(frame: Frame): boolean;
  /** Asks for `from`…`to` again. */
  ask(from: number, to: number): void;
  /** The other side's numbers are lower than they can be: the session cannot go on. */
  tooLow(frame: Frame): void;
}

export interface Incoming {
  take(frame: Frame): void;
  /** What was acted on is durable. */
  done(seq: number): void;
  /** Asks again when a gap has made no progress since the last call. */
  nudge(): void;
}

/** How many messages are asked for at once, and held while they wait for earlier ones. */
const CHUNK = 500;
const HELD = 1_000;

/** Puts messages in order: each number is acted on once, gaps are asked for in bounded pieces. */
export function openIncoming(watermark: Watermark, acts: IncomingActs): Incoming {
  let expected = watermark.next();
  let highest = expected - 1;
  let askedTo = 0;
  let expectedAtNudge = 0;
  const held = new Map<number, Frame>();
  const open = new Set<number>();

  const settle = () => {
    const [earliest] = open;
    watermark.advance(earliest ?? expected);
  };

  const step = (frame: Frame) => {
    if (frame.type === '4') {
      const to = Number(fieldOf(frame, 36));
      if (fieldOf(frame, 123) === 'Y' && Number.isSafeInteger(to) && to > frame.seq) {
        for (const seq of held.keys()) if (seq < to) held.delete(seq);
        expected = to;
        highest = Math.max(highest, to - 1);
        return;
      }
    }
    expected++;
    open.add(frame.seq);
    if (acts.act(frame)) open.delete(frame.seq);
  };

  const askForGap = () => {
    if (expected > highest || expected <= askedTo) return;
    let end = highest;
    for (const seq of held.keys()) end = Math.min(end, seq - 1);
    askedTo = Math.min(end, expected + CHUNK - 1);
    acts.ask(expected, askedTo);
  };

  return {
    take: (frame) => {
      if (frame.seq < expected) {
        if (!frame.again) acts.tooLow(frame);
        return;
      }
      highest = Math.max(highest, frame.seq);
      if (frame.seq > expected) {
        if (held.size < HELD) held.set(frame.seq, frame);
      } else {
        step(frame);
        for (let next = held.get(expected); next !== undefined; next = held.get(expected)) {
          held.delete(expected);
          step(next);
        }
        settle();
      }
      askForGap();
    },
    done: (seq) => {
      open.delete(seq);
      settle();
    },
    nudge: () => {
      if (expected <= highest && expected === expectedAtNudge) askedTo = 0;
      expectedAtNudge = expected;
      askForGap();
    },
  };
}
