import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { LinkPorts } from '../../src/contract/adapter.ts';
import { codes } from './codes.ts';
import { contentOf, type Frame, fieldOf } from './session-frame.ts';
import { openIncoming, type Watermark } from './session-incoming.ts';
import { openOutgoing, type Parcel } from './session-outgoing.ts';
import { openFrameReader } from './session-stream.ts';

export interface SessionSettings {
  readonly host: string;
  readonly port: number;
  readonly secure?: boolean;
  readonly member: string;
  readonly heartbeatS: number;
  readonly timeoutMs: number;
}

export interface SessionActs {
  /** The session is up: messages may go. */
  up(): void;
  heard(): void;
  /** One business message, in order. `durable` is called when it and its answer are. */
  business(frame: Frame, durable: () => void): void;
  /** Bytes that are no message: ignored, not counted. */
  garbled(bytes: Buffer, why: 'length' | 'checksum'): void;
  /** Session Reject of one of ours. */
  rejected(frame: Frame): void;
}

/** One connection, from its first byte to its last. */
export interface Session {
  put(parcel: Parcel): void;
  /** Stops and starts reading: arrivals come faster than they become durable. */
  hold(isHeld: boolean): void;
  /** Says goodbye and waits, not for long, for the other side to do so. */
  logout(): Promise<void>;
  /** Ends at once. */
  end(reason: string): void;
  readonly ended: Promise<string>;
}

const ADMIN = new Set(['A', '0', '1', '2', '3', '4', '5']);
/** Silence is counted in ticks, ten to a heartbeat interval, so that no clock can jump. */
const TICKS = 10;
const TEST_AFTER = 12;
const LOST_AFTER = 20;
const GOODBYE_MS = 1_000;

export function openSession(
  settings: SessionSettings,
  ports: LinkPorts,
  watermark: Watermark,
  acts: SessionActs,
): Session {
  const { member, heartbeatS } = settings;
  const socket = dial(settings, ports);
  const reader = openFrameReader();
  let isUp = false;
  let isLeaving = false;
  let quietTicks = 0;
  let silentTicks = 0;
  let isHeld = false;
  let reason: string | undefined;

  const end = (why: string) => {
    reason ??= why;
    outgoing.close();
    socket.destroy();
  };
  const outgoing = openOutgoing(socket, member, codes.session.target, ports, (cause) => {
    ports.log('error', 'szse.memory-failed', { cause: String(cause) });
    end('memory failed');
  });
  const put = (parcel: Parcel) => {
    quietTicks = 0;
    outgoing.put(parcel);
  };
  const admin = (type: string, ...fields: readonly (readonly [number, string | number])[]) =>
    put({ type, content: contentOf(...fields), business: false });
  /** Says why, then closes. */
  const leave = (why: string) => {
    if (isLeaving) return;
    isLeaving = true;
    reason ??= why;
    admin('5', [58, why]);
    void outgoing.drained().then(() => {
      // Writing after the end would destroy the connection before the goodbye is through.
      outgoing.close();
      socket.end();
      setTimeout(() => socket.destroy(), GOODBYE_MS).unref();
    });
  };

  const incoming = openIncoming(watermark, {
    act: (frame) => {
      if (ADMIN.has(frame.type)) {
        if (frame.type !== '2') actOnAdmin(frame);
        return true;
      }
      acts.business(frame, () => incoming.done(frame.seq));
      return false;
    },
    ask: (from, to) => {
      ports.log('info', 'szse.gap', { from, to });
      admin('2', [7, from], [16, to]);
    },
    tooLow: (frame) => {
      ports.log('error', 'szse.sequence-too-low', { got: frame.seq, expected: watermark.next() });
      leave(`sequence ${frame.seq} is lower than expected`);
    },
  });

  const actOnAdmin = (frame: Frame) => {
    if (frame.type === '1') admin('0', [112, fieldOf(frame, 112) ?? '']);
    else if (frame.type === '3') acts.rejected(frame);
    else if (frame.type === '4') admin('3', [45, frame.seq], [373, 5], [58, 'only gap fill (123=Y) is accepted']);
    else if (frame.type === '5') {
      reason ??= `logged out: ${fieldOf(frame, 58) ?? ''}`;
      if (isLeaving) socket.end();
      else leave(reason);
    }
  };

  /** Before the session is up only the answer to the logon counts; a refusal of it is not counted. */
  const onLogonAnswer = (frame: Frame) => {
    if (frame.type === '5') return end(`logon refused: ${fieldOf(frame, 58) ?? ''}`);
    if (frame.type !== 'A') return end(`logon expected, got ${frame.type}`);
    clearTimeout(logonTimer);
    isUp = true;
    incoming.take(frame);
    if (!isLeaving) acts.up();
  };

  const onFrame = (frame: Frame) => {
    if (frame.sender !== codes.session.target || frame.target !== member) {
      return leave(`wrong party ${frame.sender} → ${frame.target}`);
    }
    if (!isUp) return onLogonAnswer(frame);
    // Acted on even ahead of its turn: were both sides to wait for their own gap first, neither would be filled.
    if (frame.type === '2' && (frame.seq >= watermark.next() || frame.again)) {
      outgoing.sendAgain(Math.max(1, Number(fieldOf(frame, 7)) || 1), Number(fieldOf(frame, 16)) || 0);
    }
    incoming.take(frame);
  };

  const logonTimer = setTimeout(() => end('no answer to logon'), settings.timeoutMs);
  const ticker = setInterval(
    () => {
      if (!isUp || isLeaving) return;
      incoming.nudge();
      if (isHeld) silentTicks = 0;
      if (++silentTicks >= LOST_AFTER) return end('silent for two heartbeat intervals');
      if (silentTicks === TEST_AFTER) admin('1', [112, ports.nonce().slice(0, 16)]);
      else if (++quietTicks >= TICKS) admin('0');
    },
    (heartbeatS * 1000) / TICKS,
  );

  const logonContent = (seq: number, sentAt: string) => {
    const signed = [member, codes.session.target, seq, sentAt, heartbeatS, member].join('|');
    const signature = Buffer.from(ports.signer.sign(Buffer.from(signed))).toString('base64');
    return contentOf([108, heartbeatS], [553, member], [95, signature.length], [96, signature]);
  };
  socket.once(settings.secure === true ? 'secureConnect' : 'connect', () =>
    put({ type: 'A', content: logonContent, business: false }),
  );
  socket.on('data', (chunk: Buffer) => {
    silentTicks = 0;
    acts.heard();
    for (const stretch of reader.push(chunk)) {
      if ('frame' in stretch) {
        if (!socket.destroyed) onFrame(stretch.frame);
      } else acts.garbled(stretch.garbled, stretch.why);
    }
  });
  let connectFailure = '';
  socket.on('error', (cause) => {
    connectFailure = cause.message;
  });
  const ended = new Promise<string>((resolve) => {
    socket.once('close', () => {
      clearTimeout(logonTimer);
      clearInterval(ticker);
      outgoing.close();
      resolve(reason ?? (connectFailure === '' ? 'connection lost' : connectFailure));
    });
  });

  return {
    put,
    hold: (held) => {
      if (held === isHeld) return;
      isHeld = held;
      if (held) socket.pause();
      else socket.resume();
    },
    logout: async () => {
      if (isUp && !isLeaving) {
        isLeaving = true;
        reason ??= 'stopped';
        admin('5');
        await outgoing.drained();
        const timer = setTimeout(() => socket.destroy(), GOODBYE_MS);
        await ended;
        clearTimeout(timer);
      } else end('stopped');
    },
    end,
    ended,
  };
}

/** Over TLS the session begins once the exchange's certificate was found good. */
function dial({ host, port, secure }: SessionSettings, { tls }: LinkPorts): Duplex {
  if (secure !== true) return connect({ host, port, noDelay: true });
  if (tls === undefined) throw new TypeError('szse: no certificates for a session over TLS');
  return tls.connect(host, port);
}
