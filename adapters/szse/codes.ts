import { readFileSync } from 'node:fs';
import type { RefusalCode } from '../../src/contract/refusal.ts';

/** The code tables of the profile, native → unified, and what each reject reason (tag 380) means. */
export const codes = JSON.parse(readFileSync(new URL('./codes.json', import.meta.url), 'utf8')) as CodeTables;

type Table = Readonly<Record<string, string>>;

interface CodeTables {
  readonly session: { readonly begin: string; readonly target: string };
  readonly exchange: Table;
  readonly anyExchange: Table;
  readonly side: Table;
  readonly dealType: Table;
  readonly licenseScope: Table;
  readonly mode: Table;
  readonly ipKind: Table;
  readonly techField: Table;
  readonly nature: Table;
  readonly priceKind: Table;
  readonly plan: Table;
  readonly document: Table;
  readonly export: Table;
  readonly listingState: Table;
  /** Unified status → the state written for it: a listing shown again is "resumed", not "listed". */
  readonly listingStateOf: Table;
  readonly decision: Table;
  readonly fundLeg: Table;
  readonly bookRole: Table;
  readonly bookState: Table;
  readonly fundState: Table;
  /** Reject reason → what it means for a request of ours. */
  readonly answers: Readonly<Record<string, AnswerMeaning>>;
  /** Our refusal → reject reason; every other refusal is `otherRefusals`. */
  readonly refusalAnswers: Table;
  readonly otherRefusals: string;
}

export interface AnswerMeaning {
  readonly outcome: 'accepted' | 'refused' | 'retry';
  readonly code?: RefusalCode;
}
