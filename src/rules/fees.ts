import { type ValueOf, valueOn, yuanFen } from './clause.ts';
import { halfUp, millionths } from './rate.ts';
import type { Rulebook } from './rulebook.ts';

/** What an exchange takes from each side of a deal, in fen, and the clause that says so. */
export interface Fees {
  readonly sellerFen: bigint;
  readonly buyerFen: bigint;
  readonly clause: string;
}

/** The fees of an exchange on a price in fen, by its rulebook on that day; undefined: its rulebook has none that day. */
export function feesOf(priceFen: bigint, rulebook: Rulebook, at: string): Fees | undefined {
  const rule = valueOn(rulebook.rules, 'fees', at.slice(0, 10));
  if (rule === undefined) return undefined;
  const fen = feeOn(priceFen, rule.clause.value);
  return { sellerFen: fen, buyerFen: fen, clause: rule.clause.id };
}

/**
 * One side's fee. progressive (分档累进): every tier takes its part of the price; flat: the tier in which the price
 * lies takes the whole. Rounded half up to the fen once, at the end; then the least and the most.
 */
function feeOn(priceFen: bigint, schedule: ValueOf<'fees'>): bigint {
  let numerator = 0n;
  let below = 0n;
  for (const { upTo, rate } of schedule.tiers) {
    const limit = upTo === undefined ? priceFen : yuanFen(upTo);
    const isLast = priceFen <= limit;
    if (schedule.method === 'progressive') numerator += ((isLast ? priceFen : limit) - below) * millionths(rate);
    else if (isLast) numerator = priceFen * millionths(rate);
    if (isLast) break;
    below = limit;
  }
  const fee = halfUp(numerator);
  const least = schedule.min === undefined ? fee : yuanFen(schedule.min);
  const most = schedule.max === undefined ? undefined : yuanFen(schedule.max);
  const raised = fee < least ? least : fee;
  return most !== undefined && raised > most ? most : raised;
}
