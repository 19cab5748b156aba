import type { ValueOf } from './clause.ts';
import { type Findings, type Matter, ruleAt, type Side, term, termFrom } from './matter.ts';
import type { PartyDimension } from './party.ts';
import type { Term } from './terms.ts';

/**
 * Lays down the terms that no check has laid down yet, each by its dimension's strategy (docs/decisions/0008): the regime
 * travels; the home rules existence and clock; the host rules its own buyers, display and fee; time that protects
 * (retention, a State-owned seller's payment) is the strictest.
 */
export function mergeTerms(matter: Matter, findings: Findings): void {
  const { terms } = findings;
  const home = <D extends Parameters<typeof ruleAt>[2]>(dimension: D) => termFrom(matter, findings, 'home', dimension);
  const host = <D extends Parameters<typeof ruleAt>[2]>(dimension: D) => termFrom(matter, findings, 'host', dimension);

  const regime = ruleAt(matter, 'statute', 'regimes');
  if (regime !== undefined) terms.regime = term(matter.listing.regime, 'regime', regime.clause);
  terms.calendar = home('calendar');
  terms.startDay = home('start-day');
  terms.extension = home('extension');
  terms.changeOfTerms = home('change-of-terms');
  terms.depositReturn = home('deposit-return');
  terms.cutOff = home('cut-off');
  terms.hours = host('hours');
  terms.sellerFee = home('fees');
  terms.buyerFee = host('fees');
  terms.naturalPersonBuyer = host('natural-person-buyer');
  terms.foreignParty = strictest(matter, findings, 'foreign-party', gravity);
  terms.hkMoTwParty = strictest(matter, findings, 'hk-mo-tw-party', gravity);
  terms.retention = strictest(matter, findings, 'retention', ({ years }) => years);
  terms.paymentDays = matter.listing.regime.startsWith('soe-')
    ? strictest(matter, findings, 'payment-days', ({ days }) => -days)
    : home('payment-days');
}

const gravity = (admission: ValueOf<PartyDimension>): number => ['admit', 'hold', 'refuse'].indexOf(admission);

/** The strictest of what statute, home and host say; `weight` is greater the stricter a value is. */
function strictest<D extends 'foreign-party' | 'hk-mo-tw-party' | 'retention' | 'payment-days'>(
  matter: Matter,
  findings: Findings,
  dimension: D,
  weight: (value: ValueOf<D>) => number,
): Term<ValueOf<D>> | undefined {
  let found: Term<ValueOf<D>> | undefined;
  for (const side of ['statute', 'home', 'host'] satisfies readonly Side[]) {
    const clause = ruleAt(matter, side, dimension)?.clause;
    if (clause === undefined) continue;
    findings.consulted.push(clause);
    if (found === undefined || weight(clause.value) > weight(found.value)) {
      found = term(clause.value as ValueOf<D>, side === 'statute' ? 'statute' : 'strictest', clause);
    }
  }
  return found;
}
