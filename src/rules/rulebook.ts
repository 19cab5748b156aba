import { createHash } from 'node:crypto';
import type { ErrorObject } from 'ajv';
import canonicalize from 'canonicalize';
import type { Exchange } from '../contract/exchange.ts';
import type { Rulebook as RulebookDocument } from '../contract/generated/messages.ts';
import type { Json } from '../contract/json.ts';
import { refusalsOf, validatorOf } from '../contract/parse.ts';
import { accepted, type Checked, type Refusal, refuse, refused } from '../contract/refusal.ts';
import { compileClauses, isInForce, type Rules } from './clause.ts';
import { contradictionsOf } from './contradiction.ts';

/** One version of an exchange's trading rules, checked and made ready. Dates are included at both ends. */
export interface Rulebook {
  readonly exchange: Exchange;
  readonly version: number;
  readonly from: string;
  readonly to?: string;
  readonly title: { readonly zh: string; readonly en: string };
  /** SHA-256 of the canonical bytes (RFC 8785) of the document, lower-case hexadecimal: what envelopes cite. */
  readonly sha256: string;
  readonly document: RulebookDocument;
  readonly rules: Rules;
}

/** All versions of one exchange's rulebook, in any order. */
export type RulebookHistory = readonly Rulebook[];

const validate = validatorOf('rulebook');

/**
 * Unknown JSON → a rulebook, or every reason why not: schema (schemas/rulebook.schema.json), ids twice, clauses of one
 * dimension that overlap, tiers out of order, a dimension without which nothing can be decided left open.
 */
export function readRulebook(json: unknown): Checked<Rulebook> {
  if (!validate(json)) return refused(...schemaRefusals(validate.errors ?? [], json as Json));
  const document = json as RulebookDocument;
  const found = contradictionsOf(document);
  if (found.length > 0) return refused(...found);
  const { exchange, version, from, to, title } = document;
  return accepted({
    exchange,
    version,
    from,
    ...(to === undefined ? {} : { to }),
    title,
    sha256: createHash('sha256')
      .update(canonicalize(document) ?? '')
      .digest('hex'),
    document,
    rules: compileClauses(document.clauses),
  });
}

/**
 * The version in force at `at` (a date, or an instant at +08:00); of several the highest. Undefined: there is none.
 */
export function inForce(books: Rulebook | RulebookHistory, at: string): Rulebook | undefined {
  const date = at.slice(0, 10);
  let found: Rulebook | undefined;
  for (const book of 'rules' in books ? [books] : books) {
    if (isInForce(book, date) && (found === undefined || book.version > found.version)) found = book;
  }
  return found;
}

/**
 * A clause is any one of many forms, told apart by its dimension. Only what its own form finds wrong is worth telling;
 * that it is none of the others is not.
 */
function schemaRefusals(errors: readonly ErrorObject[], json: Json): readonly Refusal[] {
  const others = new Set<string>();
  const forms = new Map<string, Set<string>>();
  for (const error of errors) {
    const clause = /^\/clauses\/\d+/.exec(error.instancePath)?.[0];
    const form = formOf(error);
    if (clause === undefined || form === undefined) continue;
    if (!forms.has(clause)) forms.set(clause, new Set());
    forms.get(clause)!.add(form);
    if (error.keyword === 'const' && error.instancePath === `${clause}/dimension`) others.add(`${clause} ${form}`);
  }
  const telling = errors.filter((error) => {
    const clause = /^\/clauses\/\d+/.exec(error.instancePath)?.[0];
    return clause === undefined || !others.has(`${clause} ${formOf(error)}`);
  });
  const nameless = [...forms]
    .filter(([clause, all]) => [...all].every((form) => others.has(`${clause} ${form}`)))
    .map(([clause]) => refuse('unknown-code', `${clause}/dimension`));
  const found = new Map<string, Refusal>();
  // What all forms share is found wrong once for each of them.
  for (const refusal of [...refusalsOf(telling, json), ...nameless]) {
    found.set(`${refusal.pointer} ${refusal.code}`, refusal);
  }
  return [...found.values()].slice(0, 50);
}

/** `modesClause` of a schema path like `#/$defs/modesClause/properties/…`. */
function formOf(error: ErrorObject): string | undefined {
  return /\$defs\/(\w+Clause)\//.exec(error.schemaPath)?.[1];
}
