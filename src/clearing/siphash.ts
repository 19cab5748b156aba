/** A key for {@link sipHash}: four 32-bit words, little endian. */
export type SipKey = readonly [number, number, number, number];

/** Low and high 32 bits of a 64-bit hash, both unsigned. */
export interface Hash64 {
  lo: number;
  hi: number;
}

/**
 * SipHash-2-4 (Aumasson, Bernstein 2012) of exactly 16 bytes, given as four little-endian words, into `out`.
 *
 * Keyed, so that nobody who does not know the session's key can make rows that meet in the same cells of a sketch.
 * Written on 32-bit halves: a bigint costs fifty times as much, and this runs once for each row of a book.
 */
export function sipHash(key: SipKey, a: number, b: number, c: number, d: number, out: Hash64): void {
  v[0] = key[0] ^ 0x70736575;
  v[1] = key[1] ^ 0x736f6d65;
  v[2] = key[2] ^ 0x6e646f6d;
  v[3] = key[3] ^ 0x646f7261;
  v[4] = key[0] ^ 0x6e657261;
  v[5] = key[1] ^ 0x6c796765;
  v[6] = key[2] ^ 0x79746573;
  v[7] = key[3] ^ 0x74656462;
  compress(a, b);
  compress(c, d);
  // The last block holds the length, 16, in its highest byte.
  compress(0, 16 << 24);
  v[4] = v[4]! ^ 0xff;
  for (let i = 0; i < 4; i++) round();
  out.lo = (v[0]! ^ v[2]! ^ v[4]! ^ v[6]!) >>> 0;
  out.hi = (v[1]! ^ v[3]! ^ v[5]! ^ v[7]!) >>> 0;
}

/** v0…v3 as pairs of low and high words. One thread, no await: it can be reused. */
const v = new Int32Array(8);

function compress(lo: number, hi: number): void {
  v[6] = v[6]! ^ lo;
  v[7] = v[7]! ^ hi;
  round();
  round();
  v[0] = v[0]! ^ lo;
  v[1] = v[1]! ^ hi;
}

function round(): void {
  add(0, 2);
  rotate(2, 13);
  xor(2, 0);
  swap(0);
  add(4, 6);
  rotate(6, 16);
  xor(6, 4);
  add(0, 6);
  rotate(6, 21);
  xor(6, 0);
  add(4, 2);
  rotate(2, 17);
  xor(2, 4);
  swap(4);
}

/** v[to] += v[from], 64 bits. */
function add(to: number, from: number): void {
  const lo = (v[to]! >>> 0) + (v[from]! >>> 0);
  v[to + 1] = v[to + 1]! + v[from + 1]! + (lo > 0xffffffff ? 1 : 0);
  v[to] = lo;
}

function xor(to: number, from: number): void {
  v[to] = v[to]! ^ v[from]!;
  v[to + 1] = v[to + 1]! ^ v[from + 1]!;
}

/** Left by fewer than 32 bits. */
function rotate(at: number, bits: number): void {
  const lo = v[at]!;
  const hi = v[at + 1]!;
  v[at] = (lo << bits) | (hi >>> (32 - bits));
  v[at + 1] = (hi << bits) | (lo >>> (32 - bits));
}

/** Left by exactly 32 bits. */
function swap(at: number): void {
  const lo = v[at]!;
  v[at] = v[at + 1]!;
  v[at + 1] = lo;
}
