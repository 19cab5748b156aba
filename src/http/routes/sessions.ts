import type { Login } from '../../access/login.ts';
import { readDeparture, writeDeparture } from '../../access/openid.ts';
import type { OpenedSession } from '../../access/sessions.ts';
import { csrfOf } from '../../access/tokens.ts';
import type { Json } from '../../contract/json.ts';
import { accepted, type Checked, refuse, refused } from '../../contract/refusal.ts';
import { transaction } from '../../journal/database.ts';
import { writeCookie } from '../cookies.ts';
import { readFields } from '../fields.ts';
import type { Parts } from '../parts.ts';
import { refusalProblem, requestProblem } from '../problem.ts';
import { type Answer, ok, type Route, turnedDown } from '../route.ts';

const DEPARTURE_S = 600;

/** Logging in and out. Programs get a token; browsers a cookie that no script can read, and a CSRF token beside it. */
export function sessionRoutes(parts: Parts): readonly Route[] {
  const { access, publicUrl } = parts;
  const setCookie = (token: string, seconds: number) => writeCookie('session', token, seconds, publicUrl);
  const opened = (session: OpenedSession, cookie: boolean): Answer => {
    const { token, actor, endsAt } = session;
    const body = { token: cookie ? null : token, csrf: cookie ? csrfOf(token) : null, account: actor.name };
    const seconds = Math.floor((endsAt.getTime() - parts.nowMs()) / 1000);
    return {
      status: 201,
      body: { ...body, role: actor.role, exchange: actor.exchange, endsAt },
      ...(cookie && { headers: { 'set-cookie': setCookie(token, seconds) } }),
    };
  };
  const turnedAway = (login: Exclude<Login, { ok: true }>): Answer => {
    if (login.why === 'wrong') return turnedDown(requestProblem('login-refused'));
    const seconds = Math.max(1, Math.ceil((login.openAt.getTime() - parts.nowMs()) / 1000));
    return { ...turnedDown(requestProblem('too-many-tries')), headers: { 'retry-after': String(seconds) } };
  };
  return [
    {
      method: 'post',
      path: '/v1/sessions',
      keyed: false,
      body: true,
      answer: async ({ body }) => {
        const read = readLogin(body);
        if (!read.ok) return turnedDown(refusalProblem(read.refusals));
        const login = await access.login(read.value.name, read.value.password);
        return login.ok ? opened(login.session, read.value.cookie) : turnedAway(login);
      },
    },
    {
      method: 'get',
      path: '/v1/session',
      query: [],
      answer: async ({ caller: { actor, token, byCookie } }) => {
        const csrf = byCookie && token !== undefined ? csrfOf(token) : null;
        return ok({ account: actor.name, role: actor.role, exchange: actor.exchange, csrf });
      },
    },
    {
      method: 'post',
      path: '/v1/session/end',
      keyed: false,
      body: false,
      answer: async ({ caller: { actor, token }, at }) => {
        await transaction(parts.database, (connection) => access.sessions.end(connection, token ?? '', actor, at));
        return { status: 200, body: { ended: true }, headers: { 'set-cookie': setCookie('', 0) } };
      },
    },
    {
      method: 'post',
      path: '/v1/session/password',
      keyed: false,
      body: true,
      answer: async ({ caller: { actor, token }, body }) => {
        const read = readFields(body, ['password', 'next']);
        if (!read.ok) return turnedDown(refusalProblem(read.refusals));
        const { password, next } = read.value;
        if (typeof password !== 'string') return turnedDown(refusalProblem([refuse('wrong-type', '/password')]));
        const changed = await access.changePassword(actor, token ?? '', password, next);
        if (changed === 'unfit') return turnedDown(refusalProblem([refuse('bad-format', '/next', '12–128')]));
        return changed === 'changed' ? ok({ changed: true }) : turnedAway(changed);
      },
    },
    {
      method: 'get',
      path: '/v1/openid/login',
      query: [],
      answer: async () => {
        if (access.openId === undefined) return turnedDown(requestProblem('not-found'));
        const { url, departure } = await access.openId.leave();
        const cookie = writeCookie('departure', writeDeparture(departure), DEPARTURE_S, publicUrl);
        return { status: 303, body: null, headers: { location: url, 'set-cookie': cookie } };
      },
    },
    {
      method: 'get',
      path: '/v1/openid/callback',
      query: ['code', 'state', 'iss', 'error', 'error_description', 'session_state'],
      answer: async ({ query, cookie }) => {
        if (access.openId === undefined) return turnedDown(requestProblem('not-found'));
        // It has an effect though it is a GET, as OpenID Connect has it; only the browser that left can bring it about.
        const departure = readDeparture(cookie('departure') ?? '');
        const gone = writeCookie('departure', '', 0, publicUrl);
        if (departure === undefined) return turnedDown(requestProblem('openid-refused', '#header/cookie'));
        const arrived = await access.openId.arrive(new URLSearchParams(query).toString(), departure);
        if (arrived.ok) {
          const { headers } = opened(arrived.session, true);
          const cookies = [String(headers?.['set-cookie']), gone];
          return { status: 303, body: null, headers: { location: '/', 'set-cookie': cookies } };
        }
        if (arrived.cause !== undefined) parts.log('warn', 'openid-refused', { error: arrived.cause });
        const problem = requestProblem(arrived.why === 'refused' ? 'openid-refused' : 'openid-no-role');
        return { ...turnedDown(problem), headers: { 'set-cookie': gone } };
      },
    },
  ];
}

/** No account has a name of another form, and no password another length; text beyond that is not even looked up. */
function readLogin(
  body: Json,
): Checked<{ readonly name: string; readonly password: string; readonly cookie: boolean }> {
  const read = readFields(body, ['name', 'password'], ['cookie']);
  if (!read.ok) return read;
  const { name, password, cookie = false } = read.value;
  if (typeof name !== 'string' || !/^[!-~]{1,64}$/.test(name)) return refused(refuse('bad-format', '/name'));
  if (typeof password !== 'string' || password.length < 1 || password.length > 256) {
    return refused(refuse('bad-format', '/password'));
  }
  if (typeof cookie !== 'boolean') return refused(refuse('wrong-type', '/cookie'));
  return accepted({ name, password, cookie });
}
