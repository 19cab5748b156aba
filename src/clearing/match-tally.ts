import { type Exchange, exchanges } from '../contract/exchange.ts';
import type { Found } from './classify.ts';
import type { Equal } from './match.ts';
import type { Side } from './row.ts';
import { pairOf, type SeenDeal } from './seen.ts';

/** Where a row ends up; each in exactly one. */
const fates = ['matched', 'tolerated', 'in-flight', 'break'] as const;
export type Fate = (typeof fates)[number];

/** Plain JSON: fen as text. */
export interface Heap {
  readonly rows: number;
  readonly priceFen: string;
}

/** Rows and prices by side and fate: summed over the fates, those of the book's own control totals. */
export type Tally = Readonly<Record<Side, Readonly<Record<Fate, Heap>>>>;

export class Tallying {
  readonly #heaps = new Map<string, { rows: number; priceFen: bigint }>();

  /** All rows of one deal, by what was found of it: a book's row goes with its own side's finding and the deal's. */
  deal(deal: SeenDeal, found: readonly Found[]): void {
    const { home, host } = pairOf(deal);
    const fate = (concerns: (one: Found) => boolean): Fate => {
      const outcomes = found.filter(concerns).map(({ outcome }) => outcome);
      return (['break', 'in-flight', 'tolerated'] as const).find((one) => outcomes.includes(one)) ?? 'matched';
    };
    const book = (side: Exchange, row: SeenDeal['a']) => {
      if (row === undefined) return;
      const own = fate((one) => one.side === null || one.side === side);
      this.#put(side, own, 1, row.priceFen);
      for (const { priceFen } of row.again) this.#put(side, 'break', 1, priceFen);
    };
    book(home, deal.a);
    book(host, deal.b);
    if (deal.g !== undefined)
      this.#put(
        'journal',
        fate(() => true),
        1,
        deal.g.priceFen,
      );
  }

  /** The equal deals of one pair. */
  equal({ home, host, deals, priceFen }: Equal): void {
    for (const side of [home, host, 'journal'] as const) this.#put(side, 'matched', deals, BigInt(priceFen));
  }

  /** That of another partition. */
  add(tally: Tally): void {
    for (const [side, heaps] of Object.entries(tally)) {
      for (const fate of fates) this.#put(side, fate, heaps[fate].rows, BigInt(heaps[fate].priceFen));
    }
  }

  total(): Tally {
    const heap = (side: string, fate: Fate): Heap => {
      const { rows, priceFen } = this.#heaps.get(`${side} ${fate}`) ?? { rows: 0, priceFen: 0n };
      return { rows, priceFen: String(priceFen) };
    };
    return Object.fromEntries(
      [...exchanges, 'journal'].map((side) => [
        side,
        Object.fromEntries(fates.map((fate) => [fate, heap(side, fate)])),
      ]),
    ) as Tally;
  }

  #put(side: string, fate: Fate, rows: number, priceFen: bigint): void {
    const key = `${side} ${fate}`;
    const heap = this.#heaps.get(key) ?? { rows: 0, priceFen: 0n };
    this.#heaps.set(key, { rows: heap.rows + rows, priceFen: heap.priceFen + priceFen });
  }
}
