import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import type { Break } from './break.ts';
import { leadsTo } from './break-states.ts';
import { isNote } from './proposal.ts';
import type { KeptProposal } from './proposal-kept.ts';
import { type About, type Done, moved, type Order, type Remark } from './work-order.ts';
import { approved, posted, proposed } from './work-review.ts';

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

function sure(kept: KeptProposal | undefined): KeptProposal {
  if (kept === undefined) throw new Error('assertion: a break under review has its proposal');
  return kept;
}
