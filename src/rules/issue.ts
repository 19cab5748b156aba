import type { Json } from '../contract/json.ts';
import type { Clause, Dimension, Provenance } from './clause.ts';

/** From the mildest to the gravest. */
export type Verdict = 'relay' | 'relay-with-terms' | 'hold' | 'refuse';

export interface Bilingual {
  readonly zh: string;
  readonly en: string;
}

/** What each reason calls for; the gravest reason of a decision is its verdict. */
const SEVERITIES = {
  'mode-unsupported': 'refuse',
  'object-type-unsupported': 'refuse',
  'deal-type-unsupported': 'refuse',
  'price-kind-unsupported': 'refuse',
  'instalments-unsupported': 'refuse',
  'soe-venue': 'refuse',
  'party-refused': 'refuse',
  'party-hold': 'hold',
  'notice-open': 'hold',
  'notice-objection': 'hold',
  'export-prohibited': 'refuse',
  'export-hold': 'hold',
  'red-line': 'refuse',
  'disclosure-extended': 'relay-with-terms',
  'disclosure-short': 'refuse',
  'deposit-capped': 'relay-with-terms',
  'calendar-unknown': 'hold',
  'rulebook-not-in-force': 'refuse',
} as const satisfies Record<string, Verdict>;

export type IssueCode = keyof typeof SEVERITIES;
export const issueCodes = Object.keys(SEVERITIES) as readonly IssueCode[];

/** One reason for a verdict, with the clause that fired. */
export interface Issue {
  readonly code: IssueCode;
  /** The verdict this reason alone calls for. */
  readonly severity: Exclude<Verdict, 'relay'>;
  readonly dimension: Dimension | 'rulebook';
  /** What the home's rulebook says on this dimension; null: nothing. */
  readonly home: Json;
  /** The same of the host's. */
  readonly host: Json;
  /** Id of the clause that fired. */
  readonly clause: string;
  readonly basis: Bilingual;
  readonly provenance: Provenance;
  readonly detail: Bilingual;
}

/** What an issue cites: a clause of a rulebook or of the statutory floor. */
export type Cited = Pick<Clause, 'id' | 'basis' | 'provenance'>;

/** The federation's own principle, the one thing decided here that no clause of a rulebook can lay down. */
export const rulebookPrinciple: Cited = {
  id: 'law.rulebook-in-force',
  basis: {
    zh: '联邦统一契约：判定须以判定时生效的双方规则版本为据，没有规则即不得流转',
    en: 'Unified contract of the federation: a decision rests on the rulebook versions in force at that time; without a rulebook nothing is relayed',
  },
  provenance: 'assumption',
};

export function issueOf(
  code: IssueCode,
  dimension: Issue['dimension'],
  cited: Cited,
  home: Json | undefined,
  host: Json | undefined,
  detail: Bilingual,
): Issue {
  return {
    code,
    severity: SEVERITIES[code],
    dimension,
    home: home ?? null,
    host: host ?? null,
    clause: cited.id,
    basis: cited.basis,
    provenance: cited.provenance,
    detail,
  };
}

const GRAVITY: Readonly<Record<Verdict, number>> = { relay: 0, 'relay-with-terms': 1, hold: 2, refuse: 3 };

/** The gravest of the issues; `relay` where there is none. */
export function verdictOf(issues: readonly Issue[]): Verdict {
  let verdict: Verdict = 'relay';
  for (const { severity } of issues) if (GRAVITY[severity] > GRAVITY[verdict]) verdict = severity;
  return verdict;
}

/** Negative: `a` is milder than `b`. */
export function compareVerdicts(a: Verdict, b: Verdict): number {
  return GRAVITY[a] - GRAVITY[b];
}
