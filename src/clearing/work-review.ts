import { type Checked, type Refusal, refuse, refused } from '../contract/refusal.ts';
import { reversed } from './adjustment.ts';
import type { Break, Standing } from './break.ts';
import type { BreakState } from './break-states.ts';
import { propose, type Wish } from './proposal.ts';
import { entriesSigned, type KeptProposal } from './proposal-kept.ts';
import { type About, type Done, moved, type Order } from './work-order.ts';

/** What is done with can only be taken back. */
const DONE: readonly BreakState[] = ['posted', 'verified', 'written-off', 'closed'];

export function proposed(
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

export function approved(
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
export function posted(
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
