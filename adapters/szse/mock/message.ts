import type { NativeSigner } from '../../../src/contract/adapter.ts';

/** tag=value messages as the mock reads and writes them; written from the profile alone. */
export type Pair = readonly [tag: number, value: string];

export interface Told {
  readonly type: string;
  readonly seq: number;
  readonly again: boolean;
  /** 49 */
  readonly sender: string;
  /** 52 */
  readonly sentAt: string;
  /** Everything after the session header and before the signature, in order. */
  readonly pairs: readonly Pair[];
  /** The same as text. */
  readonly content: string;
  readonly signature: Buffer | undefined;
  readonly covered: Buffer;
}

const SOH = '\u0001';
const START = '8=STEP.1.0.0\u00019=';
const SESSION_TAGS = new Set([35, 34, 43, 49, 52, 56, 122]);

/** Cuts a stream into messages; what is garbled is left out. */
export function openReader(): (chunk: Buffer) => readonly Told[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const told: Told[] = [];
    for (;;) {
      const start = rest.indexOf(START);
      if (start < 0) {
        rest = rest.subarray(Math.max(0, rest.length - START.length));
        return told;
      }
      const from = rest.indexOf(1, start + START.length) + 1;
      if (from === 0) return told;
      const length = Number(rest.toString('latin1', start + START.length, from - 1));
      const end = from + length;
      if (!Number.isInteger(length) || length > 1_048_576) {
        rest = rest.subarray(start + 1);
        continue;
      }
      if (rest.length < end + 7) return told;
      if (rest.toString('latin1', end, end + 3) !== '10=') {
        rest = rest.subarray(start + 1);
        continue;
      }
      let sum = 0;
      for (let i = start; i < end; i++) sum += rest[i]!;
      const isWhole = Number(rest.toString('latin1', end + 3, end + 6)) === sum % 256;
      const message = isWhole ? read(rest.subarray(from, end)) : undefined;
      if (message !== undefined) told.push(message);
      rest = rest.subarray(end + 7);
    }
  };
}

function read(body: Buffer): Told | undefined {
  const signedTo = body.lastIndexOf('\u000193=') + 1;
  const covered = signedTo > 0 ? body.subarray(0, signedTo) : body;
  const header = new Map<number, string>();
  const pairs: Pair[] = [];
  const text = covered.toString('utf8');
  let at = 0;
  let contentAt = 0;
  while (at < text.length) {
    const equals = text.indexOf('=', at);
    const end = text.indexOf(SOH, at);
    if (equals < 0 || end < equals) return undefined;
    const tag = Number(text.slice(at, equals));
    const value = text.slice(equals + 1, end);
    at = end + 1;
    if (pairs.length === 0 && SESSION_TAGS.has(tag)) {
      header.set(tag, value);
      contentAt = at;
    } else pairs.push([tag, value]);
  }
  const signature = body.toString('latin1', signedTo).split(SOH)[1]?.replace(/^89=/, '');
  const seq = Number(header.get(34));
  if (!Number.isSafeInteger(seq) || seq < 1 || !header.has(35)) return undefined;
  return {
    type: header.get(35)!,
    seq,
    again: header.get(43) === 'Y',
    sender: header.get(49) ?? '',
    sentAt: header.get(52) ?? '',
    pairs,
    content: text.slice(contentAt),
    signature: signedTo > 0 && signature !== undefined ? Buffer.from(signature, 'base64') : undefined,
    covered,
  };
}

export function fieldIn(told: Told, tag: number): string | undefined {
  return told.pairs.find(([one]) => one === tag)?.[1];
}

/** One message to the gateway. */
export interface Said {
  readonly type: string;
  readonly content: string;
}

export function say(type: string, pairs: readonly (readonly [number, string | number | bigint | undefined])[]): Said {
  let content = '';
  for (const [tag, value] of pairs) if (value !== undefined && value !== '') content += `${tag}=${value}${SOH}`;
  return { type, content };
}

/** A message made elsewhere, without session header and trailer, and its fields outside groups. */
export function readSaid(native: Uint8Array): {
  readonly said: Said;
  readonly fields: Readonly<Record<number, string>>;
} {
  const parts = Buffer.from(native).toString('utf8').split(SOH).slice(0, -1);
  const pairs = parts.map(
    (part): Pair => [Number(part.slice(0, part.indexOf('='))), part.slice(part.indexOf('=') + 1)],
  );
  const type = pairs.find(([tag]) => tag === 35)?.[1] ?? '';
  const kept = pairs.filter(([tag]) => !SESSION_TAGS.has(tag) && ![8, 9, 10, 89, 93].includes(tag));
  return { said: say(type, kept), fields: Object.fromEntries(kept) };
}

export interface Envelope {
  readonly member: string;
  readonly seq: number;
  readonly now: string;
  /** When it was first sent, where it is sent again. */
  readonly first?: string;
  /** Signs business messages. */
  readonly signer?: NativeSigner;
  /** Signs wrongly on purpose. */
  readonly spoilt?: boolean;
}

export function seal({ type, content }: Said, { member, seq, now, first, signer, spoilt }: Envelope): Buffer {
  const again = first === undefined ? '' : `43=Y${SOH}`;
  const original = first === undefined ? '' : `122=${first}${SOH}`;
  const body = `35=${type}${SOH}49=SZSE${SOH}56=${member}${SOH}34=${seq}${SOH}${again}52=${now}${SOH}${original}${content}`;
  const covered = Buffer.from(body);
  let tail = '';
  if (signer !== undefined) {
    const signature = Buffer.from(signer.sign(spoilt ? Buffer.concat([covered, Buffer.from('x')]) : covered));
    const text = signature.toString('base64');
    tail = `93=${text.length}${SOH}89=${text}${SOH}`;
  }
  const whole = Buffer.concat([
    Buffer.from(`${START}${covered.length + tail.length}${SOH}`),
    covered,
    Buffer.from(tail),
  ]);
  let sum = 0;
  for (let i = 0; i < whole.length; i++) sum += whole[i]!;
  return Buffer.concat([whole, Buffer.from(`10=${String(sum % 256).padStart(3, '0')}${SOH}`)]);
}

/** Shanghai time as the profile writes it. */
export function stamp(ms: number): string {
  return new Date(ms + 28_800_000).toISOString().replaceAll('-', '').replace('T', '-').slice(0, 21);
}

/** An RFC 3339 +08:00 instant in the same form. */
export function stampOf(at: string): string {
  return stamp(Date.parse(at));
}

/** `2026-03-02` → `20260302`. */
export function compact(date: string): string {
  return date.replaceAll('-', '');
}
