import { readFileSync } from 'node:fs';
import type { RefusalCode } from '../../src/contract/refusal.ts';

/** The code tables of the profile, native → unified, and what each answer code means. */
export const codes = JSON.parse(readFileSync(new URL('./codes.json', import.meta.url), 'utf8'), bare) as CodeTables;

/** Tables without a prototype: a code called `__proto__` or `constructor` is as unknown as any other. */
function bare(_key: string, value: unknown): unknown {
  return value !== null && typeof value === 'object' ? Object.assign(Object.create(null), value) : value;
}

type Table = Readonly<Record<string, string>>;

interface CodeTables {
  readonly projectType: Table;
  readonly techType: Table;
  readonly licenseType: Table;
  readonly tradeType: Table;
  readonly ipType: Table;
  readonly projectIpType: Table;
  readonly techField: Table;
  readonly nature: Table;
  readonly priceType: Table;
  readonly priceUnit: Table;
  readonly payWay: Table;
  readonly attachmentType: Table;
  readonly exportControl: Table;
  readonly otherExchange: Table;
  readonly anyExchange: Table;
  readonly intentResult: Table;
  readonly mirrorState: Table;
  readonly dealState: Table;
  /** Every unified status of a deal → the state that says it best. */
  readonly dealStateOf: Table;
  readonly fundType: Table;
  readonly bookRole: Table;
  readonly bookState: Table;
  readonly fundState: Table;
  readonly projectEvent: Table;
  readonly stateEvent: Table;
  readonly dealEvent: Table;
  readonly eventKind: Table;
  /** Answer code → what it means for a request of ours. */
  readonly answers: Readonly<Record<string, AnswerMeaning>>;
  /** Our refusal → answer code; every other refusal is 1001. */
  readonly refusalAnswers: Table;
  readonly answerTexts: Table;
}

export interface AnswerMeaning {
  readonly outcome: 'accepted' | 'refused' | 'retry' | 'ambiguous';
  readonly code?: RefusalCode;
}
