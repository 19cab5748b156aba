import { addAccount, disableAccount, resetAccount } from '../../access/accounts.ts';
import { issueKey, withdrawKey } from '../../access/keys.ts';
import { listAccounts } from '../../journal/accounts.ts';
import { listKeys } from '../../journal/sessions.ts';
import { readFields } from '../fields.ts';
import type { Parts } from '../parts.ts';
import { refusalProblem, requestProblem } from '../problem.ts';
import { type Answer, ok, type Route, turnedDown } from '../route.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Accounts and the keys of programs. What opens them is shown once, in the answer to the first request. */
export function userRoutes(parts: Parts): readonly Route[] {
  const { access } = parts;
  const onceOnly = (status: number, body: object, secret: Readonly<Record<string, string | null>>): Answer => ({
    status,
    body: { ...body, ...secret },
    kept: { ...body, ...Object.fromEntries(Object.keys(secret).map((name) => [name, null])) },
  });
  const unknown = (name = ''): Answer => turnedDown(requestProblem('not-found', '', name.slice(0, 80)));
  return [
    {
      method: 'get',
      path: '/v1/users',
      query: [],
      answer: async (_, view) => ok({ items: await view(listAccounts) }),
    },
    {
      method: 'post',
      path: '/v1/users',
      keyed: true,
      body: true,
      answer: async ({ body, caller, at }, connection) => {
        const read = readFields(body, ['name', 'role'], ['exchange']);
        if (!read.ok) return turnedDown(refusalProblem(read.refusals));
        const { name, role, exchange = null } = read.value;
        const made = await addAccount(connection, { name, role, exchange }, caller.actor, at, access);
        if (!made.ok) return turnedDown(refusalProblem(made.refusals));
        const { password, ...account } = made.value;
        return onceOnly(201, account, { password });
      },
    },
    {
      method: 'post',
      path: '/v1/users/:name/disable',
      keyed: true,
      body: false,
      answer: async ({ params, caller, at }, connection) => {
        const { name = '' } = params;
        // Nobody locks the door behind which they sit.
        if (name === caller.actor.name) return turnedDown(requestProblem('state-conflict', '', name));
        const disabled = await disableAccount(connection, name, caller.actor, at, access);
        return disabled ? ok({ name, disabled: true }) : unknown(name);
      },
    },
    {
      method: 'post',
      path: '/v1/users/:name/reset',
      keyed: true,
      body: false,
      answer: async ({ params, caller, at }, connection) => {
        const { name = '' } = params;
        const reset = await resetAccount(connection, name, caller.actor, at, access);
        return reset.ok ? onceOnly(200, { name }, { password: reset.value.password }) : unknown(name);
      },
    },
    {
      method: 'get',
      path: '/v1/keys',
      query: [],
      answer: async (_, view) => ok({ items: await view(listKeys) }),
    },
    {
      method: 'post',
      path: '/v1/users/:name/keys',
      keyed: true,
      body: true,
      answer: async ({ params, body, caller, at }, connection) => {
        const read = readFields(body, ['label'], ['days']);
        if (!read.ok) return turnedDown(refusalProblem(read.refusals));
        const wanted = {
          id: parts.newId(),
          account: params.name ?? '',
          label: read.value.label,
          days: read.value.days,
        };
        const key = await issueKey(connection, wanted, caller.actor, at, access.limits.apiKeyDays);
        if (!key.ok) return turnedDown(refusalProblem(key.refusals));
        const { token, ...shown } = key.value;
        return onceOnly(201, shown, { token });
      },
    },
    {
      method: 'post',
      path: '/v1/keys/:id/revoke',
      keyed: true,
      body: false,
      answer: async ({ params, caller, at }, connection) => {
        const { id = '' } = params;
        const revoked = UUID.test(id) && (await withdrawKey(connection, id, caller.actor, at));
        return revoked ? ok({ id, revoked: true }) : unknown(id);
      },
    },
  ];
}
