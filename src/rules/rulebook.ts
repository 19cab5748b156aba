import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Exchange } from '../contract/exchange.ts';
import type { Rulebook as RulebookDocument } from '../contract/generated/messages.ts';
import { accepted, type Checked, refused } from '../contract/refusal.ts';
import { compileClauses, isInForce, type Rules } from './clause.ts';
import { contradictionsOf } from './contradiction.ts';
import { malformationsOf } from './form.ts';

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

/**
 * Unknown JSON → a rulebook, or every reason why not: schema (schemas/rulebook.schema.json), ids twice, clauses of one
 * dimension that overlap, tiers out of order, a dimension without which nothing can be decided left open.
 */
export function readRulebook(json: unknown): Checked<Rulebook> {
  const malformed = malformationsOf(json);
  if (malformed.length > 0) return refused(...malformed);
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
