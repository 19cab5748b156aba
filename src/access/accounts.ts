import { accepted, type Checked, type Refusal, refuse, refused } from '../contract/refusal.ts';
import { forgiveTries, insertAccount, readAccount, setDisabled, setPassword } from '../journal/accounts.ts';
import { recordAct } from '../journal/audit.ts';
import type { Queryable } from '../journal/database.ts';
import { type Actor, fitsRole, isRole, NOBODY, type Role } from './actor.ts';
import { isAcceptable, newPassword, type Passwords } from './passwords.ts';
import { AUTOMATION, type Sessions } from './sessions.ts';

/** Who changes accounts: an actor, or somebody at the machine's own terminal. */
export type By = Pick<Actor, 'name'> & { readonly role: string };

export interface AccountDesk {
  readonly passwords: Passwords;
  readonly sessions: Pick<Sessions, 'endAllOf'>;
}

export interface NewAccount {
  readonly name: unknown;
  readonly role: unknown;
  readonly exchange: unknown;
  /** Absent: a random one is made. Programs have none. */
  readonly password?: string;
}

export interface MadeAccount {
  readonly name: string;
  readonly role: Role;
  readonly exchange: string | null;
  /** The one made for it, to be handed over once; null where one was given, and for programs. */
  readonly password: string | null;
}

const NAME = /^[a-z][a-z0-9._-]{1,62}$/;
const RESERVED: readonly string[] = [AUTOMATION.name, NOBODY.name];

export function isName(text: unknown): text is string {
  return typeof text === 'string' && NAME.test(text);
}

/** Makes an account; refused with every reason why not. */
export async function addAccount(
  connection: Queryable,
  wanted: NewAccount,
  by: By,
  at: Date,
  { passwords }: AccountDesk,
): Promise<Checked<MadeAccount>> {
  const { name, role, exchange } = wanted;
  const found: Refusal[] = [];
  if (!isName(name)) found.push(refuse('bad-format', '/name', 'a-z 0-9 . _ -'));
  else if (RESERVED.includes(name)) found.push(refuse('id-conflict', '/name', name));
  if (!isRole(role)) found.push(refuse('unknown-code', '/role'));
  else if (!fitsRole(role, exchange)) found.push(refuse('inconsistent', '/exchange', role));
  if (!isName(name) || !isRole(role) || !fitsRole(role, exchange) || found.length > 0) return refused(...found);
  const given = wanted.password;
  if (given !== undefined && !isAcceptable(given, name)) return refused(refuse('bad-format', '/password', '12–128'));
  const password = given ?? (role === 'integrator' ? null : newPassword());
  const kept = password === null ? null : await passwords.hash(password);
  if (!(await insertAccount(connection, { name, role, exchange }, kept, at))) {
    return refused(refuse('id-conflict', '/name', name));
  }
  const detail = { role, exchange };
  await recordAct(connection, { actor: by.name, role: by.role, act: 'account-added', subject: name, detail, at });
  return accepted({ name, role, exchange, password: given === undefined ? password : null });
}

/** Closes an account and every session of it; its keys open nothing any more. False: there is no such account. */
export async function disableAccount(
  connection: Queryable,
  name: string,
  by: By,
  at: Date,
  { sessions }: Pick<AccountDesk, 'sessions'>,
): Promise<boolean> {
  if (!(await setDisabled(connection, name, true))) return false;
  await sessions.endAllOf(connection, name);
  await recordAct(connection, { actor: by.name, role: by.role, act: 'account-disabled', subject: name, at });
  return true;
}

/**
 * A new password for an account, which is open again, with every session ended and all failed tries forgiven. Gives
 * the password where it was made here. Refused: no such account, or a password that will not do.
 */
export async function resetAccount(
  connection: Queryable,
  name: string,
  by: By,
  at: Date,
  { passwords, sessions }: AccountDesk,
  given?: string,
): Promise<Checked<{ readonly password: string | null }>> {
  const account = await readAccount(connection, name);
  if (account === undefined) return refused(refuse('reference-unknown', '/name', name));
  if (given !== undefined && !isAcceptable(given, name)) return refused(refuse('bad-format', '/password', '12–128'));
  // Programs have keys, and people from the OpenID provider (whose names are no local ones) their password there.
  const password = account.role === 'integrator' || !isName(name) ? null : (given ?? newPassword());
  if (password !== null) await setPassword(connection, name, await passwords.hash(password));
  await setDisabled(connection, name, false);
  await forgiveTries(connection, name);
  await sessions.endAllOf(connection, name);
  await recordAct(connection, { actor: by.name, role: by.role, act: 'account-reset', subject: name, at });
  return accepted({ password: given === undefined ? password : null });
}

/** A person's own new password; all their other sessions end. False: it will not do. */
export async function choosePassword(
  connection: Queryable,
  { name, role }: Actor,
  token: string,
  password: unknown,
  at: Date,
  { passwords, sessions }: AccountDesk,
): Promise<boolean> {
  // Whoever comes from the OpenID provider has their password there, and goes when they go there.
  if (!isName(name) || !isAcceptable(password, name)) return false;
  await setPassword(connection, name, await passwords.hash(password));
  await sessions.endAllOf(connection, name, token);
  await recordAct(connection, { actor: name, role, act: 'password-changed', subject: name, at });
  return true;
}
