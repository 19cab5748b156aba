import type { Answer, Arrival, LinkPorts } from '../../src/contract/adapter.ts';
import { type Refusal, refuse } from '../../src/contract/refusal.ts';
import { type Reply, refusedReply, replyTo } from './answers.ts';
import { arrivedBytes, writeProof } from './proof.ts';
import { type Frame, fieldOf, readSendingTime } from './session-frame.ts';
import type { Parcel } from './session-outgoing.ts';

/** Business messages that SZSE sends, on their way into the gateway. */
export interface Arrivals {
  /** `put` answers over the session the message came by; `durable` is called once message and answer are kept. */
  take(frame: Frame, put: (parcel: Parcel) => void, durable: () => void): void;
  /** Bytes that are no message: kept, not answered. */
  garbled(bytes: Uint8Array, why: 'length' | 'checksum'): void;
  /** How many are being made durable now. */
  underWay(): number;
  /** Resolves when none is. */
  idle(): Promise<void>;
}

const TYPES = new Set(['UL', 'UM', 'US', 'UI', 'UJ', 'UB', 'UD', 'UE', 'UC', 'UK', 'UF']);
const SHUT_OUT_MS = 1_000;
const REMEMBERED = 10_000;

/** `changed` is called whenever the number under way has changed. */
export function openArrivals(ports: LinkPorts, changed: () => void): Arrivals {
  let underWay = 0;
  const whenIdle: (() => void)[] = [];
  /** For SZSE's own queries (UQ): what was answered lately. */
  const answered = new Map<string, Reply>();
  const remember = (id: string, reply: Reply) => {
    answered.set(id, reply);
    if (answered.size > REMEMBERED) answered.delete(answered.keys().next().value!);
  };

  const keep = (arrival: Arrival, refusal: Refusal) => {
    ports.log('warn', 'szse.turned-down', { key: arrival.key, code: refusal.code });
    void ports.keepRefused(arrival, refusal).catch((cause: unknown) => {
      ports.log('error', 'szse.not-kept', { key: arrival.key, cause: String(cause) });
    });
  };
  const turnDown = (arrival: Arrival, seq: number, refusal: Refusal): Reply => {
    keep(arrival, refusal);
    return refusedReply(seq, arrival.key, [refusal]);
  };

  const receive = async (arrival: Arrival, seq: number): Promise<Reply> => {
    let answer: Answer;
    try {
      answer = await ports.receive(arrival);
    } catch (cause) {
      ports.log('error', 'szse.receive-failed', { key: arrival.key, cause: String(cause) });
      answer = { outcome: 'busy', retryAfterMs: SHUT_OUT_MS };
    }
    const reply = replyTo(seq, arrival.key, answer);
    if (answer.outcome !== 'busy') remember(arrival.key, reply);
    return reply;
  };

  const replyFor = (frame: Frame): Reply | Promise<Reply> => {
    const { seq } = frame;
    const arrival = arrivalOf(frame, ports.nowMs());
    const { signature, covered } = frame;
    if (signature === undefined || !ports.verifier.verify(covered, signature)) {
      return turnDown(arrival, seq, refuse('bad-signature'));
    }
    const sentAtMs = frame.again ? undefined : readSendingTime(frame.sentAt);
    if (sentAtMs !== undefined) ports.heardClock?.(sentAtMs);
    if (frame.type === 'UQ') {
      const known = answered.get(arrival.key);
      return known ?? refusedReply(seq, arrival.key, [refuse('reference-unknown')]);
    }
    if (!TYPES.has(frame.type)) return turnDown(arrival, seq, refuse('unknown-kind', '/35', frame.type.slice(0, 8)));
    if (arrival.key === '' || arrival.key.length > 64) {
      return turnDown({ ...arrival, key: '' }, seq, refuse(arrival.key === '' ? 'missing-field' : 'bad-format', '/11'));
    }
    return receive(arrival, seq);
  };

  return {
    garbled: (bytes, why) => {
      const arrival = { exchange: 'szse', key: '', bytes: Buffer.from(bytes), proof: '' } as const;
      keep({ ...arrival, arrivedAtMs: ports.nowMs() }, refuse(why === 'checksum' ? 'bad-checksum' : 'bad-length'));
    },
    underWay: () => underWay,
    idle: () => (underWay === 0 ? Promise.resolve() : new Promise((resolve) => void whenIdle.push(resolve))),
    take: (frame, put, durable) => {
      const leave = (reply: Reply) => put({ ...reply, business: true, kept: durable });
      const reply = replyFor(frame);
      if (!(reply instanceof Promise)) return leave(reply);
      underWay++;
      changed();
      void reply.then(leave).finally(() => {
        underWay--;
        changed();
        if (underWay === 0) for (const tell of whenIdle.splice(0)) tell();
      });
    },
  };
}

/** What was signed, and the signature, are the proof beside the bytes. */
function arrivalOf(frame: Frame, nowMs: number): Arrival {
  return {
    exchange: 'szse',
    key: fieldOf(frame, 11) ?? '',
    bytes: arrivedBytes(frame),
    proof: writeProof(frame),
    arrivedAtMs: nowMs,
  };
}
