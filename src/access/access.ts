import { isAnyAccount, readAccount } from '../journal/accounts.ts';
import { type Database, transaction } from '../journal/database.ts';
import type { AccountDesk } from './accounts.ts';
import { addAccount } from './accounts.ts';
import type { Actor } from './actor.ts';
import { changePassword, type Login, type LoginLimits, login, noteFailures } from './login.ts';
import { type OpenId, type OpenIdSettings, openOpenId } from './openid.ts';
import { openPasswords, type PasswordLimits } from './passwords.ts';
import { type OpenedSession, openSessions, type SessionLimits, type Sessions } from './sessions.ts';

export interface AccessLimits extends PasswordLimits, SessionLimits, LoginLimits {
  readonly apiKeyDays: number;
}

/** Who may come in, for the surface: everything about accounts behind one door. */
export interface Access extends AccountDesk {
  readonly sessions: Sessions;
  /** Absent: people have their accounts here. */
  readonly openId: OpenId | undefined;
  readonly limits: AccessLimits;
  login(name: string, password: string): Promise<Login>;
  changePassword(actor: Actor, token: string, password: string, next: unknown): ReturnType<typeof changePassword>;
  /** Housekeeping of logins and sessions. */
  sweep(): Promise<void>;
}

export interface AccessParts {
  readonly database: Database;
  readonly limits: AccessLimits;
  readonly automationToken: string | undefined;
  readonly openId: OpenIdSettings | undefined;
  nowMs(): number;
}

export function openAccess(parts: AccessParts): Access {
  const { database, limits, nowMs } = parts;
  const passwords = openPasswords(limits);
  const sessions = openSessions(database, limits, parts.automationToken, nowMs);
  const openId = parts.openId === undefined ? undefined : openOpenId(parts.openId, database, sessions, nowMs);
  const desk = { database, passwords, sessions, limits, nowMs };
  return {
    passwords,
    sessions,
    openId,
    limits,
    login: (name, password) => login(name, password, desk),
    changePassword: (actor, token, password, next) => changePassword(actor, token, password, next, desk),
    sweep: () => noteFailures(database, new Date(nowMs())),
  };
}

const TERMINAL = { name: 'terminal', role: 'terminal' } as const;
const FIRST = 'admin';

/**
 * For a trial on one machine: the first account, a supervisor, where there is none at all. Gives its password, which
 * is shown once and not kept; undefined where there are accounts already.
 */
export async function addFirstAccount(database: Database, access: Access, at: Date): Promise<string | undefined> {
  return await transaction(database, async (connection) => {
    if (await isAnyAccount(connection)) return undefined;
    const wanted = { name: FIRST, role: 'supervisor', exchange: null };
    const made = await addAccount(connection, wanted, TERMINAL, at, access);
    return made.ok ? (made.value.password ?? undefined) : undefined;
  });
}

/** A session for whoever started the trial, said at its terminal; undefined where there is no account `admin` (any more). */
export async function openTerminalSession(
  database: Database,
  access: Access,
  at: Date,
): Promise<OpenedSession | undefined> {
  return await transaction(database, async (connection) => {
    const account = await readAccount(connection, FIRST);
    if (account === undefined || account.disabled) return undefined;
    return await access.sessions.open(connection, account, { by: 'terminal' }, at);
  });
}
