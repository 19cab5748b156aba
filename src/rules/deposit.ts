import { fenOf, yuan } from '../contract/money.ts';
import { issueOf } from './issue.ts';
import { type Findings, type Matter, ruleAt, term, valuesOf } from './matter.ts';
import { MILLION, millionths } from './rate.ts';

/**
 * The home sets the deposit; the host's cap limits it there. The cap is a part of the price, rounded
 * down to the fen: rounded up it would be above itself. Without a price there is no cap.
 */
export function checkDeposit(matter: Matter, findings: Findings): void {
  const { deposit } = matter.listing;
  const home = ruleAt(matter, 'home', 'deposit-cap');
  const host = ruleAt(matter, 'host', 'deposit-cap');
  if (host !== undefined) {
    findings.consulted.push(host.clause);
    findings.terms.depositCap = term(host.clause.value, 'host', host.clause);
  }
  const own = home?.clause ?? host?.clause;
  if (own !== undefined) findings.terms.deposit = term(deposit ?? null, 'home', own);

  const price = matter.facts.priceFen;
  if (deposit === undefined || host === undefined || price === undefined) return;
  const { clause } = host;
  const capFen = (price * millionths(clause.value.rate)) / MILLION;
  if (fenOf(deposit.amount) <= capFen) return;
  const amount = yuan(capFen);
  const capped = { ...deposit, amount, ...(deposit.rate === undefined ? {} : { rate: clause.value.rate }) };
  findings.terms.deposit = term(capped, 'host', clause);
  const [homeValue, hostValue] = valuesOf(matter, 'deposit-cap');
  findings.issues.push(
    issueOf('deposit-capped', 'deposit-cap', clause, homeValue, hostValue, {
      zh: `保证金 ${deposit.amount.amount} 元超过价格的 ${clause.value.rate}，按上限 ${amount.amount} 元收取`,
      en: `a deposit of ${deposit.amount.amount} is above ${clause.value.rate} of the price; ${amount.amount} is taken`,
    }),
  );
  const because = { because: 'deposit-capped', clause: clause.id } as const;
  findings.changes.push({ pointer: '/deposit/amount', from: { ...deposit.amount }, to: { ...amount }, ...because });
  if (deposit.rate !== undefined && deposit.rate !== clause.value.rate) {
    findings.changes.push({ pointer: '/deposit/rate', from: deposit.rate, to: clause.value.rate, ...because });
  }
}
