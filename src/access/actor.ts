import { type Exchange, isExchange } from '../contract/exchange.ts';
import type { Viewer } from '../journal/viewing.ts';

/**
 * What somebody may do; which routes are open to each stands in src/http/permits.ts.
 * - maker, checker: clearing staff, who prepare and who approve (never the same person for one act)
 * - supervisor: accounts, rulebooks, dead letters
 * - auditor: reads everything, the audit trail too, and changes nothing
 * - exchange-viewer: reads the rows of one exchange
 * - integrator: a program with a key; of one exchange, or of the gateway's operator
 */
export const roles = ['maker', 'checker', 'supervisor', 'auditor', 'exchange-viewer', 'integrator'] as const;
export type Role = (typeof roles)[number];

export function isRole(text: unknown): text is Role {
  return (roles as readonly unknown[]).includes(text);
}

/** Who acts. */
export interface Actor {
  readonly name: string;
  readonly role: Role | 'nobody';
  /** The one exchange whose rows it sees; null: all of them. */
  readonly exchange: Exchange | null;
}

/** Not logged in: sees no row. */
export const NOBODY: Actor = { name: 'nobody', role: 'nobody', exchange: null };

export function viewerOf({ role, exchange }: Actor): Viewer {
  return role === 'nobody' ? '' : (exchange ?? '*');
}

/** `exchange-viewer` belongs to one exchange, `integrator` may, the others never do. */
export function fitsRole(role: Role, exchange: unknown): exchange is Exchange | null {
  if (role === 'exchange-viewer') return isExchange(exchange);
  return exchange === null || (role === 'integrator' && isExchange(exchange));
}
