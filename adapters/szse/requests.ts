import type { LinkSettings, NativeRequest, Outcome } from '../../src/contract/adapter.ts';
import { refuse } from '../../src/contract/refusal.ts';
import { outcomeOf } from './answers.ts';
import { contentOf, type Frame, fieldOf } from './session-frame.ts';
import type { Parcel } from './session-outgoing.ts';

/** Requests under way, each matched with its answer by its id (tag 11) or number (34). */
export interface Requests {
  send(request: NativeRequest): Promise<Outcome>;
  ask(request: NativeRequest): Promise<Outcome>;
  /** UX or j; `isGenuine` says whether its signature is SZSE's. False when nothing waited for it. */
  answered(frame: Frame, isGenuine: boolean): boolean;
  /** Session Reject (3) of one of our messages: it was not understood, and will not be. */
  rejected(frame: Frame): void;
  /** The connection is gone: what has a number may have arrived, the rest certainly has not. */
  lost(reason: string): void;
  /** Resolves when nothing is under way, at the latest when every request has timed out. */
  idle(): Promise<void>;
}

interface Pending {
  readonly id: string;
  readonly isQuery: boolean;
  readonly promise: Promise<Outcome>;
  end(outcome: Outcome): void;
  seq?: number;
}

/** How long before what could not be sent is worth trying again. */
const RETRY_MS = 500;
/** Requests that may wait for a place in the window, as a multiple of it. */
const WAITING = 20;

/** `put` sends over the session that is up now; undefined while there is none. */
export function openRequests(settings: LinkSettings, put: () => ((parcel: Parcel) => void) | undefined): Requests {
  const sends = new Map<string, Pending>();
  const asks = new Map<string, Pending>();
  const bySeq = new Map<number, Pending>();
  /** What went out under which number, in this process. */
  const numbered = new Map<number, 'request' | 'query'>();
  /** By id, the number under which it was said to be unknown once. */
  const doubtful = new Map<string, number>();
  const waiting: (() => void)[] = [];
  let places = settings.concurrency;
  const whenIdle: (() => void)[] = [];

  const start = (id: string, isQuery: boolean, type: string, content: Uint8Array): Promise<Outcome> => {
    const among = isQuery ? asks : sends;
    const same = among.get(id);
    if (same !== undefined) return same.promise;
    if (put() === undefined) return Promise.resolve(unsent('not connected', isQuery));
    if (waiting.length >= WAITING * settings.concurrency) return Promise.resolve(unsent('too many waiting', isQuery));
    let resolve: (outcome: Outcome) => void = () => undefined;
    const promise = new Promise<Outcome>((done) => {
      resolve = done;
    });
    let hasPlace = false;
    let isOver = false;
    const pending: Pending = {
      id,
      isQuery,
      promise,
      end: (outcome) => {
        if (isOver) return;
        isOver = true;
        clearTimeout(timer);
        among.delete(id);
        if (pending.seq !== undefined) bySeq.delete(pending.seq);
        resolve(outcome);
        if (hasPlace) leavePlace();
        if (sends.size + asks.size === 0) for (const tell of whenIdle.splice(0)) tell();
      },
    };
    let timer: NodeJS.Timeout | undefined;
    among.set(id, pending);
    const go = () => {
      if (isOver) return leavePlace();
      hasPlace = true;
      // Counted from here: every place before it comes free within the same time.
      timer = setTimeout(() => {
        pending.end(pending.seq === undefined ? unsent('not sent in time', isQuery) : unanswered('no answer in time'));
      }, settings.timeoutMs);
      const send = put();
      if (send === undefined) return pending.end(unsent('not connected', isQuery));
      send({
        type,
        content,
        business: true,
        isCalledOff: () => isOver,
        numbered: (seq) => {
          pending.seq = seq;
          bySeq.set(seq, pending);
          remember(numbered, seq, isQuery ? 'query' : 'request');
        },
      });
    };
    if (places > 0) {
      places--;
      go();
    } else waiting.push(go);
    return promise;
  };

  const leavePlace = () => {
    const next = waiting.shift();
    if (next === undefined) places++;
    else next();
  };

  /**
   * A reject names the number it refuses, which tells a query from the request it asks after; answers name the id. Asked
   * after what it refused, SZSE says the refusal again, with the number it had then.
   */
  const meant = (frame: Frame): readonly Pending[] => {
    const refused = frame.type === 'j' ? Number(fieldOf(frame, 45)) : Number.NaN;
    const one = bySeq.get(refused);
    if (one !== undefined) return [one];
    // Late: about a query that nobody waits for any more.
    if (numbered.get(refused) === 'query') return [];
    const id = fieldOf(frame, frame.type === 'j' ? 379 : 11) ?? '';
    const asked = asks.get(id);
    const sent = isDoubtful(frame, refused) ? undefined : sends.get(id);
    return [sent, asked].filter((one) => one !== undefined);
  };

  /** "Unknown" under a number from before this process: said of the request, or late, of a query after it. */
  const isDoubtful = (frame: Frame, refused: number) =>
    frame.type === 'j' && fieldOf(frame, 380) === '1' && !Number.isNaN(refused) && !numbered.has(refused);

  /** What is said late is said once; a refusal is said again at each query. */
  const outcomeAsked = (frame: Frame, one: Pending): Outcome => {
    const refused = Number(fieldOf(frame, 45));
    const isOfQuery = one.isQuery && refused === one.seq;
    if (isOfQuery || !one.isQuery || !isDoubtful(frame, refused)) return outcomeOf(frame, isOfQuery);
    if (doubtful.get(one.id) === refused) return outcomeOf(frame, false);
    remember(doubtful, one.id, refused);
    return { outcome: 'ambiguous', reason: 'unknown, but perhaps said of an earlier query' };
  };

  return {
    send: ({ id, bytes }) => {
      const [type, content] = splitType(bytes);
      return start(id, false, type, content);
    },
    ask: ({ id }) => start(id, true, 'UQ', contentOf([11, id])),
    answered: (frame, isGenuine) => {
      const pending = meant(frame);
      for (const one of pending) {
        one.end(
          isGenuine ? outcomeAsked(frame, one) : { outcome: 'ambiguous', reason: 'the answer is signed wrongly' },
        );
      }
      return pending.length > 0;
    },
    rejected: (frame) => {
      const refusals = [refuse('host-refused', '', `373=${fieldOf(frame, 373) ?? ''}`)];
      const pending = bySeq.get(Number(fieldOf(frame, 45)));
      pending?.end({ outcome: 'refused', refusals, answer: Buffer.from(frame.bytes) });
    },
    lost: (reason) => {
      for (const pending of [...sends.values(), ...asks.values()]) {
        pending.end(pending.seq === undefined ? unsent(reason, pending.isQuery) : unanswered(reason));
      }
    },
    idle: () =>
      sends.size + asks.size === 0 ? Promise.resolve() : new Promise<void>((resolve) => void whenIdle.push(resolve)),
  };
}

/** Answers come late by minutes at the most: what was longest ago is forgotten. */
const REMEMBERED = 10_000;

function remember<Key, Value>(known: Map<Key, Value>, key: Key, value: Value): void {
  known.set(key, value);
  if (known.size > REMEMBERED) known.delete(known.keys().next().value as Key);
}

/** To have failed to ask is not to know. */
function unsent(reason: string, isQuery: boolean): Outcome {
  return isQuery ? unanswered(reason) : { outcome: 'retry', afterMs: RETRY_MS, reason, unanswered: true };
}

function unanswered(reason: string): Outcome {
  return { outcome: 'ambiguous', reason, unanswered: true };
}

/** encode gives `35=UN`, SOH, content. */
function splitType(bytes: Uint8Array): readonly [string, Uint8Array] {
  const end = bytes.indexOf(1);
  return [Buffer.from(bytes.subarray(3, end)).toString('latin1'), bytes.subarray(end + 1)];
}
