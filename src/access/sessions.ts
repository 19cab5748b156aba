import { timingSafeEqual } from 'node:crypto';
import { isExchange } from '../contract/exchange.ts';
import { recordAct } from '../journal/audit.ts';
import type { Database, Queryable } from '../journal/database.ts';
import {
  endSession,
  endSessionsOf,
  type Holder,
  holderOfKey,
  holderOfSession,
  insertSession,
} from '../journal/sessions.ts';
import { type Actor, isRole } from './actor.ts';
import { digestOfToken, kindOf, newToken } from './tokens.ts';

export interface SessionLimits {
  readonly sessionHours: number;
  readonly sessionIdleMinutes: number;
}

/** A session just opened; the token is shown once and not kept. */
export interface OpenedSession {
  readonly token: string;
  readonly actor: Actor;
  readonly endsAt: Date;
}

export interface Sessions {
  /**
   * Whoever may use this token now: a session, a program's key, or the automation's token. `quietly`: asked because
   * somebody watches, which does not put off the end of a session that nobody uses.
   */
  actorOf(token: string, quietly?: 'quietly'): Promise<Actor | undefined>;
  open(connection: Queryable, holder: Holder, detail: SessionDetail, at: Date): Promise<OpenedSession>;
  /** Ends the session of this token. */
  end(connection: Queryable, token: string, actor: Actor, at: Date): Promise<void>;
  /** Ends all sessions of an account but, where given, this token's. */
  endAllOf(connection: Queryable, account: string, except?: string): Promise<void>;
}

/** How somebody came in. */
export type SessionDetail = { readonly by: 'password' | 'openid' | 'terminal' } & Readonly<
  Record<string, string | number>
>;

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/**
 * @param automationToken a token that is set from outside (QIAO_OPERATOR_TOKEN); it acts as the supervisor `automation`
 */
export function openSessions(
  database: Database,
  limits: SessionLimits,
  automationToken: string | undefined,
  nowMs: () => number,
): Sessions {
  const automation = automationToken === undefined ? undefined : digestOfToken(automationToken);
  return {
    actorOf: async (token, quietly) => {
      const digest = digestOfToken(token);
      if (automation !== undefined && timingSafeEqual(digest, automation)) return AUTOMATION;
      const kind = kindOf(token);
      if (kind === undefined) return undefined;
      const atMs = nowMs();
      const at = new Date(atMs);
      if (kind === 'key') return actorFrom(await holderOfKey(database, digest, at));
      const holder = await holderOfSession(database, digest, {
        at,
        idleSince: new Date(atMs - limits.sessionIdleMinutes * MINUTE_MS),
        noteBefore: new Date(quietly === undefined ? atMs - MINUTE_MS : 0),
      });
      return actorFrom(holder);
    },
    open: async (connection, holder, detail, at) => {
      const token = newToken('session');
      const endsAt = new Date(at.getTime() + limits.sessionHours * HOUR_MS);
      await insertSession(connection, { digest: digestOfToken(token), account: holder.name, at, endsAt });
      await recordAct(connection, {
        actor: holder.name,
        role: holder.role,
        act: 'session-opened',
        subject: holder.name,
        detail,
        at,
      });
      return { token, actor: actorFrom(holder)!, endsAt };
    },
    end: async (connection, token, { name, role }, at) => {
      if (!(await endSession(connection, digestOfToken(token)))) return;
      await recordAct(connection, { actor: name, role, act: 'session-ended', subject: name, at });
    },
    endAllOf: (connection, account, except) =>
      endSessionsOf(connection, account, except === undefined ? undefined : digestOfToken(except)),
  };
}

/** The account behind QIAO_OPERATOR_TOKEN: no password opens it, and nobody else may have its name. */
export const AUTOMATION: Actor = { name: 'automation', role: 'supervisor', exchange: null };

function actorFrom(holder: Holder | undefined): Actor | undefined {
  if (holder === undefined) return undefined;
  const { name, role, exchange } = holder;
  if (!isRole(role) || !(exchange === null || isExchange(exchange))) {
    throw new Error(`assertion: account ${name} has the role ${role} at ${exchange}`);
  }
  return { name, role, exchange };
}
