import type { Duplex } from 'node:stream';
import type { LinkPorts, SentMessage } from '../../src/contract/adapter.ts';
import { contentOf, type Frame, sendingTime, writeFrame } from './session-frame.ts';
import { readWhole } from './session-stream.ts';

/** One message on its way out. */
export interface Parcel {
  readonly type: string;
  /** Its content; a function where the content depends on its number (logon signs it). */
  readonly content: Uint8Array | ((seq: number, sentAt: string) => Uint8Array);
  /** Business messages are signed, kept before they are written, and sent again when asked for. */
  readonly business: boolean;
  /** True: no longer wanted; it is left out if it has no number yet. */
  isCalledOff?(): boolean;
  /** It has its number now; from here on it may reach the other side, even after a crash. */
  numbered?(seq: number): void;
  /** It is durable here and will reach the other side sooner or later. */
  kept?(): void;
}

export interface Outgoing {
  put(parcel: Parcel): void;
  /** Resend Request: 7–16, 16 = 0 without end. */
  sendAgain(from: number, to: number): void;
  /** Resolves when everything put so far is written. */
  drained(): Promise<void>;
  close(): void;
}

/** The counter in LinkMemory that numbers are reserved from. */
const COUNTER = 'out';
const BATCH = 256;
const AGAIN_BATCH = 200;

/**
 * Numbers, signs, keeps and writes messages in batches, strictly in order: what piled up while one batch was being
 * kept is the next batch. Nothing is written before it is kept, so every number can be accounted for after a crash.
 */
export function openOutgoing(
  socket: Duplex,
  sender: string,
  target: string,
  ports: LinkPorts,
  onFault: (cause: unknown) => void,
): Outgoing {
  let queue: (Parcel | { readonly from: number; readonly to: number })[] = [];
  let isRunning = false;
  let isOpen = true;
  let lastSeq = 0;
  const waiting: (() => void)[] = [];

  const wake = () => {
    if (isRunning || !isOpen) return;
    isRunning = true;
    run()
      .catch((cause: unknown) => {
        isOpen = false;
        onFault(cause);
      })
      .finally(() => {
        isRunning = false;
        for (const resolve of waiting.splice(0)) resolve();
      });
  };

  const run = async () => {
    // Lets the sends of one turn of the event loop gather into one batch.
    await new Promise(setImmediate);
    while (isOpen && queue.length > 0) {
      const again = queue[0]!;
      if ('from' in again) {
        queue.shift();
        await writeAgain(again.from, again.to);
        continue;
      }
      const end = queue.slice(0, BATCH).findIndex((item) => 'from' in item);
      const batch = queue.splice(0, end < 0 ? BATCH : end) as Parcel[];
      await writeBatch(batch.filter((parcel) => !parcel.isCalledOff?.()));
    }
  };

  const writeBatch = async (batch: readonly Parcel[]) => {
    if (batch.length === 0) return;
    const first = await ports.memory.reserve(COUNTER, batch.length);
    // Whoever called off meanwhile was told that it certainly did not go; numbers left over are skipped.
    const going = batch.filter((parcel) => !parcel.isCalledOff?.());
    lastSeq = first + batch.length - 1;
    const sentAt = sendingTime(ports.nowMs());
    const kept: SentMessage[] = [];
    const frames = going.map((parcel, i) => {
      const seq = first + i;
      const content = typeof parcel.content === 'function' ? parcel.content(seq, sentAt) : parcel.content;
      const signer = parcel.business ? ports.signer : undefined;
      const bytes = writeFrame({ type: parcel.type, seq, sender, target, sentAt }, content, signer);
      if (parcel.business) kept.push({ seq, bytes });
      parcel.numbered?.(seq);
      return bytes;
    });
    if (kept.length > 0) await ports.memory.keepSent(kept);
    for (const parcel of going) parcel.kept?.();
    await write(frames);
  };

  const writeAgain = async (from: number, asked: number) => {
    const to = asked === 0 ? lastSeq : Math.min(asked, lastSeq);
    let next = from;
    for (let start = from; start <= to && isOpen; start += AGAIN_BATCH) {
      const kept = await ports.memory.sentBetween(start, Math.min(to, start + AGAIN_BATCH - 1));
      const frames: Buffer[] = [];
      for (const { seq, bytes } of kept) {
        const frame = readWhole(bytes);
        if (frame === undefined || seq < next) continue;
        if (seq > next) frames.push(gapFill(next, seq));
        frames.push(writtenAgain(frame));
        next = seq + 1;
      }
      await write(frames);
    }
    if (next <= to) await write([gapFill(next, to + 1)]);
  };

  const writtenAgain = ({ type, seq, content, sentAt: firstSentAt }: Frame) =>
    writeFrame({ type, seq, sender, target, sentAt: sendingTime(ports.nowMs()), firstSentAt }, content, ports.signer);

  /** Administrative messages are not sent again: their numbers are skipped. */
  const gapFill = (seq: number, newSeq: number) => {
    const sentAt = sendingTime(ports.nowMs());
    const content = contentOf([36, newSeq], [123, 'Y']);
    return writeFrame({ type: '4', seq, sender, target, sentAt, firstSentAt: sentAt }, content);
  };

  const write = async (frames: readonly Buffer[]) => {
    if (frames.length === 0 || !isOpen || socket.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames)))
      return;
    await new Promise<void>((resolve) => {
      const done = () => {
        socket.off('drain', done).off('close', done);
        resolve();
      };
      socket.once('drain', done).once('close', done);
      if (socket.destroyed) done();
    });
  };

  return {
    put: (parcel) => {
      queue.push(parcel);
      wake();
    },
    sendAgain: (from, to) => {
      queue.push({ from, to });
      wake();
    },
    drained: () => (isRunning ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve()),
    close: () => {
      isOpen = false;
      queue = [];
    },
  };
}
