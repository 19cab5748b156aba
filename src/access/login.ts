import {
  type Backoff,
  dropOldTries,
  failuresToNote,
  forgiveTries,
  readAccount,
  readPassword,
  setPassword,
  takeTry,
} from '../journal/accounts.ts';
import { recordAct } from '../journal/audit.ts';
import { type Database, transaction } from '../journal/database.ts';
import { dropEndedSessions } from '../journal/sessions.ts';
import { choosePassword } from './accounts.ts';
import { type Actor, NOBODY } from './actor.ts';
import type { Passwords } from './passwords.ts';
import type { OpenedSession, Sessions } from './sessions.ts';

export interface LoginLimits {
  /** Failures in a row before each further try has to wait. */
  readonly loginAttempts: number;
  readonly loginWaitMs: number;
  readonly loginWaitCapMs: number;
}

/** `wrong` says neither whether there is such an account nor whether it is disabled. */
export type Login =
  | { readonly ok: true; readonly session: OpenedSession }
  | { readonly ok: false; readonly why: 'wrong' }
  | { readonly ok: false; readonly why: 'too-many-tries'; readonly openAt: Date };

export interface LoginDesk {
  readonly database: Database;
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  readonly limits: LoginLimits;
  nowMs(): number;
}

/**
 * Opens a session for a name and its password.
 *
 * A try is counted before the password is looked at, so that many at once are many. Names that nobody has are counted
 * and compared in the same way: neither words nor time tell them apart. Throws Unavailable.
 */
export async function login(name: string, password: string, desk: LoginDesk): Promise<Login> {
  const { database, passwords, sessions } = desk;
  const at = new Date(desk.nowMs());
  const tried = await tryPassword(name, password, at, desk);
  if (!tried.ok) return tried;
  const renewed = passwords.isOutdated(tried.kept) ? await passwords.hash(password) : undefined;
  return await transaction(database, async (connection): Promise<Login> => {
    const account = await readAccount(connection, name);
    if (account === undefined || account.disabled) return { ok: false, why: 'wrong' };
    if (renewed !== undefined) await setPassword(connection, name, renewed);
    const failures = (await forgiveTries(connection, name)) - 1;
    const session = await sessions.open(connection, account, { by: 'password', ...(failures > 0 && { failures }) }, at);
    return { ok: true, session };
  });
}

/** A person's own new password, after the one they have; a session that was stolen does not do. */
export async function changePassword(
  actor: Actor,
  token: string,
  password: string,
  next: unknown,
  desk: LoginDesk,
): Promise<'changed' | 'unfit' | Exclude<Login, { ok: true }>> {
  const at = new Date(desk.nowMs());
  const tried = await tryPassword(actor.name, password, at, desk);
  if (!tried.ok) return tried;
  return await transaction(desk.database, async (connection) => {
    await forgiveTries(connection, actor.name);
    return (await choosePassword(connection, actor, token, next, at, desk)) ? 'changed' : 'unfit';
  });
}

async function tryPassword(
  name: string,
  password: string,
  at: Date,
  { database, passwords, limits }: LoginDesk,
): Promise<{ readonly ok: true; readonly kept: string } | Exclude<Login, { ok: true }>> {
  const openAt = await takeTry(database, name, backoffOf(limits), at);
  if (openAt !== undefined) return { ok: false, why: 'too-many-tries', openAt };
  const kept = await readPassword(database, name);
  return (await passwords.matches(kept, password)) && kept !== null ? { ok: true, kept } : { ok: false, why: 'wrong' };
}

function backoffOf(limits: LoginLimits): Backoff {
  return { free: limits.loginAttempts, baseMs: limits.loginWaitMs, capMs: limits.loginWaitCapMs };
}

/**
 * Housekeeping: failed logins go into the audit trail, an act for each account and one for all names that nobody has
 * (what was typed there may be a password); what is long over is dropped.
 */
export async function noteFailures(database: Database, at: Date): Promise<void> {
  await transaction(database, async (connection) => {
    const failures = await failuresToNote(connection);
    const unknown = failures.filter(({ known }) => !known).reduce((sum, { count }) => sum + count, 0);
    const acts = failures.filter(({ known }) => known).map(({ name, count }) => ({ subject: name, count }));
    if (unknown > 0) acts.push({ subject: 'unknown names', count: unknown });
    for (const { subject, count } of acts) {
      const { name: actor, role } = NOBODY;
      await recordAct(connection, { actor, role, act: 'login-failed', subject, detail: { count }, at });
    }
  });
  await dropOldTries(database, new Date(at.getTime() - DAY_MS));
  await dropEndedSessions(database, new Date(at.getTime() - DAY_MS));
}

const DAY_MS = 86_400_000;
