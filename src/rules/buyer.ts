import type { Listing, Party } from '../contract/message.ts';
import { checkInForce, type DecisionContext, matterOf } from './decide.ts';
import { type Issue, issueOf, verdictOf } from './issue.ts';
import { ruleAt, valuesOf } from './matter.ts';
import { partyDimension, partyIssue } from './party.ts';
import type { Rulebook, RulebookHistory } from './rulebook.ts';

/** Whether a buyer at the host may bid for or buy what the home lists. */
export interface Admission {
  readonly verdict: 'admit' | 'hold' | 'refuse';
  readonly issues: readonly Issue[];
}

/**
 * The host vets its own buyers, the home confirms: a party from outside the mainland needs both;
 * a natural person needs the host; and the seller may narrow the circle. A State-owned seller may not (第32号令第51条):
 * there only the law counts, which is what binds parties from outside the mainland.
 *
 * `at` is a date or an instant at +08:00.
 */
export function admitBuyer(
  listing: Listing,
  buyer: Party,
  home: Rulebook | RulebookHistory,
  host: Rulebook | RulebookHistory,
  at: string,
  context: DecisionContext = {},
): Admission {
  const matter = matterOf(listing, home, host, at, context);
  const issues: Issue[] = [];
  checkInForce(matter, { issues });

  const dimension = partyDimension(buyer);
  for (const side of ['home', 'host'] as const) {
    const rule = dimension && ruleAt(matter, side, dimension);
    const issue = dimension && rule && partyIssue(matter, dimension, rule, side);
    if (issue !== undefined) issues.push(issue);
  }
  if (!listing.regime.startsWith('soe-')) {
    const natural = ruleAt(matter, 'host', 'natural-person-buyer');
    const [homeValue, hostValue] = valuesOf(matter, 'natural-person-buyer');
    if (natural !== undefined && buyer.kind === 'natural' && natural.clause.value === 'no') {
      issues.push(
        issueOf('party-refused', 'natural-person-buyer', natural.clause, homeValue, hostValue, {
          zh: '对方交易所不接受自然人受让方',
          en: 'the host does not admit natural persons as buyers',
        }),
      );
    }
    issues.push(...bySeller(listing, buyer));
  }
  const verdict = verdictOf(issues);
  return { verdict: verdict === 'refuse' || verdict === 'hold' ? verdict : 'admit', issues };
}

/** What the seller says of its buyers; the listing itself is cited. */
function bySeller(listing: Listing, buyer: Party): readonly Issue[] {
  const issues: Issue[] = [];
  const cited = {
    id: `${listing.home}.listing.eligibility`,
    basis: { zh: `项目 ${listing.id} 的受让方条件`, en: `conditions on the buyer in listing ${listing.id}` },
    provenance: 'published',
  } as const;
  if (listing.eligibility?.foreign === false && partyDimension(buyer) !== undefined) {
    issues.push(
      issueOf('party-refused', partyDimension(buyer) ?? 'foreign-party', cited, false, undefined, {
        zh: '卖方不接受境外及港澳台受让方',
        en: 'the seller admits no buyers from outside the mainland',
      }),
    );
  }
  if (listing.eligibility?.naturalPerson === false && buyer.kind === 'natural') {
    issues.push(
      issueOf('party-refused', 'natural-person-buyer', cited, false, undefined, {
        zh: '卖方不接受自然人受让方',
        en: 'the seller admits no natural persons as buyers',
      }),
    );
  }
  return issues;
}
