import type { KeptFound } from '../../src/clearing/match-found.ts';
import type { Tally } from '../../src/clearing/match-tally.ts';
import { type Expected, suggestionText } from './expected.ts';

/** How near an engine came; everything 1 and nothing amiss for an honest one. */
export interface Judgement {
  /** By (deal, code, side). */
  readonly recall: number;
  readonly precision: number;
  readonly missed: readonly string[];
  readonly invented: readonly string[];
  /** Of those found, how many are said with another amount, severity, blame or suggestion than they should. */
  readonly deltas: number;
  readonly severities: number;
  readonly blames: number;
  readonly pairs: number;
  /** Sides whose rows do not end where they belong. */
  readonly totals: number;
  readonly codes: Readonly<Record<string, CodeScore>>;
}

export interface CodeScore {
  expected: number;
  found: number;
  right: number;
  /** Found with another amount, or another blame, than the truth's. */
  deltas: number;
  blames: number;
}

export const noScore = (): CodeScore => ({ expected: 0, found: 0, right: 0, deltas: 0, blames: 0 });

/** What rows and sums must come to, by side: all that were loaded, and those of breaks where the truth says it. */
export type Totals = Readonly<
  Record<string, { readonly rows: number; readonly priceFen: bigint; readonly inBreaks?: number }>
>;

export function judge(
  { found, tally }: { readonly found: readonly KeptFound[]; readonly tally: Tally },
  expected: readonly Expected[],
  totals: Totals,
): Judgement {
  const name = (deal: string, code: string, side: string | null) => `${deal} ${code} ${side ?? '-'}`;
  const wanted = new Map(expected.map((one) => [name(one.dealId, one.code, one.side), one]));
  const told = found.filter(({ outcome }) => outcome !== 'in-flight');
  const given = new Map(told.map((one) => [name(one.dealId, one.code, one.side), one]));
  const codes: Record<string, CodeScore> = {};
  const count = (code: string, what: keyof CodeScore) => {
    codes[code] ??= noScore();
    codes[code][what]++;
  };
  for (const { code } of expected) count(code, 'expected');
  for (const { code } of told) count(code, 'found');
  const missed: string[] = [];
  let [deltas, severities, blames, pairs] = [0, 0, 0, 0];
  for (const [key, one] of wanted) {
    const said = given.get(key);
    if (said === undefined) {
      missed.push(key);
      continue;
    }
    count(one.code, 'right');
    if (one.delta !== undefined && one.delta !== said.deltaFen) {
      deltas++;
      count(one.code, 'deltas');
    }
    if (one.severity !== said.severity || (one.codes !== undefined && String(one.codes) !== String(said.codes))) {
      severities++;
    }
    if ((said.outcome === 'tolerated') !== (one.code === 'TOL')) severities++;
    if (one.blame !== said.blame) {
      blames++;
      count(one.code, 'blames');
    }
    const [first] = said.suggestions;
    if (one.suggested !== (first && suggestionText(first.kind, first.deals, first.ambiguous))) pairs++;
  }
  const right = wanted.size - missed.length;
  return {
    recall: wanted.size === 0 ? 1 : right / wanted.size,
    precision: told.length === 0 ? 1 : right / told.length,
    missed,
    invented: [...given.keys()].filter((key) => !wanted.has(key)),
    ...{ deltas, severities, blames, pairs, codes },
    totals: Object.entries(totals).filter(([side, total]) => !addsUp(tally[side as keyof Tally], total)).length,
  };
}

function addsUp(heaps: Tally[keyof Tally], { rows, priceFen, inBreaks }: Totals[string]): boolean {
  const all = Object.values(heaps);
  return (
    all.reduce((sum, heap) => sum + heap.rows, 0) === rows &&
    all.reduce((sum, heap) => sum + BigInt(heap.priceFen), 0n) === priceFen &&
    (inBreaks === undefined || heaps.break.rows === inBreaks)
  );
}

/** In words, what is amiss; empty: nothing. */
export function amiss({ missed, invented, deltas, severities, blames, pairs, totals }: Judgement): string {
  const counts = { missed: missed.length, invented: invented.length, deltas, severities, blames, pairs, totals };
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${what} ${count}`)
    .join(', ');
}
