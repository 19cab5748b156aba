import { difference, emptySketch, readDifference, type SetDifference, type Sketch } from './iblt.ts';
import type { SipKey } from './siphash.ts';

/** One cell as it is kept and sent: six words of sums, one of the count, little endian. */
export const CELL_BYTES = 28;
const WORDS = 6;

/** Cells `from` (inclusive) to `to` of a sketch, one after the other. */
export function cellBytes(sketch: Sketch, from = 0, to = sketch.cells): Buffer {
  const bytes = Buffer.alloc((to - from) * CELL_BYTES);
  for (let cell = from, at = 0; cell < to; cell++) {
    for (let word = 0; word < WORDS; word++, at += 4) bytes.writeInt32LE(sketch.sums[cell * WORDS + word]!, at);
    at = bytes.writeInt32LE(sketch.counts[cell]!, at);
  }
  return bytes;
}

/** The sketch that these are all cells of. @throws RangeError where a cell is cut off */
export function sketchOf(key: SipKey, bytes: Uint8Array): Sketch {
  if (bytes.length % CELL_BYTES !== 0) throw new RangeError(`assertion: ${bytes.length} bytes are no cells`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sketch = emptySketch(key, bytes.length / CELL_BYTES);
  for (let cell = 0, at = 0; cell < sketch.cells; cell++) {
    for (let word = 0; word < WORDS; word++, at += 4) sketch.sums[cell * WORDS + word] = view.getInt32(at, true);
    sketch.counts[cell] = view.getInt32(at, true);
    at += 4;
  }
  return sketch;
}

/** Cells from a side that holds a set: those from `from` up to `to`. */
export type Cells = (from: number, to: number) => Promise<Uint8Array>;

export interface Read {
  readonly found: SetDifference;
  /** So many of each side were needed. */
  readonly cells: number;
}

/** The first asking; the next doubles. Enough for some forty differences. */
const FIRST_CELLS = 64;

/**
 * Compares two sets by as few cells as it takes: more are asked for until the difference can be read. Undefined when `most`
 * cells of each do not suffice.
 */
export async function readCells(key: SipKey, mine: Cells, theirs: Cells, most: number): Promise<Read | undefined> {
  let [ours, others] = [Buffer.alloc(0), Buffer.alloc(0)];
  for (let cells = Math.min(FIRST_CELLS, most); ; cells = Math.min(cells * 2, most)) {
    const from = ours.length / CELL_BYTES;
    const [more, moreOthers] = await Promise.all([mine(from, cells), theirs(from, cells)]);
    ours = Buffer.concat([ours, more]);
    others = Buffer.concat([others, moreOthers]);
    const found = readDifference(difference(sketchOf(key, ours), sketchOf(key, others)));
    if (found !== undefined) return { found, cells };
    if (cells === most) return undefined;
  }
}

/** The same from all symbols of both sides, where they differ too much for a sketch. */
export function differenceOfAll(mine: readonly Uint8Array[], theirs: readonly Uint8Array[]): SetDifference {
  const ours = new Map(mine.map((symbol) => [hexOf(symbol), symbol]));
  const others = new Map(theirs.map((symbol) => [hexOf(symbol), symbol]));
  const without = (one: ReadonlyMap<string, Uint8Array>, other: ReadonlyMap<string, Uint8Array>) =>
    [...one].flatMap(([hex, symbol]) => (other.has(hex) ? [] : [symbol]));
  return { mine: without(ours, others), theirs: without(others, ours) };
}

export function hexOf(symbol: Uint8Array): string {
  return Buffer.from(symbol.buffer, symbol.byteOffset, symbol.byteLength).toString('hex');
}
