import { addDays } from '../contract/dates.ts';
import type { Rulebook as RulebookDocument, RulebookPredicate } from '../contract/generated/messages.ts';
import { type Refusal, refuse } from '../contract/refusal.ts';
import { type Clause, type Dimension, yuanFen } from './clause.ts';

/** Without these nothing can be decided; each must be laid down, without condition, for the book's whole time. */
export const requiredDimensions: readonly Dimension[] = [
  'calendar',
  'start-day',
  'regimes',
  'modes',
  'object-types',
  'deal-types',
  'price-kinds',
  'instalments',
  'soe-licence',
  'foreign-party',
  'hk-mo-tw-party',
  'natural-person-buyer',
  'fees',
  'retention',
  'cut-off',
];

/** What the schema cannot say: everything in a schema-valid rulebook that contradicts itself or leaves a gap. */
export function contradictionsOf(book: RulebookDocument): readonly Refusal[] {
  const found: Refusal[] = [];
  if (book.to !== undefined && book.to < book.from) found.push(refuse('inconsistent', '/to', 'from'));
  const ids = new Set<string>();
  const clauses: readonly Clause[] = book.clauses;
  for (const [i, clause] of clauses.entries()) {
    const pointer = `/clauses/${i}`;
    if (ids.has(clause.id)) found.push(refuse('duplicate-key', `${pointer}/id`, clause.id));
    ids.add(clause.id);
    if (!clause.id.startsWith(`${book.exchange}.`)) found.push(refuse('inconsistent', `${pointer}/id`, clause.id));
    found.push(...ofClause(clause, pointer));
    const twin = clauses.findIndex((other, j) => j < i && overlap(other, clause));
    if (twin >= 0) found.push(refuse('inconsistent', pointer, `${clause.id} / ${clauses[twin]!.id}`));
  }
  for (const dimension of requiredDimensions) {
    if (!isGapless(book, dimension)) found.push(refuse('missing-field', '/clauses', dimension));
  }
  return found;
}

function ofClause(clause: Clause, pointer: string): readonly Refusal[] {
  const found: Refusal[] = [];
  if (clause.to !== undefined && clause.to < clause.from) found.push(refuse('inconsistent', `${pointer}/to`, 'from'));
  const { priceFrom, priceBelow } = clause.when ?? {};
  if (priceFrom !== undefined && priceBelow !== undefined && yuanFen(priceFrom) >= yuanFen(priceBelow)) {
    found.push(refuse('inconsistent', `${pointer}/when/priceBelow`, 'priceFrom'));
  }
  if (clause.dimension === 'fees') {
    const { tiers, min, max } = clause.value;
    const sorted = tiers.every(({ upTo }, i) => {
      const next = tiers[i + 1];
      if (next === undefined) return upTo === undefined;
      return upTo !== undefined && (next.upTo === undefined || yuanFen(upTo) < yuanFen(next.upTo));
    });
    if (!sorted) found.push(refuse('inconsistent', `${pointer}/value/tiers`));
    if (min !== undefined && max !== undefined && yuanFen(min) > yuanFen(max)) {
      found.push(refuse('inconsistent', `${pointer}/value/min`, 'max'));
    }
  }
  if (clause.dimension === 'hours') {
    const hours: readonly { readonly from: string; readonly to: string }[] = clause.value;
    const sorted = hours.every(({ from, to }, i) => from < to && (hours[i + 1]?.from ?? '99') >= to);
    if (!sorted) found.push(refuse('inconsistent', `${pointer}/value`));
  }
  return found;
}

/** Whether one listing on one day could fall under both: then which of them holds would be anyone's guess. */
function overlap(a: Clause, b: Clause): boolean {
  if (a.dimension !== b.dimension) return false;
  if ((a.to ?? '9999') < b.from || (b.to ?? '9999') < a.from) return false;
  const [p, q]: readonly RulebookPredicate[] = [a.when ?? {}, b.when ?? {}];
  return (
    meet(p!.regime, q!.regime) &&
    meet(p!.mode, q!.mode) &&
    meet(p!.dealType, q!.dealType) &&
    meet(p!.objectType, q!.objectType) &&
    below(p!.priceFrom, q!.priceBelow) &&
    below(q!.priceFrom, p!.priceBelow)
  );
}

function meet(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return a === undefined || b === undefined || a.some((value) => b.includes(value));
}

function below(from: string | undefined, limit: string | undefined): boolean {
  return from === undefined || limit === undefined || yuanFen(from) < yuanFen(limit);
}

function isGapless(book: RulebookDocument, dimension: Dimension): boolean {
  const clauses = (book.clauses as readonly Clause[])
    .filter((clause) => clause.dimension === dimension && clause.when === undefined)
    .sort((a, b) => (a.from < b.from ? -1 : 1));
  let next = book.from;
  for (const { from, to } of clauses) {
    if (from > next) return false;
    if (to === undefined || (book.to !== undefined && to >= book.to)) return true;
    if (to >= next) next = addDays(to, 1);
  }
  return false;
}
