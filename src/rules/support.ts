import type { Listing } from '../contract/message.ts';
import type { ValueOf } from './clause.ts';
import { type Bilingual, type IssueCode, issueOf } from './issue.ts';
import { type Findings, type Matter, ruleAt, term, valuesOf } from './matter.ts';
import { millionths } from './rate.ts';

type Offered = 'modes' | 'object-types' | 'deal-types' | 'price-kinds';

/** What a listing asks of its host, and whose rule the term is. */
const ASKED: readonly {
  readonly dimension: Offered;
  readonly code: IssueCode;
  readonly term: 'mode' | 'objectType' | 'dealType' | 'priceKind';
  readonly zh: string;
  readonly en: string;
  ask(listing: Listing): string;
}[] = [
  {
    dimension: 'modes',
    code: 'mode-unsupported',
    term: 'mode',
    zh: '交易方式',
    en: 'mode of trade',
    ask: (listing) => listing.mode,
  },
  {
    dimension: 'object-types',
    code: 'object-type-unsupported',
    term: 'objectType',
    zh: '标的类型',
    en: 'type of object',
    ask: (listing) => listing.object.type,
  },
  {
    dimension: 'deal-types',
    code: 'deal-type-unsupported',
    term: 'dealType',
    zh: '技术合同类型',
    en: 'type of contract',
    ask: (listing) => listing.dealType,
  },
  {
    dimension: 'price-kinds',
    code: 'price-kind-unsupported',
    term: 'priceKind',
    zh: '价格形式',
    en: 'kind of price',
    ask: (listing) => listing.price.kind,
  },
];

/** The host must have what the listing asks for; nothing is silently converted into something it has. */
export function checkSupport(matter: Matter, findings: Findings): void {
  for (const { dimension, code, term: key, zh, en, ask } of ASKED) {
    const asked = ask(matter.listing);
    const home = ruleAt(matter, 'home', dimension);
    if (home !== undefined) {
      findings.consulted.push(home.clause);
      findings.terms[key] = term(asked, 'home', home.clause);
    }
    const host = ruleAt(matter, 'host', dimension);
    if (host === undefined) continue;
    findings.consulted.push(host.clause);
    const offered: readonly string[] = host.clause.value;
    if (offered.includes(asked)) continue;
    const [homeValue, hostValue] = valuesOf(matter, dimension);
    findings.issues.push(
      issueOf(code, dimension, host.clause, homeValue, hostValue, {
        zh: `对方交易所不支持该${zh} ${asked}，仅支持：${offered.join('、')}`,
        en: `the host does not have the ${en} ${asked}; it has: ${offered.join(', ')}`,
      }),
    );
  }
}

/** The State-owned regimes need a venue that is licensed for them, and that admits them (企业国有资产法 54). */
export function checkVenue(matter: Matter, findings: Findings): void {
  const { regime } = matter.listing;
  const admitted = ruleAt(matter, 'host', 'regimes');
  const licence = ruleAt(matter, 'host', 'soe-licence');
  if (licence !== undefined) findings.terms.soeLicence = term(licence.clause.value, 'host', licence.clause);
  if (!regime.startsWith('soe-')) return;
  if (licence !== undefined) {
    findings.consulted.push(licence.clause);
    if (licence.clause.value !== 'yes') {
      const [home, host] = valuesOf(matter, 'soe-licence');
      findings.issues.push(
        issueOf('soe-venue', 'soe-licence', licence.clause, home, host, {
          zh: `对方交易所的国有资产交易资格为 ${licence.clause.value}，国有资产项目不得流转`,
          en: `the host's licence for State-owned assets is ${licence.clause.value}; such a listing is not relayed there`,
        }),
      );
    }
  }
  if (admitted !== undefined) {
    findings.consulted.push(admitted.clause);
    if (!admitted.clause.value.includes(regime)) {
      const [home, host] = valuesOf(matter, 'regimes');
      findings.issues.push(
        issueOf('soe-venue', 'regimes', admitted.clause, home, host, {
          zh: `对方交易所不受理 ${regime} 项目`,
          en: `the host does not admit listings under ${regime}`,
        }),
      );
    }
  }
}

/** Instalments: the statutory floor for equity, then whether the host has them at all and on which terms. */
export function checkInstalments(matter: Matter, findings: Findings): void {
  const { payment } = matter.listing;
  const home = ruleAt(matter, 'home', 'instalments');
  if (home !== undefined) {
    findings.consulted.push(home.clause);
    findings.terms.instalments = term(home.clause.value, 'home', home.clause);
  }
  if (payment.plan !== 'instalments') return;
  const rules = [ruleAt(matter, 'statute', 'instalments'), ruleAt(matter, 'host', 'instalments')];
  for (const rule of rules) {
    if (rule === undefined) continue;
    findings.consulted.push(rule.clause);
    const wrong = wrongInstalments(payment.instalments ?? [], rule.clause.value);
    if (wrong === undefined) continue;
    const [homeValue, hostValue] = valuesOf(matter, 'instalments');
    findings.issues.push(issueOf('instalments-unsupported', 'instalments', rule.clause, homeValue, hostValue, wrong));
    return;
  }
}

/** What a plan offends against in a rule, or undefined. Twelve months from any day are at least 365 days. */
function wrongInstalments(
  plan: readonly { readonly share: string; readonly dueDays: number }[],
  rule: ValueOf<'instalments'>,
): Bilingual | undefined {
  if (!rule.admitted) return { zh: '不接受分期付款', en: 'instalments are not admitted' };
  let firstDue = Number.POSITIVE_INFINITY;
  let lastDue = 0;
  for (const { dueDays } of plan) {
    firstDue = Math.min(firstDue, dueDays);
    lastDue = Math.max(lastDue, dueDays);
  }
  if (rule.firstShareMin !== undefined) {
    let first = 0n;
    for (const { share, dueDays } of plan) if (dueDays === firstDue) first += millionths(share);
    if (first < millionths(rule.firstShareMin)) {
      return {
        zh: `首期低于规定的 ${rule.firstShareMin}`,
        en: `the first instalment is below ${rule.firstShareMin}`,
      };
    }
  }
  const limit = rule.restMonthsMax === undefined ? undefined : Math.floor((rule.restMonthsMax * 365) / 12);
  if (limit !== undefined && lastDue > limit) {
    return {
      zh: `末期迟于规定的 ${rule.restMonthsMax} 个月`,
      en: `the last instalment is due after ${rule.restMonthsMax} months`,
    };
  }
  return undefined;
}
