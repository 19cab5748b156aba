import { readFileSync } from 'node:fs';
import { type Clause, compileClauses, type Rules } from './clause.ts';

/**
 * What law lays down for every exchange: no exchange's rule lowers it. The same clauses as in a rulebook, with the
 * instrument and article in `basis`; see there for how certain each is.
 */
export const statuteClauses: readonly Clause[] = (
  JSON.parse(readFileSync(new URL('./statute.json', import.meta.url), 'utf8')) as { clauses: Clause[] }
).clauses;

export const statute: Rules = compileClauses(statuteClauses);
