import type { Exchange } from '../contract/exchange.ts';
import { sumsTo } from './subset.ts';

/** What people might do about a leftover: never done by itself. */
export interface Suggestion {
  /** REF: the same deal under another number. SPL: several rows are one deal. DUP~: a known deal under a second number. */
  readonly kind: 'REF' | 'SPL' | 'DUP~';
  /** From 1, at most 3. */
  readonly rank: number;
  /** AMB 多候选: another candidate is as good. */
  readonly ambiguous: boolean;
  /** The other deal ids concerned. */
  readonly deals: readonly string[];
  readonly reasons: readonly Reason[];
}

interface Reason {
  readonly zh: string;
  readonly en: string;
}

/** A deal that one side lacks, or a row that one side alone has. */
export interface Leftover {
  readonly breakId: string;
  readonly dealId: string;
  readonly code: 'P100' | 'P010' | 'P101' | 'P011';
  readonly home: Exchange;
  readonly host: Exchange;
  readonly businessDate: string;
  /** The journal's word, or else the only book's; yuan as text. */
  readonly said: {
    readonly buyer: string;
    readonly seller: string;
    readonly price: string;
    readonly nativeNumber: string;
  };
}

const MOST = 3;
/** Beyond this many rows sums meet by accident (clearing.md §2). */
const MOST_PARTS = 20;

/**
 * Suggestions for both ends, by break id: a row that nobody else knows may be what another deal lacks in the same book,
 * by equal terms (REF), or one of several that add up to it (SPL).
 */
export function suggestionsFor(leftovers: readonly Leftover[]): ReadonlyMap<string, readonly Suggestion[]> {
  const blocks = new Map<string, Leftover[]>();
  for (const one of leftovers) {
    const block = blocks.get(blockOf(one));
    if (block === undefined) blocks.set(blockOf(one), [one]);
    else block.push(one);
  }
  const found = new Map<string, Suggestion[]>();
  for (const block of blocks.values()) {
    const lone = block.filter(({ code }) => code === 'P100' || code === 'P010');
    const lacking = block.filter(({ code }) => code === 'P101' || code === 'P011');
    for (const deal of lacking) {
      const equal = lone.filter((row) => row.said.price === deal.said.price);
      for (const row of equal) {
        add(found, deal, 'REF', [row], reasonsOf(deal, row));
        add(found, row, 'REF', [deal], reasonsOf(deal, row));
      }
      if (equal.length > 0 || lone.length < 2 || lone.length > MOST_PARTS) continue;
      const sums = sumsTo(
        lone.map(({ said }) => fenIn(said.price)),
        fenIn(deal.said.price),
        MOST,
      );
      for (const parts of sums) {
        const rows = parts.map((at) => lone[at]!);
        add(found, deal, 'SPL', rows, ADD_UP);
        for (const row of rows) add(found, row, 'SPL', [deal], ADD_UP);
      }
    }
  }
  return new Map([...found].map(([id, all]) => [id, ranked(all)]));
}

/** Only the same book, direction and parties can be the same deal: what is compared with what stays small. */
function blockOf({ code, home, host, said }: Leftover): string {
  // The host's book has a row too many (P010), or lacks one (P101).
  const book = code === 'P010' || code === 'P101' ? 'host' : 'home';
  return [book, home, host, said.buyer, said.seller].join('|');
}

const ADD_UP: readonly Reason[] = [
  { zh: '交易方相同', en: 'the same parties' },
  { zh: '各笔价款之和等于该成交', en: "the prices add up to the deal's" },
];

function reasonsOf(deal: Leftover, row: Leftover): readonly Reason[] {
  const reasons: Reason[] = [
    { zh: '交易方相同', en: 'the same parties' },
    { zh: '价款相同', en: 'the same price' },
  ];
  if (deal.businessDate === row.businessDate) reasons.push({ zh: '业务日期相同', en: 'the same business day' });
  if (plain(deal.dealId) === plain(row.dealId)) {
    reasons.push({ zh: '编号仅写法不同', en: 'the numbers differ in writing only' });
  }
  return reasons;
}

/** Full-width to half-width, without spaces and case; O for 0 and l or I for 1 are slips of the hand. */
function plain(id: string): string {
  return id.normalize('NFKC').replaceAll(/[\s-]/g, '').toUpperCase().replaceAll('O', '0').replaceAll(/[IL]/g, '1');
}

function add(
  found: Map<string, Suggestion[]>,
  { breakId }: Leftover,
  kind: Suggestion['kind'],
  others: readonly Leftover[],
  reasons: readonly Reason[],
): void {
  const deals = others.map(({ dealId }) => dealId);
  found.set(breakId, [...(found.get(breakId) ?? []), { kind, rank: 0, ambiguous: false, deals, reasons }]);
}

/** The one with most reasons first; as many reasons for another make it ambiguous. */
function ranked(all: readonly Suggestion[]): readonly Suggestion[] {
  const sorted = all.toSorted(
    (one, other) => other.reasons.length - one.reasons.length || (String(one.deals) < String(other.deals) ? -1 : 1),
  );
  const equals = (one: Suggestion) => all.filter(({ reasons }) => reasons.length === one.reasons.length).length;
  return sorted.slice(0, MOST).map((one, at) => ({ ...one, rank: at + 1, ambiguous: equals(one) > 1 }));
}

function fenIn(yuan: string): bigint {
  return BigInt(yuan.replace('.', ''));
}
