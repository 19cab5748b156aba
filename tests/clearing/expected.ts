import type { SeededBooks } from '../support/clearing/generate.ts';
import { type Row, type Side, type State, sides } from '../support/clearing/truth.ts';

/** All that an honest engine says of one difference, from the specification (clearing.md §3) and the truth alone. */
export interface Expected {
  readonly dealId: string;
  /** With its sign where it is an amount. */
  readonly code: string;
  readonly side: Side | null;
  /** Fen; undefined: the truth does not say. */
  readonly delta: bigint | null | undefined;
  readonly severity: string;
  readonly blame: string | null;
  /** What must be suggested first, as {@link suggestionText} writes it; absent: nothing may be. */
  readonly suggested?: string;
  /** All failing codes, where the truth says them. */
  readonly codes?: readonly string[];
}

/** `REF ctex:1`, `SPL ctex:1+ctex:2`; with `?` where another is as good. */
export function suggestionText(kind: string, deals: readonly string[], isAmbiguous = false): string {
  return `${kind}${isAmbiguous ? '?' : ''} ${[...deals].sort().join('+')}`;
}

/** The key of seeded books with what it leaves open: severity, blame and the deal behind a wrong number. */
export function expectedOf(made: SeededBooks): readonly Expected[] {
  const seen = seenIn(made);
  return made.key.map(({ dealId, code: word, exchange: side, delta }) => {
    const code = word === 'AMT' ? `AMT${delta! > 0n ? '+' : '-'}` : word;
    const { home, host, states } = seen.get(dealId)!;
    const isFinal = states.includes('certified');
    const blame: string | null = side ?? { P101: host, P011: home, P100: home, P010: host, ...OF_BOTH }[code] ?? null;
    const suggested = suggestedFor(made, dealId, code);
    return {
      ...{ dealId, code, side, delta: delta ?? undefined, blame, severity: severityOf(code, delta ?? 0n, isFinal) },
      ...(suggested === undefined ? {} : { suggested }),
    };
  });
}

const OF_BOTH = { P110: 'gateway', AMT2: 'both' };

/** clearing.md §3, column Sev; amounts: from 1,000,000.00 S1, from 10,000.00 S2 (this project's figures). */
export function severityOf(code: string, delta: bigint, isFinal: boolean): string {
  const fixed: Readonly<Record<string, string>> = {
    ...{ P110: 'S1', P100: 'S1', P010: 'S1', P001: 'S2', AMT2: 'S1', QTY: 'S2', CCY: 'S1', FEE: 'S3', TAX: 'S3' },
    ...{ 'STS-REV': 'S1', PTY: 'S1', AST: 'S1', DUP: 'S1', 'DUP~': 'S3', DAT: 'S4', TIM: 'S2', TOL: 'S4' },
  };
  if (code === 'P101' || code === 'P011' || code === 'STS') return isFinal ? 'S1' : 'S2';
  if (!code.startsWith('AMT') || code === 'AMT2') return fixed[code]!;
  const amount = delta < 0n ? -delta : delta;
  return amount >= 100_000_000n ? 'S1' : amount >= 1_000_000n ? 'S2' : 'S3';
}

/** The generator gives a wrong reference the true number and `-7`, a second number for the same deal `-9`. */
function suggestedFor(made: SeededBooks, dealId: string, code: string): string | undefined {
  if (code === 'DUP~') return suggestionText('DUP~', [dealId.replace(/-9$/, '')]);
  if (code === 'P010' && dealId.endsWith('-7')) return suggestionText('REF', [dealId.replace(/-7$/, '')]);
  const unknown = `${dealId}-7`;
  return code === 'P101' && made.key.some((one) => one.dealId === unknown)
    ? suggestionText('REF', [unknown])
    : undefined;
}

interface SeenDeal {
  home: string;
  host: string;
  readonly states: State[];
}

export function dealIdOf(side: Side, row: Row): string {
  return row.role === 'home' ? `${side}:${row.dealNumber}` : `${row.counter}:${row.homeDealNumber}`;
}

function seenIn(made: SeededBooks): ReadonlyMap<string, SeenDeal> {
  const seen = new Map<string, SeenDeal>();
  const note = (id: string, home: string, host: string, state: State) => {
    const deal = seen.get(id);
    if (deal === undefined) seen.set(id, { home, host, states: [state] });
    else deal.states.push(state);
  };
  const inJournal = new Set(journalIds(made));
  for (const { id, home, host, status } of made.deals) {
    const isCancelled = status === 'cancelled' || status === 'reversed';
    const isFinal = status === 'certified' || status === 'registered';
    if (inJournal.has(id)) note(id, home, host, isCancelled ? 'cancelled' : isFinal ? 'certified' : 'signed');
  }
  for (const side of sides) {
    for (const row of made.rows[side]) {
      const [home, host] = row.role === 'home' ? [side, row.counter] : [row.counter, side];
      note(dealIdOf(side, row), home, host, row.state);
    }
  }
  return seen;
}

/** Ids of the deals in the journal's file. */
export function journalIds({ journal }: Pick<SeededBooks, 'journal'>): readonly string[] {
  return [...journal.toString().matchAll(/"kind":"deal","id":"([^"]+)"/g)].map(([, id]) => id!);
}

/** Rows and sums of each side as written, and how many of its rows an honest engine puts among the breaks. */
export function totalsOf(made: SeededBooks, expected: readonly Expected[]) {
  const concerned = new Map<string, Set<Side | null>>();
  for (const { dealId, side } of expected) concerned.set(dealId, (concerned.get(dealId) ?? new Set()).add(side));
  const books = sides.map((side) => {
    const rows = made.rows[side];
    const inBreaks = rows.filter((row) => {
      const of = concerned.get(dealIdOf(side, row));
      return of !== undefined && (of.has(null) || of.has(side));
    });
    const priceFen = rows.reduce((sum, { price }) => sum + price, 0n);
    return [side, { rows: rows.length, priceFen, inBreaks: inBreaks.length }] as const;
  });
  const inJournal = new Set(journalIds(made));
  const deals = made.deals.filter(({ id }) => inJournal.has(id));
  const journal = {
    rows: deals.length,
    priceFen: deals.reduce((sum, { price }) => sum + price, 0n),
    inBreaks: deals.filter(({ id }) => concerned.has(id)).length,
  };
  return Object.fromEntries([...books, ['journal', journal] as const]);
}
