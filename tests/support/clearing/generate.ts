import { compoundFaults, type Day, faults, type KeyEntry, pairFaults } from './faults.ts';
import { type Chance, chanceOf } from './random.ts';
import { type Row, type Side, sides, type TrueDeal, trueDeals, viewsOf } from './truth.ts';
import { writeBook, writeJournal } from './writers.ts';

export interface BookPlan {
  readonly seed: number;
  readonly deals: number;
  readonly date?: string;
  /** How many of each single fault; by default one in a thousand deals, at least two. */
  readonly each?: number;
  /** Only these single faults (and no others of any sort). */
  readonly only?: readonly string[];
}

/** Three books, the journal, and the key that the engine never sees. */
export interface SeededBooks {
  readonly date: string;
  readonly journal: Buffer;
  readonly statements: Readonly<Record<Side, Buffer>>;
  readonly key: readonly KeyEntry[];
  readonly deals: readonly TrueDeal[];
  readonly rows: Readonly<Record<Side, readonly Row[]>>;
}

/** Deterministic: the same plan gives the same bytes. */
export function seededBooks(plan: BookPlan): SeededBooks {
  const { seed, deals: count, date = '2026-03-02' } = plan;
  const chance = chanceOf(seed ^ 0x5eed);
  const deals = trueDeals(seed, count, date);
  const day: Day = { deals: [...deals], books: viewsOf(deals, chance), key: [], touched: new Set() };
  const each = plan.each ?? Math.max(2, Math.round(count / 1000));
  const untouched = eligible(deals, chance);
  for (const [name, fault] of Object.entries(faults)) {
    if (plan.only !== undefined && !plan.only.includes(name)) continue;
    for (let i = 0; i < each; i++) fault(day, next(day, untouched), chance);
  }
  if (plan.only === undefined) spoilFurther(day, untouched, each, chance);
  const statements = Object.fromEntries(
    sides.map((side) => [side, writeBook[side](day.books[side], { date, batch: 1 })]),
  ) as Record<Side, Buffer>;
  return { date, journal: writeJournal(day.deals), statements, key: day.key, deals: day.deals, rows: day.books };
}

function spoilFurther(day: Day, untouched: TrueDeal[], each: number, chance: Chance): void {
  for (const fault of Object.values(compoundFaults)) {
    for (let i = 0; i < each; i++) fault(day, next(day, untouched), chance);
  }
  for (const [name, fault] of Object.entries(pairFaults)) {
    const one = next(day, untouched);
    // The same two exchanges; for swapped references also parties that can be told apart.
    const fits = (deal: TrueDeal) =>
      deal.home === one.home &&
      deal.host === one.host &&
      stateWord(deal) === stateWord(one) &&
      deal.concludedAt.slice(0, 10) === one.concludedAt.slice(0, 10) &&
      deal.price > 1000n &&
      (name !== 'swappedReferences' || (deal.buyer !== one.buyer && deal.seller !== one.seller));
    const at = untouched.findIndex(fits);
    if (at < 0) throw new Error(`the plan is too small for ${name}`);
    fault(day, one, untouched.splice(at, 1)[0]!);
  }
}

/**
 * Deals that a fault may touch: final ones (a missing row of one in flight is no break), and no twins: what is done to
 * one of two equal deals could rightly be read as done to the other.
 */
function eligible(deals: readonly TrueDeal[], chance: Chance): TrueDeal[] {
  const terms = (deal: TrueDeal) =>
    [deal.home, deal.host, deal.seller, deal.buyer, deal.price, deal.concludedAt.slice(0, 10)].join('|');
  const seen = new Map<string, number>();
  for (const deal of deals) seen.set(terms(deal), (seen.get(terms(deal)) ?? 0) + 1);
  const list = deals.filter((deal) => deal.status !== 'concluded' && seen.get(terms(deal)) === 1);
  for (let i = list.length - 1; i > 0; i--) {
    const j = chance.whole(0, i);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}

function next(day: Day, untouched: TrueDeal[]): TrueDeal {
  const deal = untouched.pop();
  if (deal === undefined) throw new Error('the plan has more faults than deals');
  day.touched.add(deal.id);
  return deal;
}

function stateWord({ status }: TrueDeal): string {
  return status === 'cancelled' || status === 'reversed' ? 'cancelled' : status;
}
