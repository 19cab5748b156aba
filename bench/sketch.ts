/**
 * The standing check's sketches: what one changed deal costs, how many cells a difference needs, and what a look sends
 * beside what the books themselves would.
 */
import { randomBytes } from 'node:crypto';
import { emptySketch, readDifference, difference as subtract, toggle } from '../src/clearing/iblt.ts';
import { CELL_BYTES, cellBytes, readCells } from '../src/clearing/sketch.ts';
import { canonicalRow, type Session, type StandingRow, sessionOf, symbolOf } from '../src/clearing/standing-row.ts';

export interface SketchBench {
  readonly deals: number;
  progress(text: string): void;
}

export interface SketchFigures {
  readonly deals: number;
  readonly cells: number;
  /** Of one row: writing and keying it, and adding it to the sketch. */
  readonly microsecondsPerUpdate: { readonly symbol: number; readonly sketch: number };
  /** Mean over sessions; `differences` are rows that only one side has: a changed deal is two of them. */
  readonly looks: readonly {
    readonly differences: number;
    readonly cellsPerDifference: number;
    readonly bytesSent: number;
    readonly readMs: number;
  }[];
  /** A symbol of each row, the least that could be sent without sketches. */
  readonly bytesOfAllSymbols: number;
}

const CELLS = 4_096;
const SESSIONS = 5;
const DIFFERENCES = [2, 20, 200, 2_000];

export async function benchSketch({ deals, progress }: SketchBench): Promise<SketchFigures> {
  progress(`${deals} 笔 / deals`);
  const session = sessionOf(randomBytes(32));
  const canonical = Array.from({ length: deals }, (_, n) => canonicalRow(rowOf(n), 'stated'));
  const [symbols, symbolMs] = timed(() => canonical.map((row) => symbolOf(session, row)));
  const sketch = emptySketch(session.cells, CELLS);
  const [, sketchMs] = timed(() => {
    for (const symbol of symbols) toggle(sketch, symbol, 1);
  });
  const looks = [];
  for (const differences of DIFFERENCES) {
    progress(`${differences} 处不同 / differences`);
    const found: Awaited<ReturnType<typeof oneLook>>[] = [];
    for (let n = 0; n < SESSIONS; n++) found.push(await oneLook(sessionOf(randomBytes(32)), differences));
    const mean = (of: (one: (typeof found)[number]) => number) =>
      found.reduce((sum, one) => sum + of(one), 0) / SESSIONS;
    looks.push({
      differences,
      cellsPerDifference: rounded(mean(({ cells }) => cells) / differences),
      bytesSent: Math.round(mean(({ bytes }) => bytes)),
      readMs: rounded(mean(({ ms }) => ms)),
    });
  }
  const each = (ms: number) => rounded((ms * 1000) / deals);
  return {
    deals,
    cells: CELLS,
    microsecondsPerUpdate: { symbol: each(symbolMs), sketch: each(sketchMs) },
    looks,
    bytesOfAllSymbols: deals * 16,
  };
}

/** What the two have in common cancels out, so that only the differences need be there. */
async function oneLook(session: Session, differences: number) {
  const [mine, theirs] = [emptySketch(session.cells, CELLS), emptySketch(session.cells, CELLS)];
  for (let n = 0; n < differences; n++) {
    toggle(n % 2 === 0 ? mine : theirs, symbolOf(session, canonicalRow(rowOf(n), 'stated')), 1);
  }
  let cells = differences;
  while (!isReadable(cells)) cells += Math.max(1, Math.floor(differences / 200));
  const began = performance.now();
  const read = await readCells(
    session.cells,
    async (from, to) => cellBytes(mine, from, to),
    async (from, to) => cellBytes(theirs, from, to),
    CELLS,
  );
  return { cells, bytes: (read?.cells ?? Number.NaN) * CELL_BYTES, ms: performance.now() - began };

  function isReadable(most: number): boolean {
    const first = (one: typeof mine) => ({
      ...one,
      cells: most,
      sums: one.sums.subarray(0, most * 6),
      counts: one.counts.subarray(0, most),
    });
    return readDifference(subtract(first(mine), first(theirs))) !== undefined;
  }
}

function rowOf(n: number): StandingRow {
  return {
    dealId: `ctex:CJ2026-${String(n).padStart(8, '0')}`,
    ordinal: 1,
    home: 'ctex',
    host: n % 2 === 0 ? 'stex' : 'szse',
    state: 'signed',
    buyer: '91310110MA0024201E',
    seller: '91110108MA0015188W',
    priceFen: BigInt(n) * 1_000n,
    feeFen: BigInt(n),
    businessDate: '2026-03-02',
  };
}

function timed<Result>(work: () => Result): [Result, number] {
  const began = performance.now();
  const result = work();
  return [result, performance.now() - began];
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
