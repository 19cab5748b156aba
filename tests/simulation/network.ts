import type { EventEmitter } from 'node:events';
import { Duplex } from 'node:stream';
import type { Coming, Program, World } from './world.ts';

/** How fast, how steady. */
export interface Weather {
  /** Latency of one chunk, ms: mostly near the least, sometimes up to the most. */
  readonly leastMs: number;
  readonly mostMs: number;
}

/** Connections between programs: a byte stream each way, in order, which the weather and faults delay, cut and hold up. */
export interface Network {
  listen(name: string, program: Program, server: EventEmitter): void;
  /** No longer there: dialled, it refuses. */
  leave(name: string): void;
  dial(from: Program, name: string): Duplex;
  /** All connections over that line break; `silently`: the dialling side alone does not learn of it until it writes. */
  cut(name: string, silently: boolean): void;
  /** Nothing gets through until then; what was sent meanwhile comes afterwards. */
  hold(name: string, ms: number): void;
  /** A program has died: its connections are reset. */
  bury(program: Program): void;
  /** The sky is clear: no line is held up any more. */
  heal(): void;
}

interface Connection {
  readonly name: string;
  readonly ends: readonly [Wire, Wire];
  /** Towards each end, when the last chunk arrives: a stream keeps its order. */
  readonly lastMs: [number, number];
  /** Nothing more goes in. */
  isCut: boolean;
  /** Nor does what was on its way come out. */
  isLost: boolean;
}

export function openNetwork(world: World, { leastMs, mostMs }: Weather): Network {
  const servers = new Map<string, { readonly program: Program; readonly server: EventEmitter }>();
  const heldUntilMs = new Map<string, number>();
  const connections = new Set<Connection>();
  const { random } = world;

  /** Heavy-tailed: one in twenty takes up to the most. */
  const latencyMs = () =>
    leastMs + (random.next() < 0.05 ? random.next() * (mostMs - leastMs) : random.next() * leastMs);
  const arrivalMs = (name: string, lastMs: number) =>
    Math.max(lastMs, Math.max(world.nowMs(), heldUntilMs.get(name) ?? 0) + latencyMs());

  const send = (connection: Connection, to: 0 | 1, what: string, act: (end: Wire) => void) => {
    const atMs = arrivalMs(connection.name, connection.lastMs[to]);
    connection.lastMs[to] = atMs;
    const end = connection.ends[to];
    world.after(atMs - world.nowMs(), end.program, `${connection.name}${to === 0 ? ' <' : ' >'} ${what}`, () => {
      if (!end.destroyed && !connection.isLost) act(end);
    });
  };
  const reset = (end: Wire, afterMs = 0) => {
    const atMs = Math.max(world.nowMs(), afterMs) + latencyMs();
    world.after(
      atMs - world.nowMs(),
      end.program,
      'reset',
      () => void end.destroy(failure('ECONNRESET', 'read ECONNRESET')),
    );
  };

  const network: Network = {
    listen: (name, program, server) => void servers.set(name, { program, server }),
    leave: (name) => void servers.delete(name),
    dial: (from, name) => {
      let connection: Connection | undefined;
      const near = new Wire(world, from, (what, act) => {
        if (connection === undefined) return;
        // Whoever writes into a connection that is no more hears of it.
        if (connection.isCut) reset(near);
        else send(connection, 1, what, act);
      });
      near.connecting = true;
      const whenMs = arrivalMs(name, 0);
      world.after(whenMs - world.nowMs(), from, `dial ${name}`, () => {
        if (near.destroyed) return;
        const there = servers.get(name);
        if (there === undefined || !there.program.isAlive) {
          near.destroy(failure('ECONNREFUSED', `connect ECONNREFUSED ${name}`));
          return;
        }
        const far: Wire = new Wire(world, there.program, (what, act) => {
          if (connection!.isCut) reset(far);
          else send(connection!, 0, what, act);
        });
        connection = { name, ends: [near, far], lastMs: [0, 0], isCut: false, isLost: false };
        const opened = connection;
        connections.add(opened);
        for (const end of opened.ends) end.once('close', () => connections.delete(opened));
        world.after(0, there.program, `accept ${name}`, () => {
          far.connected();
          there.server.emit('connection', far);
        });
        near.connected();
      });
      return near;
    },
    cut: (name, silently) => {
      for (const connection of [...connections]) {
        if (connection.name !== name) continue;
        connection.isCut = true;
        connection.isLost = random.next() < 0.5;
        connections.delete(connection);
        if (!silently) reset(connection.ends[0], connection.lastMs[0]);
        reset(connection.ends[1], connection.lastMs[1]);
      }
    },
    hold: (name, ms) => void heldUntilMs.set(name, Math.max(heldUntilMs.get(name) ?? 0, world.nowMs() + ms)),
    bury: (program) => {
      for (const [name, one] of servers) if (one.program === program) servers.delete(name);
      for (const connection of [...connections]) {
        if (!connection.ends.some((end) => end.program === program)) continue;
        connection.isCut = true;
        connection.isLost = random.next() < 0.5;
        connections.delete(connection);
        for (const i of [0, 1] as const) {
          const end = connection.ends[i];
          if (end.program !== program) reset(end, connection.lastMs[i]);
        }
      }
    },
    heal: () => heldUntilMs.clear(),
  };
  return network;
}

type Transmit = (what: string, act: (end: Wire) => void) => void;

/** One end of a connection, as much of a socket as the programs ask of one. */
class Wire extends Duplex {
  readonly program: Program;
  readonly remoteAddress = '127.0.0.1';
  readonly encrypted = true;
  readonly authorized = true;
  connecting = false;
  readonly #world: World;
  readonly #transmit: Transmit;
  #idleMs = 0;
  #idle: Coming | undefined;
  #stand: ((error?: Error) => void) | undefined;
  #stood = false;

  constructor(world: World, program: Program, transmit: Transmit) {
    super({ allowHalfOpen: false });
    this.#world = world;
    this.program = program;
    this.#transmit = transmit;
    this.on('error', () => {});
  }

  /** Nothing is written before the connection stands. */
  override _construct(callback: (error?: Error) => void): void {
    if (this.#stood) callback();
    else this.#stand = callback;
  }
  connected(): void {
    this.connecting = false;
    this.#stood = true;
    this.#stand?.();
    process.nextTick(() => {
      this.emit('connect');
      this.emit('secureConnect');
    });
  }
  /** A stream that is still being made is only destroyed once it is. */
  override destroy(error?: Error): this {
    super.destroy(error);
    if (!this.#stood) {
      this.#stood = true;
      this.#stand?.();
    }
    return this;
  }

  override _read(): void {}
  override _write(chunk: Buffer, _: BufferEncoding, callback: () => void): void {
    this.#transmit(String(chunk.length), (end) => {
      end.#active();
      end.push(chunk);
    });
    this.#active();
    callback();
  }
  override _final(callback: () => void): void {
    this.#transmit('end', (end) => void end.push(null));
    callback();
  }
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#idle?.cancel();
    if (this.#stood) {
      this.#transmit('close', (end) => {
        // After an orderly end it is a goodbye.
        end.destroy(end.readableEnded ? undefined : failure('ECONNRESET', 'read ECONNRESET'));
      });
    }
    callback(error);
  }

  #active(): void {
    this.#idle?.cancel();
    if (this.#idleMs === 0 || this.destroyed) return;
    this.#idle = this.#world.after(this.#idleMs, this.program, 'idle', () => void this.emit('timeout'));
  }
  setTimeout(ms: number, onTimeout?: () => void): this {
    this.#idleMs = ms;
    if (onTimeout !== undefined) {
      if (ms === 0) this.off('timeout', onTimeout);
      else this.once('timeout', onTimeout);
    }
    this.#active();
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
