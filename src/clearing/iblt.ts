import { type Hash64, type SipKey, sipHash } from './siphash.ts';

/** What a set holds: 16 bytes each, distinct within a set. */
export const SYMBOL_BYTES = 16;

/**
 * A rateless invertible Bloom lookup table: the first cells of an endless sketch of a set.
 *
 * The difference of two sketches with the same key is the sketch of the symmetric difference, and about 1.4 cells for
 * each difference are enough to read it out, however large the sets (Yang, Gilad, Alizadeh, "Practical Rateless Set
 * Reconciliation", SIGCOMM 2024). Cell 0 takes every symbol, cell i one with probability 1/(1 + i/2), so that adding
 * or removing one symbol touches about 2·ln(cells) of them.
 */
export interface Sketch {
  readonly key: SipKey;
  readonly cells: number;
  /** Four words of the XOR of the symbols, two of the XOR of their hashes, for each cell. */
  readonly sums: Int32Array;
  readonly counts: Int32Array;
}

/** What one side has and the other has not; order as found. */
export interface SetDifference {
  /** Only in the first sketch. */
  readonly mine: readonly Uint8Array[];
  /** Only in the second. */
  readonly theirs: readonly Uint8Array[];
}

const WORDS = 6;
const hash: Hash64 = { lo: 0, hi: 0 };

export function emptySketch(key: SipKey, cells: number): Sketch {
  return { key, cells, sums: new Int32Array(cells * WORDS), counts: new Int32Array(cells) };
}

/** Adds one symbol (`by` 1) or takes it away again (`by` −1). @throws RangeError unless it is 16 bytes */
export function toggle(sketch: Sketch, symbol: Uint8Array, by: 1 | -1): void {
  if (symbol.length !== SYMBOL_BYTES) throw new RangeError(`assertion: a symbol of ${symbol.length} bytes`);
  const a = wordAt(symbol, 0);
  const b = wordAt(symbol, 4);
  const c = wordAt(symbol, 8);
  const d = wordAt(symbol, 12);
  sipHash(sketch.key, a, b, c, d, hash);
  put(sketch, a, b, c, d, hash.lo, hash.hi, by);
}

/** The sketch of what is in exactly one of the two. @throws RangeError when they have another key or length */
export function difference(mine: Sketch, theirs: Sketch): Sketch {
  if (mine.cells !== theirs.cells || mine.key.some((word, i) => word !== theirs.key[i])) {
    throw new RangeError('assertion: sketches of different sessions');
  }
  const made = emptySketch(mine.key, mine.cells);
  for (let i = 0; i < made.sums.length; i++) made.sums[i] = mine.sums[i]! ^ theirs.sums[i]!;
  for (let i = 0; i < made.cells; i++) made.counts[i] = mine.counts[i]! - theirs.counts[i]!;
  return made;
}

/**
 * Reads the symbols out of the sketch of a difference, or undefined when its cells are too few (or it is not one: cells
 * that were not made by adding symbols). The sketch given is left as it is.
 */
export function readDifference(given: Sketch): SetDifference | undefined {
  const sketch: Sketch = { ...given, sums: given.sums.slice(), counts: given.counts.slice() };
  const mine: Uint8Array[] = [];
  const theirs: Uint8Array[] = [];
  const pure: number[] = [];
  for (let cell = 0; cell < sketch.cells; cell++) if (isPure(sketch, cell)) pure.push(cell);
  // Every cell read out empties itself; more than there are cells means that the input was no sketch.
  while (pure.length > 0) {
    const cell = pure.pop()!;
    if (!isPure(sketch, cell)) continue;
    if (mine.length + theirs.length > sketch.cells) return undefined;
    const at = cell * WORDS;
    const [a, b, c, d, lo, hi] = sketch.sums.subarray(at, at + WORDS) as unknown as number[];
    const side = sketch.counts[cell]!;
    (side === 1 ? mine : theirs).push(bytesOf(a!, b!, c!, d!));
    put(sketch, a!, b!, c!, d!, lo!, hi!, side === 1 ? -1 : 1, pure);
  }
  const empty = sketch.counts.every((count) => count === 0) && sketch.sums.every((word) => word === 0);
  return empty ? { mine, theirs } : undefined;
}

/** Holds exactly one symbol: the count says so, and the hash of the sum is the sum of the hashes. */
function isPure(sketch: Sketch, cell: number): boolean {
  const count = sketch.counts[cell]!;
  if (count !== 1 && count !== -1) return false;
  const at = cell * WORDS;
  const { sums } = sketch;
  sipHash(sketch.key, sums[at]!, sums[at + 1]!, sums[at + 2]!, sums[at + 3]!, hash);
  return hash.lo === sums[at + 4]! >>> 0 && hash.hi === sums[at + 5]! >>> 0;
}

/** XORs a symbol into its cells; `touched` collects those that now look as if they held one symbol. */
function put(
  { cells, sums, counts }: Sketch,
  a: number,
  b: number,
  c: number,
  d: number,
  lo: number,
  hi: number,
  by: 1 | -1,
  touched?: number[],
): void {
  // The cells of a symbol are drawn from its own hash, so that both sides find the same ones.
  let state = (lo ^ Math.imul(hi, 0x9e3779b1)) | 0;
  let cell = 0;
  while (cell < cells) {
    const at = cell * WORDS;
    sums[at] = sums[at]! ^ a;
    sums[at + 1] = sums[at + 1]! ^ b;
    sums[at + 2] = sums[at + 2]! ^ c;
    sums[at + 3] = sums[at + 3]! ^ d;
    sums[at + 4] = sums[at + 4]! ^ lo;
    sums[at + 5] = sums[at + 5]! ^ hi;
    const count = counts[cell]! + by;
    counts[cell] = count;
    if (touched !== undefined && (count === 1 || count === -1)) touched.push(cell);
    // A step of the paper's inverse distribution: (i + 1.5)·(u^−½ − 1) for u uniform in (0, 1].
    state = (state + 0x9e3779b9) | 0;
    cell += Math.ceil((cell + 1.5) * (Math.sqrt(4294967296 / (mixed(state) + 1)) - 1)) || 1;
  }
}

/** 32 well-mixed bits (the finaliser of MurmurHash3), unsigned. */
function mixed(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function bytesOf(...words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(SYMBOL_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of words.entries()) view.setInt32(i * 4, word, true);
  return bytes;
}
