import type { NativeSigner } from '../../src/contract/adapter.ts';
import { codes } from './codes.ts';

/**
 * One message of the session as bytes: FIX 4.4 framing (`8`, `9`, `35` … `10`) over bytes, never characters.
 * Only what the session needs is read here; content is the business of decode.
 */
export interface Frame {
  readonly bytes: Buffer;
  /** 35 */
  readonly type: string;
  /** 34 */
  readonly seq: number;
  /** 43=Y: sent again. */
  readonly again: boolean;
  /** 49, 56 */
  readonly sender: string;
  readonly target: string;
  /** 122 where sent again, else 52: when it was first sent. */
  readonly sentAt: string;
  /** The content without session header and signature: from the first field after the header to 93 (or 10). */
  readonly content: Buffer;
  /** What 89 covers: from `35=` up to, not including, `93=`. */
  readonly covered: Buffer;
  /** 89, where there is one. */
  readonly signature?: Buffer;
}

export const BEGIN = Buffer.from(`8=${codes.session.begin}\u00019=`);
export const SOH = 1;
/** `10=ddd` and SOH */
export const TRAILER_BYTES = 7;

/** Sum of the bytes before `end` modulo 256, three digits. */
export function checksum(bytes: Buffer, end: number): string {
  let sum = 0;
  for (let i = 0; i < end; i++) sum += bytes[i]!;
  return String(sum & 255).padStart(3, '0');
}

const HEADER = new Set(['34', '43', '49', '52', '56', '97', '122']);

/** Reads one whole message; undefined where its header is no header. */
export function readFrame(bytes: Buffer, from: number, end: number): Frame | undefined {
  const header: Record<string, string> = {};
  let at = from;
  for (;;) {
    const equals = bytes.indexOf(0x3d, at);
    const stop = bytes.indexOf(SOH, at);
    if (at >= end || equals < 0 || stop < equals) break;
    const tag = bytes.toString('latin1', at, equals);
    if (at === from ? tag !== '35' : !HEADER.has(tag) || header[tag] !== undefined) break;
    header[tag] = bytes.toString('latin1', equals + 1, stop);
    at = stop + 1;
  }
  const { '35': type, '34': seq = '', '49': sender, '56': target, '52': sent } = header;
  if (type === undefined || sender === undefined || target === undefined || sent === undefined) return undefined;
  if (!/^[1-9]\d{0,14}$/.test(seq)) return undefined;
  const signedTo = bytes.lastIndexOf('\u000193=', end - 1) + 1;
  const isSigned = signedTo >= at;
  const contentEnd = isSigned ? signedTo : end;
  const signature = isSigned ? signatureIn(bytes.subarray(signedTo, end)) : undefined;
  return {
    bytes,
    type,
    seq: Number(seq),
    again: header['43'] === 'Y',
    sender,
    target,
    sentAt: header['122'] ?? sent,
    content: bytes.subarray(at, contentEnd),
    covered: bytes.subarray(from, contentEnd),
    ...(signature === undefined ? {} : { signature }),
  };
}

/** 93=length, 89=base64, nothing after. */
function signatureIn(tail: Buffer): Buffer | undefined {
  const [length, signature = '', after] = tail.toString('latin1').split('\u0001');
  if (after !== '' || !/^89=[A-Za-z0-9+/]+={0,2}$/.test(signature)) return undefined;
  return length === `93=${signature.length - 3}` ? Buffer.from(signature.slice(3), 'base64') : undefined;
}

/** The first value of a tag in a message's content. */
export function fieldOf(frame: Frame, tag: number): string | undefined {
  return fieldsOf(frame, tag, 1)[0];
}

/** Every value of a tag in a message's content, at most `most`. */
export function fieldsOf({ content }: Frame, tag: number, most = 50): readonly string[] {
  const name = `${tag}=`;
  const found: string[] = [];
  for (let at = 0; at < content.length && found.length < most; ) {
    const stop = content.indexOf(SOH, at);
    if (stop < 0) break;
    // Values never hold SOH, so a field starts only here.
    if (content.length > at + name.length && content.toString('latin1', at, at + name.length) === name) {
      found.push(content.toString('utf8', at + name.length, stop));
    }
    at = stop + 1;
  }
  return found;
}

/** What goes into a message beside its content. */
export interface FrameHead {
  readonly type: string;
  readonly seq: number;
  readonly sender: string;
  readonly target: string;
  readonly sentAt: string;
  /** When it was first sent, where it is sent again (43=Y, 122). */
  readonly firstSentAt?: string;
}

/** One whole message; signed (93, 89) where a signer is given. */
export function writeFrame(head: FrameHead, content: Uint8Array, signer?: NativeSigner): Buffer {
  const { type, seq, sender, target, sentAt, firstSentAt } = head;
  const again = firstSentAt === undefined ? '' : `43=Y\u0001`;
  const first = firstSentAt === undefined ? '' : `122=${firstSentAt}\u0001`;
  const header = `35=${type}\u000149=${sender}\u000156=${target}\u000134=${seq}\u0001${again}52=${sentAt}\u0001${first}`;
  const covered = Buffer.concat([Buffer.from(header, 'latin1'), content]);
  let tail = '';
  if (signer !== undefined) {
    const signature = Buffer.from(signer.sign(covered)).toString('base64');
    tail = `93=${signature.length}\u000189=${signature}\u0001`;
  }
  const start = `8=${codes.session.begin}\u00019=${covered.length + tail.length}\u0001`;
  const size = start.length + covered.length + tail.length;
  const bytes = Buffer.allocUnsafe(size + TRAILER_BYTES);
  bytes.write(start, 0, 'latin1');
  covered.copy(bytes, start.length);
  bytes.write(tail, start.length + covered.length, 'latin1');
  bytes.write(`10=${checksum(bytes, size)}\u0001`, size, 'latin1');
  return bytes;
}

/** Content from tag–value pairs. */
export function contentOf(...fields: readonly (readonly [tag: number, value: string | number])[]): Buffer {
  return Buffer.from(fields.map(([tag, value]) => `${tag}=${value}\u0001`).join(''));
}

const SHANGHAI_MS = 8 * 3_600_000;

/** `20260302-09:30:00.000`, Asia/Shanghai. */
export function sendingTime(ms: number): string {
  const text = new Date(ms + SHANGHAI_MS).toISOString();
  return `${text.slice(0, 4)}${text.slice(5, 7)}${text.slice(8, 10)}-${text.slice(11, 23)}`;
}

/** The other way: ms since 1970; undefined where it is no such time. Fractions of a second may be absent. */
export function readSendingTime(text: string): number | undefined {
  const [, year, month, day, time] = /^(\d{4})(\d\d)(\d\d)-(\d\d:\d\d:\d\d(?:\.\d{3})?)$/.exec(text) ?? [];
  const ms = Date.parse(`${year}-${month}-${day}T${time}+08:00`);
  return Number.isNaN(ms) ? undefined : ms;
}
