import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from './random.ts';

/** What is wrong with a line for a while. */
export type LineFault =
  /** Every connection is reset, and none is let through. */
  | { readonly kind: 'cut' }
  /** Connections stand, new ones are taken, and nothing arrives at the other end: the peer is gone without a word. */
  | { readonly kind: 'half-open' }
  /** Every piece arrives so much later, half of it by chance. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** Pieces are cut into slices of at most so many bytes, with a pause after each. */
  | { readonly kind: 'drip'; readonly bytes: number; readonly ms: number };

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** A line between two processes that goes wrong when it is told to. Bytes are never changed or swapped: TCP would not. */
export interface FaultProxy {
  readonly port: number;
  /** From now on; undefined: nothing is wrong any more. Connections whose bytes were swallowed do not survive that. */
  set(fault: LineFault | undefined): void;
  /** Resets every connection, now. */
  reset(): void;
  /** The next bytes that the far end sends are swallowed and their connection is reset: it was done, nobody heard of it. */
  loseNextAnswer(): void;
  readonly connections: number;
  close(): Promise<void>;
}

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  /** Bytes were swallowed: from here on neither end may read anything. */
  robbed: boolean;
}

/** @param target asked for each new connection; undefined: nobody is there, the connection is reset */
export async function openFaultProxy(target: () => Place | undefined, random: Random): Promise<FaultProxy> {
  const pairs = new Set<Pair>();
  /** Connections that nobody was let through for. */
  const stranded = new Set<Socket>();
  let fault: LineFault | undefined;
  let losesAnswer = false;

  const end = (pair: Pair) => {
    pairs.delete(pair);
    for (const socket of [pair.near, pair.far]) reset(socket);
  };

  const write = async (to: Socket, bytes: Buffer) => {
    if (to.destroyed || to.write(bytes)) return;
    await new Promise<void>((resolve) => to.once('drain', resolve).once('close', () => resolve()));
  };

  const pass = async (pair: Pair, to: Socket, chunk: Buffer, isAnswer: boolean) => {
    if (isAnswer && losesAnswer) {
      losesAnswer = false;
      return end(pair);
    }
    if (fault?.kind === 'half-open') {
      pair.robbed = true;
      return;
    }
    if (fault?.kind === 'slow') await sleep(fault.ms * (0.5 + random.next() / 2));
    if (fault?.kind !== 'drip') return write(to, chunk);
    for (let at = 0; at < chunk.length; ) {
      // The fault may have ended meanwhile; the rest then goes at once.
      const dripping = fault as LineFault | undefined;
      if (dripping?.kind !== 'drip') return write(to, chunk.subarray(at));
      const size = random.between(1, dripping.bytes);
      await write(to, chunk.subarray(at, at + size));
      at += size;
      await sleep(dripping.ms);
    }
  };

  /** One direction: the next piece is read when the last one is through, so that order holds and memory does not grow. */
  const pump = async (pair: Pair, from: Socket, to: Socket) => {
    try {
      for await (const chunk of from.iterator({ destroyOnReturn: false })) {
        if (pair.robbed && fault?.kind !== 'half-open') break;
        await pass(pair, to, chunk as Buffer, from === pair.far);
        if (!pairs.has(pair)) return;
      }
      if (pair.robbed) return;
      to.end();
    } catch {
      end(pair);
    }
  };

  const server: Server = createServer({ allowHalfOpen: true }, (near) => {
    near.on('error', () => {});
    const place = fault?.kind === 'cut' ? undefined : target();
    if (place === undefined) return reset(near);
    if (fault?.kind === 'half-open') {
      // Taken by the system of a machine whose process no longer reads.
      stranded.add(near);
      near.resume().once('close', () => stranded.delete(near));
      return;
    }
    const far = connect({ ...place, allowHalfOpen: true });
    for (const socket of [near, far]) socket.setNoDelay(true);
    const pair: Pair = { near, far, robbed: false };
    pairs.add(pair);
    for (const socket of [near, far]) {
      socket.on('error', () => end(pair));
      socket.once('close', () => {
        if (near.destroyed && far.destroyed) pairs.delete(pair);
      });
    }
    void pump(pair, near, far);
    void pump(pair, far, near);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('assertion: a TCP server has a port');

  const resetAll = () => {
    for (const pair of [...pairs]) end(pair);
    for (const socket of [...stranded]) reset(socket);
  };
  return {
    port: address.port,
    set: (next) => {
      fault = next;
      if (next?.kind === 'cut') resetAll();
      if (next?.kind === 'half-open') return;
      for (const pair of [...pairs]) if (pair.robbed) end(pair);
      for (const socket of [...stranded]) reset(socket);
    },
    reset: resetAll,
    loseNextAnswer: () => {
      losesAnswer = true;
    },
    get connections() {
      return pairs.size + stranded.size;
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      resetAll();
      await closed;
    },
  };
}

/**
 * A reset waits for what is still to be written, which a stuck peer never takes: it is let go at once. While an end is on
 * its way libuv refuses to reset, and Node 20 could then never close the handle: the process would spin when it ends.
 */
function reset(socket: Socket): void {
  if (!socket.writableEnded || socket.writableFinished) socket.resetAndDestroy();
  socket.destroy();
}
