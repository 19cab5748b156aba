import { hash } from 'node:crypto';
import type { NativeSigner, NativeVerifier } from '../../src/contract/adapter.ts';
import { type Refusal, refuse } from '../../src/contract/refusal.ts';
import { timeAt } from './wire.ts';

/** Time stamps further off than this are refused, ms. */
const WINDOW_MS = 300_000;

/** How far behind the highest serial seen another one may come in: answers overtake each other. */
const SERIAL_WINDOW = 1024;

/** Lower-hex SM3 of a body. */
export function sm3(bytes: Uint8Array): string {
  return hash('sm3', bytes, 'hex');
}

/** What a signature covers; `path` with query for a GET, whose body is empty. */
export function covered(member: string, time: string, serial: string, digest: string, path?: string): string {
  return `${member}|${time}|${serial}|${digest}${path === undefined ? '' : `|${path}`}`;
}

const EMPTY = sm3(new Uint8Array());

/** The four headers of a request. */
export async function sealRequest(
  { member, serial, nowMs, body, path }: SealedRequest,
  signer: NativeSigner,
): Promise<Record<string, string>> {
  const time = timeAt(nowMs);
  const digest = body === undefined ? EMPTY : sm3(body);
  const text = Buffer.from(covered(member, time, String(serial), digest, path));
  const signature = await (signer.signElsewhere?.(text) ?? signer.sign(text));
  return {
    'X-STEX-Member': member,
    'X-STEX-Time': time,
    'X-STEX-Serial': String(serial),
    'X-STEX-Signature': Buffer.from(signature).toString('base64'),
  };
}

export interface SealedRequest {
  readonly member: string;
  readonly serial: number;
  readonly nowMs: number;
  readonly body?: Uint8Array;
  /** Given for a GET only. */
  readonly path?: string;
}

/** An answer's four headers, of which any may be missing. */
export type SealHeaders = Readonly<Record<string, unknown>>;

/** What an answer's signature proves: kept as evidence. */
export interface Seal {
  readonly covered: string;
  readonly signature: string;
}

/** Checks an answer's signature, sender, time and serial, in this order of cheapness, the serial last. */
export async function openSeal(
  headers: SealHeaders,
  body: Uint8Array,
  checks: {
    readonly member: string;
    readonly nowMs: number;
    heardClock?(theirMs: number): void;
    readonly verifier: NativeVerifier;
    readonly serials: SerialWindow;
  },
): Promise<Seal | Refusal> {
  const member = textOf(headers['x-stex-member']);
  const time = textOf(headers['x-stex-time']);
  const serial = textOf(headers['x-stex-serial']);
  const signature = textOf(headers['x-stex-signature']);
  if (member !== checks.member) return refuse('unknown-sender', '', member.slice(0, 40));
  const sentAtMs = momentOf(time);
  if (sentAtMs === undefined) return refuse('stale', '', time);
  if (!/^[1-9]\d{0,15}$/.test(serial)) return refuse('replayed', '', serial.slice(0, 40));
  const text = covered(member, time, serial, sm3(body));
  if (!/^[A-Za-z0-9+/]{8,200}={0,2}$/.test(signature)) return refuse('bad-signature');
  const { verifier } = checks;
  const signed = [Buffer.from(text), Buffer.from(signature, 'base64')] as const;
  if (!(await (verifier.verifyElsewhere?.(...signed) ?? verifier.verify(...signed)))) return refuse('bad-signature');
  checks.heardClock?.(sentAtMs);
  if (Math.abs(checks.nowMs - sentAtMs) > WINDOW_MS) return refuse('stale', '', time);
  if (!checks.serials.take(Number(serial))) return refuse('replayed', '', serial);
  return { covered: text, signature };
}

function textOf(header: unknown): string {
  return typeof header === 'string' ? header : '';
}

function momentOf(time: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(time);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}+08:00`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Which serials have been seen: each once, and none further behind the highest than the window. */
export interface SerialWindow {
  /** True, and from then on seen, when it is new and not too old. */
  take(serial: number): boolean;
}

export function serialWindow(): SerialWindow {
  let seen = new Set<number>();
  let highest = 0;
  return {
    take(serial) {
      if (serial <= highest - SERIAL_WINDOW || seen.has(serial)) return false;
      seen.add(serial);
      highest = Math.max(highest, serial);
      if (seen.size > 4 * SERIAL_WINDOW) seen = new Set([...seen].filter((one) => one > highest - SERIAL_WINDOW));
      return true;
    },
  };
}
