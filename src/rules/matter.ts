import type { Json } from '../contract/json.ts';
import type { Listing } from '../contract/message.ts';
import type { Calendar, Calendars } from './calendar.ts';
import { type Dimension, type Facts, type Rule, type Rules, ruleOf, type ValueOf, valueOn } from './clause.ts';
import type { Cited, Issue } from './issue.ts';
import type { StartDay } from './period.ts';
import type { Rulebook } from './rulebook.ts';
import type { Change, Term, Terms } from './terms.ts';

/** What one decision is about: a listing, the rulebooks in force on that day, the calendars. */
export interface Matter {
  readonly listing: Listing;
  readonly facts: Facts;
  /** The day of the decision. */
  readonly date: string;
  readonly home: Rulebook | undefined;
  readonly host: Rulebook | undefined;
  readonly statute: { readonly rules: Rules };
  readonly calendars: Calendars;
  /** When the same asset last changed hands. */
  readonly lastConcludedOn: string | undefined;
}

/** What has been found so far; every check adds to it. */
export interface Findings {
  readonly terms: { -readonly [K in keyof Terms]: Terms[K] };
  readonly changes: Change[];
  readonly issues: Issue[];
  /** Every clause the decision rests on. */
  readonly consulted: Cited[];
  /** The first day on which an open notice will have ended. */
  recheckOn?: string;
}

export type Side = 'statute' | 'home' | 'host';

/** The rule of one side on a dimension, if its book is in force and says anything. */
export function ruleAt<D extends Dimension>(matter: Matter, side: Side, dimension: D): Rule<D> | undefined {
  return ruleOf(matter[side]?.rules, dimension, matter.facts, matter.date);
}

/** The values both sides give a dimension, as issues show them. */
export function valuesOf(matter: Matter, dimension: Dimension): readonly [Json | undefined, Json | undefined] {
  return [
    ruleAt(matter, 'home', dimension)?.clause.value as Json | undefined,
    ruleAt(matter, 'host', dimension)?.clause.value as Json | undefined,
  ];
}

/** How one book counts days. */
export interface Counting {
  readonly calendar: Calendar;
  readonly startDay: StartDay;
  /** The clause that says which calendar. */
  readonly cited: Cited;
}

export function countingOf(rules: Rules, calendars: Calendars, date: string): Counting | undefined {
  const calendar = valueOn(rules, 'calendar', date);
  if (calendar === undefined) return undefined;
  return {
    calendar: calendars[calendar.clause.value],
    startDay: valueOn(rules, 'start-day', date)?.clause.value ?? 'excluded',
    cited: calendar.clause,
  };
}

export function term<V>(value: V, from: Term['from'], cited: Cited): Term<V> {
  return { value, from, clause: cited.id, provenance: cited.provenance };
}

/** Lays a side's own rule down as the term in force. */
export function termFrom<D extends Dimension>(
  matter: Matter,
  findings: Findings,
  side: 'home' | 'host',
  dimension: D,
): Term<ValueOf<D>> | undefined {
  const rule = ruleAt(matter, side, dimension);
  if (rule === undefined) return undefined;
  findings.consulted.push(rule.clause);
  return term(rule.clause.value, side, rule.clause);
}
