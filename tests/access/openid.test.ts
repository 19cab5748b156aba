import type { RequestListener } from 'node:http';
import request from 'supertest';
import { openAccess } from '../../src/access/access.ts';
import { CALLBACK, type OpenIdSettings, readDeparture, readRoleMap } from '../../src/access/openid.ts';
import { createApp } from '../../src/http/app.ts';
import { FAST, openSurface, type Surface } from '../http/surface.ts';
import { CLIENT, openProvider, type Provider } from './provider.ts';

const PUBLIC = 'https://qiao.example';

let surface: Surface;
let provider: Provider;
let app: RequestListener;

beforeAll(async () => {
  surface = await openSurface();
  provider = await openProvider(PUBLIC + CALLBACK);
  const openId: OpenIdSettings = {
    issuer: provider.issuer,
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    claim: 'groups',
    roles: 'desk-leads=supervisor,desk=maker,ctex-staff=exchange-viewer@ctex',
    publicUrl: PUBLIC,
    timeoutMs: 5_000,
  };
  const { database, nowMs } = surface.parts;
  const access = openAccess({ database, limits: FAST, automationToken: undefined, openId, nowMs });
  app = createApp({ ...surface.parts, access, publicUrl: PUBLIC });
});
beforeEach(() => {
  provider.crooked = {};
});
afterAll(async () => {
  await provider.close();
  await surface.close();
});

const cookiesOf = (answer: request.Response): readonly string[] =>
  (answer.headers['set-cookie'] as unknown as string[] | undefined) ?? [];
const valueIn = (cookies: readonly string[], name: string) =>
  cookies
    .find((one) => one.startsWith(`${name}=`))
    ?.split(';')[0]
    ?.slice(name.length + 1);

/** To the provider and back, as a browser goes; `change` may spoil the way back. */
async function goThere(change: { query?: Record<string, string>; cookie?: string } = {}): Promise<request.Response> {
  const left = await request(app).get('/v1/openid/login').expect(303);
  const departure = valueIn(cookiesOf(left), '__Host-qiao-departure')!;
  const there = await fetch(String(left.headers.location), { redirect: 'manual' });
  const back = new URL(there.headers.get('location') ?? '');
  for (const [name, value] of Object.entries(change.query ?? {})) back.searchParams.set(name, value);
  return request(app)
    .get(back.pathname + back.search)
    .set('cookie', `__Host-qiao-departure=${change.cookie ?? departure}`);
}

const alice = { sub: 'alice', claims: { groups: ['staff', 'desk'], preferred_username: '王小明' } };

test('whoever the provider vouches for comes in with the role of the first group that counts', async () => {
  provider.subject = alice;
  const arrived = await goThere();
  expect([arrived.status, arrived.headers.location]).toEqual([303, '/']);
  const session = valueIn(cookiesOf(arrived), '__Host-qiao-session');
  const me = await request(app).get('/v1/session').set('cookie', `__Host-qiao-session=${session}`).expect(200);
  const host = new URL(provider.issuer).host;
  expect(me.body).toMatchObject({ account: `openid:${host}/alice`, role: 'maker', exchange: null });
  // Used up: the browser is told to forget it.
  expect(cookiesOf(arrived).some((one) => one.startsWith('__Host-qiao-departure=;') && one.includes('Max-Age=0'))).toBe(
    true,
  );
  const { rows } = await surface.database.query<{ detail: string }>(
    `select convert_from(bytes, 'UTF8') as detail from audit where act = 'session-opened' order by no desc limit 1`,
  );
  expect(JSON.parse(rows[0]!.detail)).toMatchObject({ detail: { by: 'openid', role: 'maker', shown: '王小明' } });
});

test('the role follows what the provider says at each login, exchange included; disabled here stays disabled', async () => {
  provider.subject = { sub: 'bob', claims: { groups: ['ctex-staff'] } };
  const first = await goThere();
  const session = `__Host-qiao-session=${valueIn(cookiesOf(first), '__Host-qiao-session')}`;
  const me = () => request(app).get('/v1/session').set('cookie', session);
  expect((await me()).body).toMatchObject({ role: 'exchange-viewer', exchange: 'ctex' });
  provider.subject = { sub: 'bob', claims: { groups: 'desk-leads' } };
  await goThere();
  expect((await me()).body).toMatchObject({ role: 'supervisor', exchange: null });
  await surface.database.query(`update account set disabled = true where name like 'openid:%/bob'`);
  expect((await goThere()).body.code).toBe('openid-no-role');
  expect((await me()).status).toBe(401);
});

test('who is in no group that counts comes not in, and gets no account', async () => {
  for (const claims of [{}, { groups: [] }, { groups: ['desk '] }, { groups: { desk: true } }, { roles: ['desk'] }]) {
    provider.subject = { sub: 'eve', claims };
    const arrived = await goThere();
    expect([arrived.status, arrived.body.code]).toEqual([403, 'openid-no-role']);
    expect(valueIn(cookiesOf(arrived), '__Host-qiao-session')).toBeUndefined();
  }
  const { rowCount } = await surface.database.query(`select 1 from account where name like '%/eve'`);
  expect(rowCount).toBe(0);
});

const strangers: readonly (readonly [what: string, crooked: Provider['crooked']])[] = [
  ['the nonce of another login', { nonce: 'n'.repeat(43) }],
  ['another issuer', { issuer: 'https://elsewhere.example' }],
  ['another audience', { audience: 'somebody-else' }],
  ['an end that has passed', { expiresAt: Math.floor(Date.now() / 1000) - 3600 }],
  ['the signature of a key that is not the provider’s', { strangeKey: true }],
  ['no signature', { alg: 'none' }],
];
test.each(strangers)('an ID token with %s opens nothing', async (_, crooked) => {
  provider.subject = alice;
  provider.crooked = crooked;
  const arrived = await goThere();
  expect([arrived.status, arrived.body.code]).toEqual([401, 'openid-refused']);
  expect(valueIn(cookiesOf(arrived), '__Host-qiao-session')).toBeUndefined();
});

test('only the browser that left can come back, once, with what it was given', async () => {
  provider.subject = alice;
  const other = await request(app).get('/v1/openid/login').expect(303);
  const spoilt: Parameters<typeof goThere>[0][] = [
    { cookie: valueIn(cookiesOf(other), '__Host-qiao-departure')! },
    { cookie: '' },
    { cookie: 'a.b.c' },
    { query: { state: 'x'.repeat(43) } },
    { query: { code: 'guessed' } },
    { query: { error: 'access_denied' } },
  ];
  for (const change of spoilt) {
    const arrived = await goThere(change);
    expect([change, arrived.status, arrived.body.code]).toEqual([change, 401, 'openid-refused']);
  }
  const left = await request(app).get('/v1/openid/login').expect(303);
  const departure = `__Host-qiao-departure=${valueIn(cookiesOf(left), '__Host-qiao-departure')}`;
  const there = await fetch(String(left.headers.location), { redirect: 'manual' });
  const back = new URL(there.headers.get('location') ?? '');
  const arrive = () =>
    request(app)
      .get(back.pathname + back.search)
      .set('cookie', departure);
  expect((await arrive()).status).toBe(303);
  expect((await arrive()).status).toBe(401);
});

test('on the way there it says PKCE, state and nonce, anew each time, and asks for its own address', async () => {
  const seen = new Set<string>();
  for (let i = 0; i < 3; i++) {
    const left = await request(app).get('/v1/openid/login').expect(303);
    const { origin, searchParams } = new URL(String(left.headers.location));
    expect(origin).toBe(provider.issuer);
    expect(searchParams.get('code_challenge_method')).toBe('S256');
    expect(searchParams.get('redirect_uri')).toBe(PUBLIC + CALLBACK);
    for (const name of ['state', 'nonce', 'code_challenge']) seen.add(searchParams.get(name)!);
    const cookie = cookiesOf(left)[0]!;
    expect(cookie).toMatch(/^__Host-qiao-departure=[^;]+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/);
    expect(left.headers.location).not.toContain(readDeparture(cookie.split(/[=;]/)[1]!)!.verifier);
  }
  expect(seen.size).toBe(9);
});

test('without a provider there is nothing at its addresses', async () => {
  for (const path of ['/v1/openid/login', '/v1/openid/callback?code=x&state=y']) {
    await request(surface.app).get(path).expect(404);
  }
});

test('a provider that is away stops nobody but who wants to log in there, and is asked again', async () => {
  const away = await openProvider(PUBLIC + CALLBACK);
  await away.close();
  const openId = {
    issuer: away.issuer,
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    claim: 'groups',
    roles: 'desk=maker',
    publicUrl: PUBLIC,
    timeoutMs: 1_000,
  };
  const { database, nowMs } = surface.parts;
  const access = openAccess({ database, limits: FAST, automationToken: undefined, openId, nowMs });
  const lonely = createApp({ ...surface.parts, access });
  for (let i = 0; i < 2; i++) expect((await request(lonely).get('/v1/openid/login')).status).toBe(503);
  await request(lonely).get('/livez').expect(200);
});

test('a role map that says nothing sensible is not taken', () => {
  expect(readRoleMap('a=maker, b = exchange-viewer@szse ,c=integrator')).toEqual([
    { value: 'a', role: 'maker', exchange: null },
    { value: 'b', role: 'exchange-viewer', exchange: 'szse' },
    { value: 'c', role: 'integrator', exchange: null },
  ]);
  for (const text of [
    '',
    'a',
    'a=',
    '=maker',
    'a=root',
    'a=maker@ctex',
    'a=exchange-viewer',
    'a=b=maker',
    'a=integrator@x',
  ]) {
    expect(() => readRoleMap(text)).toThrow('QIAO_OIDC_ROLES');
  }
});
