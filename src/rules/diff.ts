import canonicalize from 'canonicalize';
import type { RulebookPredicate } from '../contract/generated/messages.ts';
import type { Json } from '../contract/json.ts';
import type { Clause, Dimension, Provenance } from './clause.ts';
import type { Rulebook } from './rulebook.ts';

/** One clause in which two rulebooks differ; null: that book says nothing on it. */
export interface RuleDifference {
  readonly dimension: Dimension;
  /** null: always. */
  readonly when: RulebookPredicate | null;
  readonly a: Json;
  readonly b: Json;
  readonly provenance: { readonly a: Provenance | null; readonly b: Provenance | null };
  readonly clauses: { readonly a: string | null; readonly b: string | null };
}

/**
 * Where two rulebooks say different things, in the order of `a`, then what only `b` has. Clauses meet on dimension,
 * condition and time of effect; the order of a list of codes says nothing and is left out of the comparison.
 */
export function diffRulebooks(a: Rulebook, b: Rulebook): readonly RuleDifference[] {
  const theirs = new Map<string, Clause>();
  for (const clause of b.document.clauses) theirs.set(keyOf(clause, b), clause);
  const rows: RuleDifference[] = [];
  for (const clause of a.document.clauses) {
    const key = keyOf(clause, a);
    const other = theirs.get(key);
    theirs.delete(key);
    if (other === undefined || meaning(clause.value) !== meaning(other.value)) rows.push(rowOf(clause, other));
  }
  for (const clause of theirs.values()) rows.push(rowOf(undefined, clause));
  return rows;
}

function rowOf(a: Clause | undefined, b: Clause | undefined): RuleDifference {
  const either = (a ?? b) as Clause;
  return {
    dimension: either.dimension,
    when: either.when ?? null,
    a: (a?.value ?? null) as Json,
    b: (b?.value ?? null) as Json,
    provenance: { a: a?.provenance ?? null, b: b?.provenance ?? null },
    clauses: { a: a?.id ?? null, b: b?.id ?? null },
  };
}

/** A clause that holds as long as its book meets the other book's such clause, whenever the books begin. */
function keyOf(clause: Clause, book: Rulebook): string {
  const from = clause.from <= book.from ? null : clause.from;
  const to = clause.to === undefined || (book.to !== undefined && clause.to >= book.to) ? null : clause.to;
  const when = Object.entries(clause.when ?? {}).map(([key, value]) => [key, meaning(value)]);
  return meaning({ dimension: clause.dimension, when: Object.fromEntries(when), from, to });
}

function meaning(value: unknown): string {
  const isCodes = Array.isArray(value) && value.every((member) => typeof member === 'string');
  return canonicalize(isCodes ? [...value].sort() : value) ?? '';
}
