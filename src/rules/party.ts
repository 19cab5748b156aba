import type { Party } from '../contract/message.ts';
import type { Dimension, Rule } from './clause.ts';
import { type Issue, issueOf } from './issue.ts';
import { type Findings, type Matter, ruleAt, type Side, valuesOf } from './matter.ts';

export type PartyDimension = Extract<Dimension, 'foreign-party' | 'hk-mo-tw-party'>;

const CHINA = '142';
/** 海关国别（地区）代码: 110 香港, 121 澳门, 143 台澎金马. */
const HK_MO_TW: readonly string[] = ['110', '121', '143'];

/** Which rule a party from outside the mainland falls under; undefined: none. */
export function partyDimension(party: Pick<Party, 'nature' | 'country'>): PartyDimension | undefined {
  if (party.nature === 'hk-mo-tw') return 'hk-mo-tw-party';
  if (HK_MO_TW.includes(party.country)) return 'hk-mo-tw-party';
  return party.nature === 'foreign' || party.country !== CHINA ? 'foreign-party' : undefined;
}

/** The seller at the host: refused, or held for review. */
export function checkSeller(matter: Matter, findings: Findings): void {
  const dimension = partyDimension(matter.listing.seller);
  if (dimension === undefined) return;
  const rule = ruleAt(matter, 'host', dimension);
  if (rule === undefined) return;
  findings.consulted.push(rule.clause);
  const issue = partyIssue(matter, dimension, rule, 'host');
  if (issue !== undefined) findings.issues.push(issue);
}

/** What a side's rule makes of a party from outside the mainland. */
export function partyIssue(
  matter: Matter,
  dimension: PartyDimension,
  rule: Rule<PartyDimension>,
  side: Side,
): Issue | undefined {
  const { value } = rule.clause;
  if (value === 'admit') return undefined;
  const [home, host] = valuesOf(matter, dimension);
  const who = dimension === 'foreign-party' ? { zh: '境外', en: 'foreign' } : { zh: '港澳台', en: 'HK, MO or TW' };
  const where = side === 'home' ? { zh: '主场', en: 'home' } : { zh: '对方', en: 'host' };
  return value === 'refuse'
    ? issueOf('party-refused', dimension, rule.clause, home, host, {
        zh: `${where.zh}交易所不受理${who.zh}交易方`,
        en: `the ${where.en} does not admit ${who.en} parties`,
      })
    : issueOf('party-hold', dimension, rule.clause, home, host, {
        zh: `${where.zh}交易所对${who.zh}交易方须先经人工审查`,
        en: `the ${where.en} holds ${who.en} parties for review`,
      });
}
