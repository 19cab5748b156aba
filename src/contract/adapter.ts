import type { Duplex } from 'node:stream';
import type { StatementReader } from './books.ts';
import type { Exchange } from './exchange.ts';
import type { Loss } from './loss.ts';
import type { Message, Statement } from './message.ts';
import type { Checked, Refusal } from './refusal.ts';

/**
 * One exchange, as a value: how its messages read, how they are written, what its rules say, how it is reached.
 * relay and clearing are handed adapters and never know which exchanges exist.
 */
export interface Adapter {
  readonly exchange: Exchange;
  /** The rulebook document(s) as shipped, checked by the rules room. */
  readonly rulebooks: readonly unknown[];
  /** One native message (exact bytes as on the wire) → unified, or every reason why not. Pure. */
  decode(bytes: Uint8Array): Checked<Message>;
  /**
   * Unified → native. What belongs to this exchange comes out as the exchange itself would send it; what belongs to
   * another comes out as the request that the gateway sends. Pure.
   */
  encode(message: Message, frame: Frame): Checked<Encoded>;
  /** The day-end books, all pages of one batch in order → unified. Pure. */
  decodeStatement(pages: readonly Uint8Array[]): Checked<Statement>;
  /** The same as a stream of rows, for books of any size and for rows of which some are bad. */
  readStatement(source: AsyncIterable<Uint8Array>): StatementReader;
  openLink(settings: LinkSettings, ports: LinkPorts): Link;
  /** The link has a session, a cursor or numbers that follow one another: of several gateways one holds it at a time. */
  readonly single?: true;
  /**
   * Whether an arrival's proof shows that the holder of that key signed exactly these bytes in the exchange's own
   * protocol. Pure, and false for whatever is malformed: it reads what strangers bring years later.
   */
  verifyProof(kept: KeptNative, verifier: NativeVerifier): boolean;
}

/** One arrival as the journal keeps it. */
export interface KeptNative {
  readonly bytes: Uint8Array;
  readonly proof: string;
  /** What the proof names as signed in one with other messages (`LinkMemory.keepWhole`). */
  readonly whole?: Uint8Array;
}

/** What a request needs beside its content. */
export interface Frame {
  /** Idempotency key of the request: requestId (ctex), WDBH (stex), tag 11 (szse). At most 64 ASCII characters. */
  readonly requestId: string;
  /** When it is made, RFC 3339 +08:00. */
  readonly at: string;
  /** The number this exchange gave its mirror of the listing earlier; absent for the first version it is shown. */
  readonly mirror?: string;
}

export interface Encoded {
  readonly request: NativeRequest;
  /** What this exchange's messages cannot say and the deal does not depend on. */
  readonly loss: readonly Loss[];
}

/** A native message ready for the link, without what only the link knows (signature, serial, sequence, send time). */
export interface NativeRequest {
  readonly id: string;
  readonly bytes: Uint8Array;
  /** HTTP only. */
  readonly method?: 'POST' | 'PUT';
  readonly path?: string;
}

/** Signs in the exchange's own way; which algorithm is the key's business. */
export interface NativeSigner {
  sign(bytes: Uint8Array): Uint8Array;
  /** The same on another thread, for keys whose signature is long work (RSA, SM2); absent: `sign` is quick enough. */
  signElsewhere?(bytes: Uint8Array): Promise<Uint8Array>;
}

export interface NativeVerifier {
  verify(bytes: Uint8Array, signature: Uint8Array): boolean;
  /** The same on another thread, where that is long work (SM2); absent: `verify` is quick enough. */
  verifyElsewhere?(bytes: Uint8Array, signature: Uint8Array): Promise<boolean>;
}

/** One native message that came in, its sender's own signature already checked by the link. */
export interface Arrival {
  readonly exchange: Exchange;
  /** The exchange's own id of the message: eventId, WDBH, tag 11. */
  readonly key: string;
  readonly bytes: Uint8Array;
  /**
   * The signature and what it covered, as text: kept as evidence beside the bytes. Where the exchange signed more than
   * this message in one, it is a JSON object whose `whole` is the SHA-256 (hex) of what was kept with `keepWhole`.
   */
  readonly proof: string;
  /** A one-time value (nonce) that must never have been seen before from this exchange. */
  readonly once?: string;
  readonly arrivedAtMs: number;
  /** When the exchange says it happened; set only where the transport may reorder messages (ctex webhooks). */
  readonly sentAtMs?: number;
  /** What the exchange sends is one sequence: while a message is put off, those behind it are, too. */
  readonly ordered?: true;
}

/** What the gateway answers; given only after it is durable. A repeated arrival gets its first answer again. */
export type Answer =
  | { readonly outcome: 'accepted'; readonly messageId: string }
  | { readonly outcome: 'refused'; readonly refusals: readonly Refusal[] }
  | { readonly outcome: 'busy'; readonly retryAfterMs: number };

/** What became of a request at the exchange. */
export type Outcome =
  /** `number`: what the exchange calls it from now on. `answer`: its own bytes. */
  | { readonly outcome: 'accepted'; readonly number?: string; readonly answer: Uint8Array }
  /** Its rules say no; never retried unchanged. */
  | { readonly outcome: 'refused'; readonly refusals: readonly Refusal[]; readonly answer: Uint8Array }
  /** It certainly did not happen; try again. */
  | ({ readonly outcome: 'retry'; readonly afterMs: number; readonly reason: string } & MayBeUnanswered)
  /** It may or may not have happened: ask before doing anything. */
  | ({ readonly outcome: 'ambiguous'; readonly reason: string } & MayBeUnanswered)
  /** Only from `ask`: the exchange never got it; sending it (under the same id) is safe. */
  | { readonly outcome: 'absent' };

/** Nothing came back at all: the line is to blame, or the whole exchange, and not this request. */
export interface MayBeUnanswered {
  readonly unanswered?: true;
}

export interface LinkSettings {
  /** The name under which the gateway is known at this exchange. */
  readonly member: string;
  /** HTTP base address (ctex, stex), or the file port (szse). `https:` is mutual TLS through {@link LinkPorts.tls}. */
  readonly url?: string;
  /** host:port of the session (szse). */
  readonly address?: string;
  /** The session runs over mutual TLS (szse); absent: over plain TCP. */
  readonly secure?: boolean;
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
  /** The same for day-end books; absent: as any other answer. */
  readonly maxStatementBytes?: number;
  /** How long to wait before the outbox is polled again when it was empty (stex). */
  readonly pollIntervalMs: number;
  /** How many requests may be under way at once. */
  readonly concurrency: number;
  /** Seconds between heartbeats (szse). */
  readonly heartbeatS: number;
}

/** Everything a link touches outside itself. */
export interface LinkPorts {
  readonly signer: NativeSigner;
  readonly verifier: NativeVerifier;
  readonly memory: LinkMemory;
  /** Absent: there are no certificates, and only plain addresses can be reached. */
  readonly tls?: TlsPort;
  nowMs(): number;
  /** Told every time that the exchange has signed, in or out of the window: its clock is watched by it. */
  heardClock?(theirMs: number): void;
  /** Whether that clock and ours have been apart for a while: then a time out of the window says nothing about its message. */
  clocksDiffer?(): boolean;
  /** 32 hexadecimal characters, fresh. */
  nonce(): string;
  /** Hands an arrival in; resolves once the answer is durable. Arrivals of one call order keep that order. */
  receive(arrival: Arrival): Promise<Answer>;
  /** Keeps what was turned down before it could be an arrival (bad signature, garbled). */
  keepRefused(arrival: Arrival, refusal: Refusal): Promise<void>;
  log(level: 'info' | 'warn' | 'error', event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Mutual TLS to one exchange; which certificates are good is known where it comes from. */
export interface TlsPort {
  /**
   * Dials. `secureConnect` comes once the exchange has proved to be itself; nothing written is sent before. Otherwise the
   * connection is destroyed with an error whose code is {@link BAD_PEER}: nothing was sent. It is cut as soon as the
   * certificate is no longer good.
   */
  connect(host: string, port: number): Duplex;
}

/** `code` of the error that ends a connection whose other side has no good certificate. */
export const BAD_PEER = 'ERR_BAD_PEER';

/** What a link must still know after a crash; kept in PostgreSQL, one namespace for each exchange. */
export interface LinkMemory {
  get(name: string): Promise<string | undefined>;
  set(name: string, value: string): Promise<void>;
  /** The first of `count` numbers never given out before, counting from 1. */
  reserve(name: string, count: number): Promise<number>;
  /** Keeps sent session messages so that they can be sent again (szse). */
  keepSent(messages: readonly SentMessage[]): Promise<void>;
  /** Kept messages with from ≤ seq ≤ to, in order. */
  sentBetween(from: number, to: number): Promise<readonly SentMessage[]>;
  /** Keeps for ever what the exchange signed as one and what is more than one message; again is no error. */
  keepWhole(bytes: Uint8Array): Promise<void>;
}

export interface SentMessage {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

export interface LinkState {
  readonly up: boolean;
  /** When anything last came from the exchange, ms; undefined: not yet. */
  readonly lastHeardAtMs?: number;
  readonly detail: { readonly zh: string; readonly en: string };
}

/** A running connection to one exchange. */
export interface Link {
  start(): Promise<void>;
  /** Stops taking work, lets what is under way end, closes. */
  stop(): Promise<void>;
  send(request: NativeRequest): Promise<Outcome>;
  /** What became of a request whose answer never came. */
  ask(request: NativeRequest): Promise<Outcome>;
  fetchStatement(date: string): Promise<readonly Uint8Array[]>;
  state(): LinkState;
  /** Where the exchange pushes by HTTP: the route the gateway serves for it. */
  readonly webhook?: Webhook;
}

export interface Webhook {
  readonly path: string;
  receive(request: WebhookRequest): Promise<WebhookAnswer>;
}

export interface WebhookRequest {
  readonly method: string;
  readonly pathWithQuery: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

export interface WebhookAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}
