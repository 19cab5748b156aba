import { CELL_BYTES, type Cells, differenceOfAll, readCells } from './sketch.ts';
import { canonicalRow, sessionOf, symbolOf } from './standing-row.ts';
import type { SaidRow, StandingSet, StandingSide } from './standing-side.ts';

/** One of two sides, and which of its rows are compared. Both sets have the same secret, form and first day. */
export interface AskedSide {
  readonly side: StandingSide;
  readonly set: StandingSet;
}

export interface CompareLimits {
  /** Cells of a sketch; where they do not suffice, all symbols are compared. */
  readonly cells: number;
  /** Differing rows that are asked for on each side. */
  readonly rows: number;
}

/** What two sides do not have in common. */
export interface SidesCompared {
  /** Rows of each. */
  readonly rows: readonly [number, number];
  /** Cells of each that were needed; null: too much differs for a sketch, all symbols were sent. */
  readonly cells: number | null;
  /** What the second side sent: cells, symbols and rows. */
  readonly bytes: number;
  /** Differing rows beyond what was asked for. */
  readonly unread: number;
  readonly mine: readonly SaidRow[];
  readonly theirs: readonly SaidRow[];
}

/**
 * Compares two sides without either seeing the other's books: sketches first, then the rows that differ and no others.
 * Whoever can reach both may do it, two exchanges without the gateway, too. @throws what a silent side throws
 */
export async function compareSides(mine: AskedSide, theirs: AskedSide, limits: CompareLimits): Promise<SidesCompared> {
  const rows: [number, number] = [0, 0];
  let bytes = 0;
  const cellsOf =
    ({ side, set }: AskedSide, at: 0 | 1): Cells =>
    async (from, to) => {
      const answer = await side.sketch(set, from, to);
      if (answer.cells.length !== (to - from) * CELL_BYTES) throw new Error('another number of cells than asked for');
      rows[at] = answer.rows;
      if (at === 1) bytes += answer.cells.length;
      return answer.cells;
    };
  const session = sessionOf(theirs.set.secret);
  const read = await readCells(session.cells, cellsOf(mine, 0), cellsOf(theirs, 1), limits.cells);
  let found = read?.found;
  if (found === undefined) {
    const [ours, others] = await Promise.all([mine, theirs].map(({ side, set }) => side.symbols(set)));
    bytes += others!.reduce((sum, symbol) => sum + symbol.length, 0);
    found = differenceOfAll(ours!, others!);
  }
  const [ours, others] = [found.mine.slice(0, limits.rows), found.theirs.slice(0, limits.rows)];
  const [said, told] = await Promise.all([
    ours.length === 0 ? [] : mine.side.rows(mine.set, ours),
    others.length === 0 ? [] : theirs.side.rows(theirs.set, others),
  ]);
  for (const { symbol, row } of told) {
    const meant = symbolOf(session, canonicalRow(row, theirs.set.form));
    if (!meant.equals(symbol)) throw new Error(`the row said of ${row.dealId} is not the one in the sketch`);
  }
  return {
    rows,
    cells: read?.cells ?? null,
    bytes: told.reduce((sum, { row }) => sum + Buffer.byteLength(canonicalRow(row, theirs.set.form)), bytes),
    unread: found.mine.length + found.theirs.length - ours.length - others.length,
    mine: said,
    theirs: told,
  };
}
