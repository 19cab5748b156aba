import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import { readAccount } from '../journal/accounts.ts';
import { recordAct } from '../journal/audit.ts';
import type { Queryable } from '../journal/database.ts';
import { insertKey, revokeKey } from '../journal/sessions.ts';
import type { By } from './accounts.ts';
import { digestOfToken, newToken } from './tokens.ts';

export interface MadeKey {
  readonly id: string;
  readonly account: string;
  readonly label: string;
  readonly endsAt: Date;
  /** Shown once and not kept. */
  readonly token: string;
}

const DAY_MS = 86_400_000;

/** A key for a program: of an `integrator` account only, for at most `mostDays`. Several may be valid side by side. */
export async function issueKey(
  connection: Queryable,
  wanted: { readonly id: string; readonly account: string; readonly label: unknown; readonly days: unknown },
  by: By,
  at: Date,
  mostDays: number,
): Promise<Checked<MadeKey>> {
  const { id, account, label, days = mostDays } = wanted;
  if (typeof label !== 'string' || !/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u.test(label)) {
    return refused(refuse('bad-format', '/label'));
  }
  if (typeof days !== 'number' || !Number.isInteger(days) || days < 1 || days > mostDays) {
    return refused(refuse('bad-number', '/days', `1–${mostDays}`));
  }
  const owner = await readAccount(connection, account);
  if (owner === undefined) return refused(refuse('reference-unknown', '', account));
  if (owner.role !== 'integrator' || owner.disabled) return refused(refuse('state-forbids', '', account));
  const token = newToken('key');
  const endsAt = new Date(at.getTime() + days * DAY_MS);
  await insertKey(connection, {
    id,
    account,
    label,
    endsAt,
    madeBy: by.name,
    madeAt: at,
    digest: digestOfToken(token),
  });
  await recordAct(connection, {
    actor: by.name,
    role: by.role,
    act: 'key-issued',
    subject: account,
    detail: { id, label, endsAt: endsAt.toISOString() },
    at,
  });
  return accepted({ id, account, label, endsAt, token });
}

/** From now on it opens nothing. False: there is no such key, or it was revoked before. */
export async function withdrawKey(connection: Queryable, id: string, by: By, at: Date): Promise<boolean> {
  const account = await revokeKey(connection, id, at);
  if (account === undefined) return false;
  await recordAct(connection, {
    actor: by.name,
    role: by.role,
    act: 'key-revoked',
    subject: account,
    detail: { id },
    at,
  });
  return true;
}
