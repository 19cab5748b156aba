import { createHash } from 'node:crypto';
import type { Exchange } from '../contract/exchange.ts';

/** 1 is the gravest. */
export type Severity = 'S1' | 'S2' | 'S3' | 'S4';

/** What a severity may hang on beside the code. */
export interface Weight {
  /** The amount that differs, in fen, without its sign; 0n where none does. */
  readonly amountFen: bigint;
  /** Some book or the journal says certified. */
  readonly isFinal: boolean;
}

interface Code {
  readonly zh: string;
  readonly en: string;
  /** Whether it is one book's deviation; the others concern the deal as a whole. */
  readonly ofSide: boolean;
  readonly severity: Severity | ((weight: Weight) => Severity);
}

/** From 1,000,000.00 a wrong amount is S1, from 10,000.00 S2: figures of this project, to be agreed by the exchanges. */
const GRAVE_FEN = 100_000_000n;
const SERIOUS_FEN = 1_000_000n;
const byAmount = ({ amountFen }: Weight): Severity =>
  amountFen >= GRAVE_FEN ? 'S1' : amountFen >= SERIOUS_FEN ? 'S2' : 'S3';
const byFinality = ({ isFinal }: Weight): Severity => (isFinal ? 'S1' : 'S2');

/**
 * Every code of a break, in the order of evaluation: the first that fails is the primary one.
 *
 * CTL refuses a book and SIG stops the day before anything is compared (controls.ts, signatures.ts). REF and SPL are never
 * certain: a deal under another number stands as one that is missing and one too many, with the suggestion beside both
 * (suggest.ts). TAX is between the two books, for the journal says nothing of tax.
 */
export const codes = {
  CTL: { zh: '总分不符', en: 'detail and control total differ: statement refused', ofSide: true, severity: 'S1' },
  SIG: { zh: '验签失败或根不符', en: 'signature, root or chain is bad', ofSide: true, severity: 'S1' },
  DUP: { zh: '重复', en: 'the same deal several times in one book', ofSide: true, severity: 'S1' },
  'DUP~': { zh: '疑似重复', en: 'another number, the terms of a known deal', ofSide: true, severity: 'S3' },
  P110: { zh: '网关漏记', en: 'in both books, not in the journal', ofSide: false, severity: 'S1' },
  P101: { zh: '对方漏单', en: "not in the host's book", ofSide: false, severity: byFinality },
  P011: { zh: '本方漏单', en: "not in the home's book", ofSide: false, severity: byFinality },
  P100: { zh: '单边账（仅本方）', en: "in the home's book only", ofSide: false, severity: 'S1' },
  P010: { zh: '单边账（仅对方）', en: "in the host's book only", ofSide: false, severity: 'S1' },
  P001: { zh: '悬空流水', en: 'in the journal only', ofSide: false, severity: 'S2' },
  PTY: { zh: '交易方不符', en: 'another party or exchange', ofSide: true, severity: 'S1' },
  AST: { zh: '标的不符', en: 'another asset', ofSide: true, severity: 'S1' },
  CCY: { zh: '币种不符', en: 'another currency', ofSide: true, severity: 'S1' },
  'STS-REV': { zh: '冲正不同步', en: 'cancelled or reversed on one side only', ofSide: true, severity: 'S1' },
  STS: { zh: '状态不符', en: 'another state', ofSide: true, severity: byFinality },
  AMT2: {
    zh: '双边金额不符',
    en: 'both books agree on an amount the journal does not have',
    ofSide: false,
    severity: 'S1',
  },
  'AMT+': { zh: '金额不符（长款）', en: 'the book shows more than the journal', ofSide: true, severity: byAmount },
  'AMT-': { zh: '金额不符（短款）', en: 'the book shows less than the journal', ofSide: true, severity: byAmount },
  QTY: { zh: '数量不符', en: 'another quantity', ofSide: true, severity: 'S2' },
  FEE: { zh: '手续费不符', en: 'another fee', ofSide: true, severity: 'S3' },
  TAX: { zh: '税额不符', en: 'the two books state another tax', ofSide: false, severity: 'S3' },
  DAT: { zh: '跨日或日切差异', en: 'another business date; clears at T+1', ofSide: true, severity: 'S4' },
  TIM: { zh: '在途未达', en: 'on the way at the cut-off, now overdue', ofSide: false, severity: 'S2' },
  SPL: { zh: '拆分或合并不符', en: 'the parts do not add up to the whole', ofSide: true, severity: 'S2' },
  REF: { zh: '参考号不符', en: 'the terms are equal, the number is not', ofSide: true, severity: 'S3' },
  TOL: { zh: '容差内差异', en: 'within tolerance', ofSide: true, severity: 'S4' },
} as const satisfies Record<string, Code>;

export type BreakCode = keyof typeof codes;

const order = new Map(Object.keys(codes).map((code, at) => [code, at]));

/** Sorts by evaluation. */
export function byEvaluation(one: BreakCode, other: BreakCode): number {
  return order.get(one)! - order.get(other)!;
}

export function severityOf(code: BreakCode, weight: Weight): Severity {
  const { severity } = codes[code] as Code;
  return typeof severity === 'string' ? severity : severity(weight);
}

/** What a break is about; the same in every run, so that a run again finds the same breaks. */
export interface BreakKey {
  readonly home: Exchange;
  readonly host: Exchange;
  readonly dealId: string;
  readonly code: BreakCode;
  /** Null: no single book's. */
  readonly side: Exchange | null;
}

/** A deal settles in one leg today. */
const LEG = '1';

/** First 32 hexadecimal digits of SHA-256 over `pair|deal|leg|code|side`; no part of it can hold a `|` but the deal, which stands between fixed words. */
export function breakId({ home, host, dealId, code, side }: BreakKey): string {
  const text = `${home}-${host}|${dealId}|${LEG}|${code}|${side ?? ''}`;
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
