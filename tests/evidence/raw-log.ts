import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { nativeSm2, readSm2PrivateKey } from '../../src/trust/sm2.ts';
import { sm2Pem } from './raw-keys.ts';

/** A log written from docs/EVIDENCE.md and RFC 6962 alone: none of src/log is used here. */

const sha256 = (...parts: readonly Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const sm3 = (bytes: Uint8Array) => createHash('sm3').update(bytes).digest();

export type LeafType = 1 | 2 | 3 | 4;

export interface RawLeaf {
  readonly type: LeafType;
  readonly seq: number;
  readonly atMs: number;
  readonly bytes: Uint8Array;
  /** What is kept beside the bytes, in order; absent: nothing is. */
  readonly beside?: readonly (string | Uint8Array | null)[];
  readonly sender: string;
  readonly stream: string;
}

export function leafRecord({ type, seq, atMs, bytes, beside, sender, stream }: RawLeaf): Buffer {
  const number = (value: number | bigint, length: number) => {
    const hex = BigInt(value)
      .toString(16)
      .padStart(length * 2, '0');
    return Buffer.from(hex, 'hex');
  };
  const parts = (beside ?? []).map((part) => {
    if (part === null) return Buffer.from('ffffffff', 'hex');
    const own = Buffer.from(part as Uint8Array);
    return Buffer.concat([number(own.length, 4), own]);
  });
  const name = Buffer.from(stream);
  return Buffer.concat([
    number(1, 1),
    number(type, 1),
    number(seq, 8),
    number(atMs, 8),
    sha256(bytes),
    sm3(bytes),
    beside === undefined ? Buffer.alloc(32) : sha256(...parts),
    number(sender.length, 1),
    Buffer.from(sender),
    number(name.length, 2),
    name,
  ]);
}

/** RFC 6962 §2.1, as it is written there. */
export function treeHash(leaves: readonly Uint8Array[]): Buffer {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return sha256(Buffer.of(0), leaves[0]!);
  const k = split(leaves.length);
  return sha256(Buffer.of(1), treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k)));
}

/** RFC 6962 §2.1.1. */
export function auditPath(m: number, leaves: readonly Uint8Array[]): Buffer[] {
  if (leaves.length <= 1) return [];
  const k = split(leaves.length);
  return m < k
    ? [...auditPath(m, leaves.slice(0, k)), treeHash(leaves.slice(k))]
    : [...auditPath(m - k, leaves.slice(k)), treeHash(leaves.slice(0, k))];
}

/** RFC 6962 §2.1.2. */
export function consistencyPath(m: number, leaves: readonly Uint8Array[], isWhole = true): Buffer[] {
  const n = leaves.length;
  if (m === n) return isWhole ? [] : [treeHash(leaves)];
  const k = split(n);
  return m <= k
    ? [...consistencyPath(m, leaves.slice(0, k), isWhole), treeHash(leaves.slice(k))]
    : [...consistencyPath(m - k, leaves.slice(k), false), treeHash(leaves.slice(0, k))];
}

function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** A key that signs notes: C2SP signed-note. */
export interface NoteKey {
  readonly name: string;
  readonly type: 'log' | 'witness' | 'sm2';
  /** What a verifier is given. */
  readonly verifier: string;
  line(text: string, timeS: number): string;
}

export function noteKey(name: string, type: NoteKey['type']): NoteKey {
  const { material, signs } = type === 'sm2' ? sm2Material() : ed25519Material(type);
  const id = sha256(Buffer.from(`${name}\n`), material).subarray(0, 4);
  return {
    name,
    type,
    verifier: `${name}+${id.toString('hex')}+${material.toString('base64')}`,
    line: (text, timeS) => `— ${name} ${Buffer.concat([id, signs(text, timeS)]).toString('base64')}\n`,
  };
}

function ed25519Material(type: 'log' | 'witness') {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url');
  const signs = (text: string, timeS: number) => {
    if (type === 'log') return sign(null, Buffer.from(text), privateKey);
    const stamp = Buffer.alloc(8);
    stamp.writeBigUInt64BE(BigInt(timeS));
    const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${timeS}\n${text}`), privateKey);
    return Buffer.concat([stamp, signature]);
  };
  return { material: Buffer.concat([Buffer.of(type === 'log' ? 1 : 4), raw]), signs };
}

function sm2Material() {
  const key = readSm2PrivateKey(sm2Pem());
  const signs = (text: string) => rsOf(nativeSm2.sign(key, Buffer.from(text)));
  return { material: Buffer.concat([Buffer.of(0xff), Buffer.from('qiao/sm2-sm3\n'), key.public.spki]), signs };
}

/** r‖s from a DER signature: SEQUENCE { INTEGER r, INTEGER s }. */
export function rsOf(der: Uint8Array): Buffer {
  const rLength = der[3]!;
  const integers = [der.subarray(4, 4 + rLength), der.subarray(6 + rLength)];
  return Buffer.concat(
    integers.map((integer) => {
      const short = Buffer.from(integer.subarray(Math.max(0, integer.length - 32)));
      return Buffer.concat([Buffer.alloc(32 - short.length), short]);
    }),
  );
}

export function checkpointNote(leaves: readonly Uint8Array[], keys: readonly NoteKey[], timeS: number): string {
  const text = `qiao/log\n${leaves.length}\n${treeHash(leaves).toString('base64')}\n`;
  return `${text}\n${keys.map((key) => key.line(text, timeS)).join('')}`;
}
