import type { Role } from '../access/actor.ts';

/** How far a break is (clearing.md §3), with its names for people. */
export const breakStates = {
  detected: { zh: '已发现', en: 'detected' },
  expected: { zh: '在途', en: 'on the way' },
  open: { zh: '待认领', en: 'to be taken' },
  working: { zh: '处理中', en: 'being worked on' },
  proposed: { zh: '待复核', en: 'waiting for approval' },
  approved: { zh: '复核通过', en: 'approved' },
  posted: { zh: '已调账', en: 'posted' },
  verified: { zh: '复对平', en: 'compared again: equal' },
  closed: { zh: '已平账', en: 'closed' },
  returned: { zh: '退回', en: 'returned' },
  disputed: { zh: '争议', en: 'disputed' },
  suspended: { zh: '挂账', en: 'in suspense' },
  'written-off': { zh: '核销', en: 'written off' },
  reopened: { zh: '重开', en: 'reopened' },
} as const;

export type BreakState = keyof typeof breakStates;

/** How a closed break came to its end. */
export const closings = {
  cleared: { zh: '自动消除', en: 'the books agree by themselves' },
  resolved: { zh: '处理平账', en: 'settled by adjustment' },
  'written-off': { zh: '核销', en: 'written off' },
} as const;

export type ClosedAs = keyof typeof closings;

/** Whose an act is: a person's by role, or the comparison's own. */
export type ActorRole = Role | 'engine';

interface Way {
  readonly zh: string;
  readonly en: string;
  readonly from: readonly (BreakState | 'none')[];
  /** Several: what was proposed, or how many must approve, says which. Empty: it stays where it is. */
  readonly to: readonly BreakState[];
  readonly roles: readonly ActorRole[];
}

const LIVE = ['expected', 'open', 'working', 'returned', 'disputed', 'suspended', 'reopened'] as const;
const UNDER_REVIEW = ['proposed', 'approved'] as const;
const DONE = ['posted', 'verified', 'written-off', 'closed'] as const;
const CHECKERS = ['checker', 'supervisor'] as const;

/** The life cycle: every act that moves a break. The database holds the same table and refuses everything else (0012). */
export const lifeCycle = {
  detect: { zh: '发现', en: 'detect', from: ['none'], to: ['detected'], roles: ['engine'] },
  expect: { zh: '列为在途', en: 'expect', from: ['detected'], to: ['expected'], roles: ['engine'] },
  open: { zh: '开立', en: 'open', from: ['detected', 'expected'], to: ['open'], roles: ['engine'] },
  take: { zh: '认领', en: 'take', from: ['open', 'returned', 'reopened'], to: ['working'], roles: ['maker'] },
  assign: { zh: '分派', en: 'assign', from: LIVE, to: [], roles: ['maker', 'supervisor'] },
  propose: {
    zh: '提交复核',
    en: 'propose',
    from: ['open', 'working', 'returned', 'reopened', 'suspended', ...DONE],
    to: ['proposed'],
    roles: ['maker'],
  },
  withdraw: { zh: '撤回', en: 'withdraw', from: ['proposed'], to: ['returned'], roles: ['maker'] },
  return: { zh: '退回', en: 'return', from: UNDER_REVIEW, to: ['returned'], roles: [...CHECKERS, 'engine'] },
  approve: { zh: '复核通过', en: 'approve', from: ['proposed'], to: ['proposed', 'approved'], roles: CHECKERS },
  post: {
    zh: '入账',
    en: 'post',
    from: ['approved'],
    to: ['posted', 'suspended', 'written-off', 'reopened'],
    roles: ['maker', ...CHECKERS],
  },
  verify: { zh: '复对', en: 'verify', from: ['posted', 'returned'], to: ['verified'], roles: ['engine'] },
  close: { zh: '平账', en: 'close', from: ['verified', 'written-off'], to: ['closed'], roles: ['engine'] },
  clear: { zh: '自动消除', en: 'clear', from: [...LIVE, ...UNDER_REVIEW], to: ['closed'], roles: ['engine'] },
  dispute: {
    zh: '转争议',
    en: 'dispute',
    from: ['open', 'working', 'returned', 'reopened'],
    to: ['disputed'],
    roles: ['maker', 'integrator'],
  },
  answer: { zh: '查复', en: 'answer', from: ['disputed'], to: ['working'], roles: ['integrator'] },
  reopen: { zh: '重开', en: 'reopen', from: ['closed'], to: ['reopened'], roles: ['maker', 'supervisor'] },
  relapse: { zh: '再现', en: 'come back', from: ['suspended', ...DONE], to: ['reopened'], roles: ['engine'] },
  update: { zh: '更新', en: 'update', from: [...LIVE, ...UNDER_REVIEW, ...DONE], to: [], roles: ['engine'] },
  escalate: { zh: '升级', en: 'escalate', from: [...LIVE, ...UNDER_REVIEW], to: [], roles: ['engine'] },
} as const satisfies Record<string, Way>;

export type BreakAct = keyof typeof lifeCycle;

/** Acts that leave a break where it is, and its version too. */
const NOTES = { comment: { zh: '批注', en: 'comment' }, attach: { zh: '上传附件', en: 'attach' } };

/** What an act is called. */
export function namesOfAct(act: string): { readonly zh: string; readonly en: string } {
  const { zh, en } = { ...lifeCycle, ...NOTES }[act as BreakAct | keyof typeof NOTES];
  return { zh, en };
}

/** Where this act by this role leads from that state; empty: it is forbidden. */
export function leadsTo(act: BreakAct, from: BreakState | 'none', role: string): readonly BreakState[] {
  const way: Way = lifeCycle[act];
  if (!way.from.includes(from) || !(way.roles as readonly string[]).includes(role)) return [];
  return way.to.length > 0 ? way.to : [from as BreakState];
}
