import { accepted, type Checked, type Refusal, refuse, refused } from '../contract/refusal.ts';
import { reversed } from './adjustment.ts';
import type { Break, NewAdjustment, Standing } from './break.ts';
import { type BreakState, leadsTo } from './break-states.ts';
import { isNote, type Proposal, propose, type Wish } from './proposal.ts';
import { entriesSigned, type KeptProposal } from './proposal-kept.ts';

/** What somebody wants done with a break. */
export type Order =
  | { readonly act: 'take' | 'post' }
  | { readonly act: 'assign'; readonly to: string }
  | { readonly act: 'propose'; readonly wish: Wish }
  /** `sha256`: of the proposal that was looked at. */
  | { readonly act: 'approve'; readonly sha256: string }
  /** Always with its reason. */
  | { readonly act: 'withdraw' | 'return' | 'reopen'; readonly note: string }
  | Remark;

/** Leaves the break as it is. */
type Remark = { readonly act: 'comment'; readonly note: string } | { readonly act: 'attach'; readonly sha256: string };

/** What there is, read under lock. */
export interface Known {
  readonly breaks: ReadonlyMap<string, { readonly stands: Break; readonly booked: Standing | undefined }>;
  readonly proposals: ReadonlyMap<bigint, KeptProposal>;
  readonly evidence: ReadonlySet<string>;
  readonly makers: ReadonlySet<string>;
}

export interface About {
  readonly by: { readonly name: string; readonly role: string };
  readonly at: Date;
  readonly thresholdFen: bigint;
  readonly known: Known;
}

/** One act, decided: what the break becomes and what is kept beside it. `after === before`: it stays as it is. */
export interface Done {
  readonly order: Order;
  readonly before: Break;
  readonly after: Break;
  readonly reason?: string;
  readonly note?: string;
  readonly detail: Readonly<Record<string, string>>;
  readonly proposal?: Proposal;
  readonly approval?: {
    readonly proposal: bigint;
    readonly sha256: string;
    readonly maker: string;
    readonly checker: string;
    readonly place: number;
  };
  readonly booking?: readonly Omit<NewAdjustment, 'postedBy' | 'at'>[];
}

interface Asked {
  readonly breakId: string;
  readonly version?: number;
  readonly order: Order;
}

const STAFF: readonly string[] = ['maker', 'checker', 'supervisor'];

/** Whether somebody may do that to that break as it stands, and what comes of it. Pure. */
export function decideWork({ breakId, version, order }: Asked, about: About): Checked<Done> {
  const { by, known } = about;
  const found = known.breaks.get(breakId);
  if (found === undefined) return refused(refuse('reference-unknown', '/breakId', breakId));
  const { stands } = found;
  if ('note' in order) {
    if (!isNote(order.note)) return refused(refuse('bad-format', '/note'));
    if (order.note.trim() === '') return refused(refuse('missing-field', '/note'));
  }
  if (isRemark(order)) return remark(order, stands, about);
  if (version === undefined) return refused(refuse('missing-field', '/version'));
  if (version !== stands.version) return refused(refuse('version-stale', '/version', String(stands.version)));
  const ways = leadsTo(order.act, stands.state, by.role);
  if (ways.length === 0) {
    const isOthers = STAFF.concat('engine', 'integrator').some(
      (role) => leadsTo(order.act, stands.state, role).length > 0,
    );
    return refused(isOthers ? refuse('role-forbids', '', by.role) : refuse('state-forbids', '', stands.state));
  }
  const kept = stands.proposal === null ? undefined : known.proposals.get(stands.proposal);
  switch (order.act) {
    case 'take':
      return moved(order, stands, 'working', about, { assignee: by.name });
    case 'assign':
      if (!known.makers.has(order.to)) return refused(refuse('reference-unknown', '/to', order.to));
      return moved(order, stands, stands.state, about, { assignee: order.to }, { detail: { to: order.to } });
    case 'reopen':
      return moved(order, stands, 'reopened', about, { checker: null, assignee: null });
    case 'propose':
      return proposed(order, stands, found.booked, about);
    case 'withdraw':
      if (stands.maker !== by.name) return refused(refuse('not-yours', '', stands.maker ?? ''));
      return moved(order, stands, 'returned', about, { checker: null });
    case 'return':
      return moved(order, stands, 'returned', about, { checker: null });
    case 'approve':
      return approved(order, stands, sure(kept), about);
    case 'post':
      return posted(order, stands, found.booked, sure(kept), about);
  }
}

function isRemark(order: Order): order is Remark {
  return order.act === 'comment' || order.act === 'attach';
}

function remark(order: Remark, stands: Break, { by, known }: About): Checked<Done> {
  if (!STAFF.includes(by.role)) return refused(refuse('role-forbids', '', by.role));
  const nothing = { order, before: stands, after: stands };
  if (order.act === 'attach') {
    if (!known.evidence.has(`attachment:${order.sha256}`)) return refused(refuse('reference-unknown', '/sha256'));
    return accepted({ ...nothing, detail: { sha256: order.sha256 } });
  }
  const called = [...order.note.matchAll(/(?<![\w.-])@([a-z][a-z0-9._-]{1,62})/g)].map(([, name]) =>
    name!.replace(/[._-]+$/, ''),
  );
  const detail: Record<string, string> = called.length === 0 ? {} : { mentions: [...new Set(called)].join(' ') };
  return accepted({ ...nothing, note: order.note, detail });
}

/** What is done with can only be taken back. */
const DONE: readonly BreakState[] = ['posted', 'verified', 'written-off', 'closed'];

function proposed(
  order: Extract<Order, { act: 'propose' }>,
  stands: Break,
  booked: Standing | undefined,
  about: About,
): Checked<Done> {
  const { wish } = order;
  const wrong: Refusal[] = wish.evidence.flatMap((one, at) =>
    about.known.evidence.has(one) ? [] : [refuse('reference-unknown', `/evidence/${at}`)],
  );
  if (DONE.includes(stands.state) && wish.action !== 'reverse')
    wrong.push(refuse('state-forbids', '/action', stands.state));
  if (wrong.length > 0) return refused(...wrong);
  const made = propose(wish, stands, booked, { maker: about.by.name, at: about.at, thresholdFen: about.thresholdFen });
  if (!made.ok) return made;
  const { sha256 } = made.value;
  const changes = { assignee: about.by.name, maker: about.by.name, proposalSha256: sha256, checker: null };
  const detail = { sha256, action: wish.action };
  return moved(order, stands, 'proposed', about, changes, {
    proposal: made.value,
    detail,
    reason: wish.reason,
    note: wish.note,
  });
}

function approved(
  order: Extract<Order, { act: 'approve' }>,
  stands: Break,
  kept: KeptProposal,
  about: About,
): Checked<Done> {
  const checker = about.by.name;
  if (kept.maker === checker || kept.checkers.includes(checker)) return refused(refuse('same-operator', ''));
  if (order.sha256 !== kept.sha256) return refused(refuse('proposal-differs', '/sha256', kept.sha256));
  const { no: proposal, sha256, maker } = kept;
  const place = kept.checkers.length + 1;
  const approval = { proposal, sha256, maker, checker, place };
  const to = place < kept.needed ? 'proposed' : 'approved';
  return moved(order, stands, to, about, { checker }, { approval, detail: { sha256 } });
}

const BECOMES: Partial<Record<Wish['action'], BreakState>> = {
  suspend: 'suspended',
  'write-off': 'written-off',
  reverse: 'reopened',
};

/** Books what was signed: what stood before is reversed first, line by line. */
function posted(
  order: Order,
  stands: Break,
  booked: Standing | undefined,
  kept: KeptProposal,
  about: About,
): Checked<Done> {
  const of = { breakId: stands.id, proposal: kept.no };
  const red = booked === undefined ? [] : [{ ...of, reverses: booked.no, entries: reversed(booked.entries) }];
  const black = kept.action === 'reverse' ? [] : [{ ...of, reverses: null, entries: entriesSigned(kept) }];
  const settles = kept.action !== 'reverse' && kept.action !== 'suspend';
  const to = BECOMES[kept.action] ?? 'posted';
  const changes = {
    coveredSha256: settles ? stands.findingSha256 : null,
    ...(to === 'reopened' ? { checker: null } : {}),
  };
  const detail = { sha256: kept.sha256, action: kept.action };
  return moved(order, stands, to, about, changes, { booking: [...red, ...black], detail });
}

function moved(
  order: Order,
  before: Break,
  state: BreakState,
  { at }: About,
  changes: Partial<Break>,
  beside: Partial<Done> = {},
): Checked<Done> {
  const after: Break = { ...before, ...changes, state, version: before.version + 1, closedAs: null, changedAt: at };
  return accepted({ order, before, after, detail: {}, ...('note' in order ? { note: order.note } : {}), ...beside });
}

function sure(kept: KeptProposal | undefined): KeptProposal {
  if (kept === undefined) throw new Error('assertion: a break under review has its proposal');
  return kept;
}
