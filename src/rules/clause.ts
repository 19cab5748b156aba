import type { RulebookClause, RulebookExportClause } from '../contract/generated/messages.ts';
import type { Listing } from '../contract/message.ts';
import { fenOf } from '../contract/money.ts';

/** A rule as written in a rulebook or in the statutory floor. */
export type Clause = RulebookClause | RulebookExportClause;
export type Dimension = Clause['dimension'];
export type Provenance = Clause['provenance'];
export type ClauseOf<D extends Dimension> = Extract<Clause, { dimension: D }>;
export type ValueOf<D extends Dimension> = ClauseOf<D>['value'];

/** A clause made ready: its price bounds are fen. */
export interface Rule<D extends Dimension = Dimension> {
  readonly clause: Omit<Clause, 'dimension' | 'value'> & { readonly dimension: D; readonly value: ValueOf<D> };
  readonly priceFromFen?: bigint;
  readonly priceBelowFen?: bigint;
}

/** The rules of one book by dimension. */
export type Rules = ReadonlyMap<Dimension, readonly Rule[]>;

/** What the conditions of clauses look at. */
export interface Facts {
  readonly regime: Listing['regime'];
  readonly mode: Listing['mode'];
  readonly dealType: Listing['dealType'];
  readonly objectType: Listing['object']['type'];
  /** Absent where the price is negotiable. */
  readonly priceFen?: bigint;
}

export function factsOf(listing: Listing): Facts {
  const facts = {
    regime: listing.regime,
    mode: listing.mode,
    dealType: listing.dealType,
    objectType: listing.object.type,
  };
  const amount = listing.price.amount;
  return amount === undefined ? facts : { ...facts, priceFen: fenOf(amount) };
}

export function compileClauses(clauses: readonly Clause[]): Rules {
  const rules = new Map<Dimension, Rule[]>();
  for (const clause of clauses) {
    const { priceFrom, priceBelow } = clause.when ?? {};
    const rule: Rule = {
      clause,
      ...(priceFrom === undefined ? {} : { priceFromFen: yuanFen(priceFrom) }),
      ...(priceBelow === undefined ? {} : { priceBelowFen: yuanFen(priceBelow) }),
    };
    const same = rules.get(clause.dimension);
    if (same === undefined) rules.set(clause.dimension, [rule]);
    else same.push(rule);
  }
  return rules;
}

export function yuanFen(amount: string): bigint {
  return BigInt(amount.replace('.', ''));
}

/** The first rule of that dimension that applies; a checked book has at most one, unless the price is unknown. */
export function ruleOf<D extends Dimension>(
  rules: Rules | undefined,
  dimension: D,
  facts: Facts,
  date: string,
): Rule<D> | undefined {
  const candidates = rules?.get(dimension);
  if (candidates === undefined) return undefined;
  for (const rule of candidates) if (applies(rule, facts, date)) return rule as unknown as Rule<D>;
  return undefined;
}

/** Every rule of that dimension that applies: several where a price tier cannot be told because there is no price. */
export function rulesOf<D extends Dimension>(
  rules: Rules | undefined,
  dimension: D,
  facts: Facts,
  date: string,
): readonly Rule<D>[] {
  const candidates = rules?.get(dimension) ?? [];
  return candidates.filter((rule) => applies(rule, facts, date)) as readonly unknown[] as readonly Rule<D>[];
}

/** The value of a dimension that depends on nothing but the day. */
export function valueOn<D extends Dimension>(rules: Rules, dimension: D, date: string): Rule<D> | undefined {
  for (const rule of rules.get(dimension) ?? []) {
    if (rule.clause.when === undefined && isInForce(rule.clause, date)) return rule as unknown as Rule<D>;
  }
  return undefined;
}

export function isInForce(dated: { readonly from: string; readonly to?: string }, date: string): boolean {
  return dated.from <= date && (dated.to === undefined || date <= dated.to);
}

function applies(rule: Rule, facts: Facts, date: string): boolean {
  const { clause } = rule;
  if (!isInForce(clause, date)) return false;
  const when = clause.when;
  if (when === undefined) return true;
  if (when.regime !== undefined && !when.regime.includes(facts.regime)) return false;
  if (when.mode !== undefined && !when.mode.includes(facts.mode)) return false;
  if (when.dealType !== undefined && !when.dealType.includes(facts.dealType)) return false;
  if (when.objectType !== undefined && !when.objectType.includes(facts.objectType)) return false;
  const price = facts.priceFen;
  if (price === undefined) return true;
  if (rule.priceFromFen !== undefined && price < rule.priceFromFen) return false;
  return rule.priceBelowFen === undefined || price < rule.priceBelowFen;
}
