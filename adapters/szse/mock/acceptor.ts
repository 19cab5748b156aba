import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { MockPorts } from '../../../src/contract/mock.ts';
import { listenOn } from '../../mock-listen.ts';
import { mockContext, openPeerCheck } from '../../mock-tls.ts';
import { fieldIn, openReader, type Said, say, seal, stamp, type Told } from './message.ts';

/** Numbers of both directions and what was sent; they outlive connections. */
export interface Numbers {
  inNext: number;
  outNext: number;
  readonly sent: Map<number, { readonly said: Said; readonly at: string }>;
}

export interface AcceptorActs {
  /** A business message of the gateway's, in order. `reply` answers it (once), `cut` breaks the line instead. */
  business(told: Told): void;
  up(): void;
}

export interface Acceptor {
  start(port: number): Promise<number>;
  stop(): Promise<void>;
  /** Sends a business message and gives its number; undefined while no session is up. */
  send(said: Said, how?: { readonly spoilt?: boolean; readonly unwritten?: boolean }): number | undefined;
  /** Breaks the connection. */
  cut(): void;
}

const ADMIN = new Set(['A', '0', '1', '2', '3', '4', '5']);
/** Kept for sending again; what is older is skipped. */
const KEPT = 20_000;
const CHUNK = 500;

/** SZSE's side of the session: one session per member, the gateway dials. */
export function openAcceptor(ports: MockPorts, numbers: Numbers, acts: AcceptorActs): Acceptor {
  const { member } = ports;
  const sockets = new Set<Socket>();
  const faultOfPeer = openPeerCheck(ports.tls, 'client', ports.nowMs);
  let active: Session | undefined;
  let server: Server | undefined;

  interface Session {
    readonly socket: Socket;
    write(bytes: Buffer): void;
  }

  const now = () => stamp(ports.nowMs());
  const remember = (said: Said): number => {
    const seq = numbers.outNext++;
    numbers.sent.set(seq, { said, at: now() });
    if (numbers.sent.size > KEPT) numbers.sent.delete(numbers.sent.keys().next().value!);
    return seq;
  };

  const onConnection = (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    const read = openReader();
    const held = new Map<number, Told>();
    let session: Session | undefined;
    let askedTo = 0;
    let highest = 0;
    let quiet = 0;
    let silent = 0;
    let ticker: NodeJS.Timeout | undefined;
    let pending: Buffer[] = [];

    const flush = () => {
      const bytes = Buffer.concat(pending);
      pending = [];
      if (socket.destroyed || socket.write(bytes)) return;
      socket.pause();
      socket.once('drain', () => socket.resume());
    };
    const write = (bytes: Buffer) => {
      quiet = 0;
      pending.push(bytes);
      if (pending.length === 1) setImmediate(flush);
    };
    const admin = (type: string, pairs: Parameters<typeof say>[1]) =>
      write(seal(say(type, pairs), { member, seq: numbers.outNext++, now: now() }));
    const bye = (reason: string, counted: boolean) => {
      const seq = counted ? numbers.outNext++ : numbers.outNext;
      write(seal(say('5', [[58, reason]]), { member, seq, now: now() }));
      setImmediate(() => socket.end());
    };

    const logon = (told: Told) => {
      const heartbeat = Number(fieldIn(told, 108));
      const signed = [told.sender, 'SZSE', told.seq, told.sentAt, heartbeat, fieldIn(told, 553)].join('|');
      const signature = Buffer.from(fieldIn(told, 96) ?? '', 'base64');
      if (told.type !== 'A') return bye('logon expected', false);
      if (told.sender !== member || fieldIn(told, 553) !== member) return bye('unknown member', false);
      if (!ports.verifier.verify(Buffer.from(signed), signature)) return bye('signature', false);
      if (active !== undefined) return bye('one session per member', false);
      if (told.seq < numbers.inNext) return bye(`sequence ${told.seq} is lower than ${numbers.inNext}`, false);
      session = { socket, write };
      active = session;
      admin('A', [[108, heartbeat]]);
      const interval = Math.max(0.1, heartbeat || 30);
      ticker = setInterval(() => {
        if (++silent === 12) admin('1', [[112, String(numbers.outNext)]]);
        else if (silent >= 20) socket.destroy();
        else if (++quiet >= 10) admin('0', []);
      }, interval * 100);
      inOrder(told);
      acts.up();
    };

    const sendAgain = (from: number, asked: number) => {
      const to = asked === 0 ? numbers.outNext - 1 : Math.min(asked, numbers.outNext - 1);
      let skipFrom = from;
      const skipTo = (seq: number) => {
        if (seq <= skipFrom) return;
        const fill = say('4', [
          [36, seq],
          [123, 'Y'],
        ]);
        write(seal(fill, { member, seq: skipFrom, now: now(), first: now() }));
      };
      for (let seq = from; seq <= to; seq++) {
        const kept = numbers.sent.get(seq);
        if (kept === undefined) continue;
        skipTo(seq);
        write(seal(kept.said, { member, seq, now: now(), first: kept.at, signer: ports.signer }));
        skipFrom = seq + 1;
      }
      skipTo(to + 1);
    };

    const act = (told: Told) => {
      if (told.type === '1') admin('0', [[112, fieldIn(told, 112)]]);
      else if (told.type === '5') bye('goodbye', true);
      else if (!ADMIN.has(told.type)) acts.business(told);
    };

    const next = (told: Told) => {
      if (told.type === '4' && fieldIn(told, 123) === 'Y') {
        numbers.inNext = Math.max(numbers.inNext + 1, Number(fieldIn(told, 36)));
        for (const seq of held.keys()) if (seq < numbers.inNext) held.delete(seq);
        return;
      }
      numbers.inNext++;
      act(told);
    };

    const inOrder = (told: Told) => {
      if (told.seq < numbers.inNext) {
        if (!told.again) bye(`sequence ${told.seq} is lower than ${numbers.inNext}`, true);
        return;
      }
      highest = Math.max(highest, told.seq);
      if (told.seq > numbers.inNext) held.set(told.seq, told);
      else {
        next(told);
        for (let one = held.get(numbers.inNext); one !== undefined; one = held.get(numbers.inNext)) {
          held.delete(one.seq);
          next(one);
        }
      }
      if (numbers.inNext > highest || numbers.inNext <= askedTo) return;
      let end = highest;
      for (const seq of held.keys()) end = Math.min(end, seq - 1);
      askedTo = Math.min(end, numbers.inNext + CHUNK - 1);
      admin('2', [
        [7, numbers.inNext],
        [16, askedTo],
      ]);
    };

    socket.on('data', (chunk) => {
      if (faultOfPeer(socket) !== undefined) return void socket.destroy();
      silent = 0;
      for (const told of read(chunk)) {
        if (socket.destroyed) return;
        if (session === undefined) logon(told);
        else {
          if (told.type === '2') sendAgain(Number(fieldIn(told, 7)), Number(fieldIn(told, 16)));
          inOrder(told);
        }
      }
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      sockets.delete(socket);
      clearInterval(ticker);
      if (active === session) active = undefined;
    });
  };

  return {
    start: async (port) => {
      const { tls } = ports;
      const opened =
        tls === undefined
          ? createServer(onConnection)
          : createTlsServer({ ...mockContext(tls), requestCert: true }, onConnection);
      server = opened;
      return listenOn(opened, port, ports);
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
      active = undefined;
    },
    send: (said, { spoilt = false, unwritten = false } = {}) => {
      if (active === undefined) return undefined;
      const seq = remember(said);
      if (!unwritten) active.write(seal(said, { member, seq, now: now(), signer: ports.signer, spoilt }));
      return seq;
    },
    cut: () => active?.socket.destroy(),
  };
}
