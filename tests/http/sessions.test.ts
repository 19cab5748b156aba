import { randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';
import request from 'supertest';
import { createApp } from '../../src/http/app.ts';
import { keepListing } from './journal.ts';
import { listingNumbered } from './samples.ts';
import { AS_SUPERVISOR, openSurface, type Surface } from './surface.ts';

let surface: Surface;
let password: string;

beforeAll(async () => {
  surface = await openSurface();
  const made = await post('/v1/users', { name: 'wang', role: 'supervisor' }).expect(201);
  password = made.body.password;
});
afterAll(() => surface.close());

function post(path: string, body?: object, key = randomUUID(), app = surface.app) {
  return request(app).post(path).set(AS_SUPERVISOR).set('idempotency-key', key).send(body);
}
const logIn = (body: object, app: RequestListener = surface.app) => request(app).post('/v1/sessions').send(body);
const cookieOf = (answer: request.Response): string => String(answer.headers['set-cookie']?.[0]);

test('a program logs in with name and password and shows the token it got', async () => {
  const { body, headers } = await logIn({ name: 'wang', password }).expect(201);
  expect(body).toMatchObject({ csrf: null, account: 'wang', role: 'supervisor', exchange: null });
  expect(headers['set-cookie']).toBeUndefined();
  expect(headers['cache-control']).toBe('no-store');
  const own = { authorization: `Bearer ${body.token}` };
  const me = await request(surface.app).get('/v1/session').set(own).expect(200);
  expect(me.body).toEqual({ account: 'wang', role: 'supervisor', exchange: null, csrf: null });
  await request(surface.app).post('/v1/session/end').set(own).expect(200);
  await request(surface.app).get('/v1/session').set(own).expect(401);
});

test('a browser gets a cookie that no script reads and no other site sends, and no token', async () => {
  const answer = await logIn({ name: 'wang', password, cookie: true }).expect(201);
  expect(answer.body.token).toBeNull();
  const cookie = cookieOf(answer);
  expect(cookie).toMatch(/^qiao-session=qs_[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
  expect(answer.text).not.toContain(cookie.slice(13, 59));
  const jar = cookie.split(';')[0]!;
  const me = await request(surface.app).get('/v1/session').set('cookie', jar).expect(200);
  expect(me.body.csrf).toBe(answer.body.csrf);
});

test('behind https the cookie is Secure and bound to the host by its name; the other name counts for nothing', async () => {
  const app = createApp({ ...surface.parts, publicUrl: 'https://qiao.example' });
  const cookie = cookieOf(await logIn({ name: 'wang', password, cookie: true }, app).expect(201));
  expect(cookie).toMatch(/^__Host-qiao-session=.*; Path=\/; .*HttpOnly; SameSite=Strict; Secure$/);
  const value = cookie.split(';')[0]!.split('=')[1];
  await request(app).get('/v1/session').set('cookie', `__Host-qiao-session=${value}`).expect(200);
  await request(app).get('/v1/session').set('cookie', `qiao-session=${value}`).expect(401);
  // Two of one name: somebody planted one, and which is anybody's guess.
  await request(app)
    .get('/v1/session')
    .set('cookie', `__Host-qiao-session=${value}; __Host-qiao-session=qs_x`)
    .expect(401);
});

test('with a cookie alone nothing can be changed: every POST needs the CSRF token of that very session', async () => {
  const answer = await logIn({ name: 'wang', password, cookie: true }).expect(201);
  const other = await logIn({ name: 'wang', password, cookie: true }).expect(201);
  const jar = { cookie: cookieOf(answer).split(';')[0]! };
  const add = (headers: Record<string, string>) =>
    request(surface.app)
      .post('/v1/users')
      .set({ ...jar, ...headers, 'idempotency-key': randomUUID() })
      .send({ name: 'by-cookie', role: 'maker' });
  for (const csrf of [undefined, '', 'x', other.body.csrf, `${answer.body.csrf}x`]) {
    const refused = await add(csrf === undefined ? {} : { 'x-csrf-token': csrf }).expect(403);
    expect(refused.body.code).toBe('csrf-missing');
  }
  await request(surface.app).post('/v1/session/end').set(jar).expect(403);
  await add({ 'x-csrf-token': answer.body.csrf }).expect(201);
  const ended = await request(surface.app)
    .post('/v1/session/end')
    .set({ ...jar, 'x-csrf-token': answer.body.csrf })
    .expect(200);
  expect(cookieOf(ended)).toMatch(/^qiao-session=; Path=\/; Max-Age=0;/);
  await request(surface.app).get('/v1/session').set(jar).expect(401);
});

test('a form of another site cannot log anybody in: only JSON is taken', async () => {
  await request(surface.app).post('/v1/sessions').type('form').send({ name: 'wang', password }).expect(415);
  const text = JSON.stringify({ name: 'wang', password });
  await request(surface.app).post('/v1/sessions').type('text/plain').send(text).expect(415);
});

test('a token that does not hold is not made up for by a cookie that does', async () => {
  const jar = cookieOf(await logIn({ name: 'wang', password, cookie: true })).split(';')[0]!;
  for (const authorization of ['Bearer wrong', 'Basic d2FuZzp4', '']) {
    await request(surface.app).get('/v1/session').set({ cookie: jar, authorization }).expect(401);
  }
});

test('what cannot be a login is refused with its place, and tells nothing', async () => {
  const cases: readonly (readonly [object, string])[] = [
    [{}, '/name'],
    [{ name: 'wang' }, '/password'],
    [{ name: 1, password }, '/name'],
    [{ name: 'x'.repeat(65), password }, '/name'],
    [{ name: 'wang\u0000', password }, '/name'],
    [{ name: 'wang', password: '' }, '/password'],
    [{ name: 'wang', password: 'x'.repeat(257) }, '/password'],
    [{ name: 'wang', password, cookie: 'yes' }, '/cookie'],
    [{ name: 'wang', password, admin: true }, '/admin'],
  ];
  for (const [body, pointer] of cases) {
    const refused = await logIn(body).expect(422);
    expect(refused.body.errors[0].pointer).toBe(pointer);
    expect(refused.text).not.toContain(password);
  }
});

test('a wrong password and an unknown name read the same, and after some tries say when to come back', async () => {
  await post('/v1/users', { name: 'li', role: 'maker' }).expect(201);
  const seen = [];
  for (const name of ['li', 'nobody-of-that-name']) {
    for (let i = 0; i < 5; i++) seen.push((await logIn({ name, password: 'wrong' }).expect(401)).text);
    const later = await logIn({ name, password: 'wrong' }).expect(429);
    expect(later.headers['retry-after']).toBe('30');
    seen.push(later.text);
  }
  expect(seen.slice(0, 6)).toEqual(seen.slice(6));
});

test('what opens an account is shown once: a repeat of the request does not show it, and it is kept nowhere', async () => {
  const key = randomUUID();
  const first = await post('/v1/users', { name: 'zhao', role: 'auditor' }, key).expect(201);
  const again = await post('/v1/users', { name: 'zhao', role: 'auditor' }, key).expect(201);
  expect(again.headers['idempotent-replayed']).toBe('true');
  expect(again.body).toEqual({ ...first.body, password: null });
  await post('/v1/users', { name: 'robot', role: 'integrator' }).expect(201);
  const keyed = randomUUID();
  const { body } = await post('/v1/users/robot/keys', { label: 'books', days: 5 }, keyed).expect(201);
  expect((await post('/v1/users/robot/keys', { label: 'books', days: 5 }, keyed)).body).toEqual({
    ...body,
    token: null,
  });
  const { rows } = await surface.database.query<{ text: string }>('select t::text as text from idempotency t');
  const kept = rows.map(({ text }) => text).join('\n');
  for (const secret of [first.body.password, body.token]) expect(kept).not.toContain(secret);
  await logIn({ name: 'zhao', password: first.body.password }).expect(201);
});

test('nobody disables the account they sit on, and a name that nobody has is not found', async () => {
  const { body } = await logIn({ name: 'wang', password }).expect(201);
  const asWang = (path: string) =>
    request(surface.app)
      .post(path)
      .set({ authorization: `Bearer ${body.token}`, 'idempotency-key': randomUUID() });
  expect((await asWang('/v1/users/wang/disable').expect(409)).body.code).toBe('state-conflict');
  for (const path of ['/v1/users/none/disable', '/v1/users/none/reset', '/v1/keys/none/revoke']) {
    await asWang(path).expect(404);
  }
});

test('reading changes nothing: no GET leaves a trace in any table but that a session was seen', async () => {
  const count = async () => {
    const { rows } = await surface.database.query<{ n: string }>(
      `select string_agg(t || ' ' || n, E'\\n' order by t) as n from (
         select relname::text as t, (xpath('/row/c/text()', query_to_xml(format('select count(*) as c from %I', relname), false, true, '')))[1]::text as n
           from pg_class where relkind = 'r' and relnamespace = current_schema()::regnamespace) as counted`,
    );
    return rows[0]!.n;
  };
  const before = await count();
  for (const path of [
    '/v1/listings',
    '/v1/deals',
    '/v1/adapters',
    '/v1/users',
    '/v1/keys',
    '/v1/audit',
    '/v1/session',
  ]) {
    await request(surface.app).get(path).set(AS_SUPERVISOR).expect(200);
  }
  expect(await count()).toBe(before);
});

test('the audit trail pages both ways, filters, and is chained by the digests it shows', async () => {
  const all: { no: string; prev: string | null; digest: string; act: string; actor: string }[] = [];
  for (let next: string | undefined = '/v1/audit?limit=3'; next !== undefined; ) {
    const page: request.Response = await request(surface.app).get(next).set(AS_SUPERVISOR).expect(200);
    all.push(...page.body.items);
    next = /^<(.+)>; rel="next"$/.exec(page.headers.link ?? '')?.[1];
  }
  expect(all.length).toBeGreaterThan(5);
  for (const [i, act] of all.entries()) expect(act.prev).toBe(i === 0 ? null : all[i - 1]!.digest);
  const get = (query: string) => request(surface.app).get(`/v1/audit?${query}`).set(AS_SUPERVISOR);
  const newest = await get('order=newest&limit=1').expect(200);
  expect(newest.body.items[0].no).toBe(all.at(-1)!.no);
  const added = await get('act=account-added&actor=automation').expect(200);
  expect(added.body.items).toHaveLength(
    all.filter(({ act, actor }) => act === 'account-added' && actor === 'automation').length,
  );
  for (const query of ['actor=', 'act=%00', `subject=${'x'.repeat(257)}`, 'who=me']) await get(query).expect(400);
});

test('who takes evidence away stands in the audit trail', async () => {
  const message = await keepListing(surface.database, listingNumbered(9), '2026-03-02');
  await request(surface.app).get(`/v1/messages/${message}/evidence`).set(AS_SUPERVISOR).expect(200);
  const acts = await request(surface.app).get(`/v1/audit?subject=message/${message}`).set(AS_SUPERVISOR).expect(200);
  expect(acts.body.items.map(({ act, actor }: { act: string; actor: string }) => [act, actor])).toEqual([
    ['evidence-exported', 'automation'],
  ]);
});

test('metrics are for this machine, unless set otherwise; a proxy on it speaks for others', async () => {
  await request(surface.app).get('/metrics').expect(200);
  for (const headers of [{ 'x-forwarded-for': '203.0.113.7' }, { forwarded: 'for=203.0.113.7' }]) {
    const refused = await request(surface.app).get('/metrics').set(headers).expect(403);
    expect(refused.body.code).toBe('loopback-only');
    const open = createApp({ ...surface.parts, metricsFor: 'anybody' });
    await request(open).get('/metrics').set(headers).expect(200);
  }
});
