import type { BreakCode } from './codes.ts';

/** How a break is settled, as a maker proposes it. */
export const breakActions = {
  supplement: { zh: '补单', en: 'enter what is missing' },
  adjust: { zh: '调账', en: 'adjust by entries of one’s own' },
  reverse: { zh: '冲正', en: 'reverse what was booked' },
  refund: { zh: '退款', en: 'return a surplus' },
  claim: { zh: '追款', en: 'claim a shortage' },
  suspend: { zh: '挂账', en: 'carry in suspense' },
  'write-off': { zh: '核销', en: 'write off' },
  'by-home': { zh: '以本方（A）为准', en: "by the home's book" },
  'by-host': { zh: '以对方（B）为准', en: "by the host's book" },
  'by-gateway': { zh: '以网关为准', en: 'by the journal' },
} as const;

export type BreakAction = keyof typeof breakActions;

export function isBreakAction(text: unknown): text is BreakAction {
  return typeof text === 'string' && Object.hasOwn(breakActions, text);
}

/** Why it came about, as far as the maker found out; codes of this project. */
export const breakReasons = {
  'entry-missing': { zh: '漏记', en: 'not entered' },
  'entry-late': { zh: '迟记、跨日切', en: 'entered late, across the cut-off' },
  'entry-twice': { zh: '重复记账', en: 'entered twice' },
  'amount-wrong': { zh: '金额录入错误', en: 'wrong amount entered' },
  'fee-wrong': { zh: '手续费计算错误', en: 'fee worked out wrongly' },
  'party-wrong': { zh: '交易方录入错误', en: 'wrong party entered' },
  'state-wrong': { zh: '状态未同步', en: 'state not taken over' },
  'reference-wrong': { zh: '参考号错误', en: 'wrong reference' },
  rounding: { zh: '尾差', en: 'rounding' },
  'system-fault': { zh: '系统故障', en: 'fault of a system' },
  'being-looked-into': { zh: '原因待查', en: 'being looked into' },
  unrecoverable: { zh: '无法追回', en: 'cannot be recovered' },
  'booked-in-error': { zh: '调账有误', en: 'booked in error' },
  other: { zh: '其他（须说明）', en: 'other, said in the note' },
} as const;

export type BreakReason = keyof typeof breakReasons;

export function isBreakReason(text: unknown): text is BreakReason {
  return typeof text === 'string' && Object.hasOwn(breakReasons, text);
}

/** Whether a row is missing somewhere. */
export function isPresence(code: BreakCode): boolean {
  return /^P[01]{3}$/.test(code);
}
