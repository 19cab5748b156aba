import { randomUUID } from 'node:crypto';
import express from 'express';
import request from 'supertest';
import { mountRoutes } from '../../src/http/mount.ts';
import { PAGE_PATHS } from '../../src/http/pages.ts';
import { permitOf, permitted } from '../../src/http/permits.ts';
import { ok } from '../../src/http/route.ts';
import { routesOf } from '../../src/http/routes/all.ts';
import { document, expectDescribed } from './described.ts';
import { keepDeal, keepDecision, keepDelivery, keepListing, keepNumber } from './journal.ts';
import { dealOf, listingNumbered } from './samples.ts';
import { AS_SUPERVISOR, openSurface, rulebookDocument, type Surface } from './surface.ts';

interface Operation {
  readonly operationId: string;
  readonly security?: unknown;
  readonly 'x-roles'?: unknown;
  readonly responses: Readonly<Record<string, unknown>>;
  readonly parameters?: readonly { readonly $ref?: string; readonly name?: string; readonly in?: string }[];
  readonly requestBody?: unknown;
}

let surface: Surface;
const paths = document.paths as unknown as Record<string, Record<string, Operation>>;

beforeAll(async () => {
  surface = await openSurface();
});
afterAll(() => surface.close());

test('every route is described and everything described is a route', () => {
  const routes = routesOf(surface.parts).map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
  const pages = PAGE_PATHS.map((path) => `get ${path}`);
  const webhooks = surface.parts.webhooks.map(({ path }) => `post ${path}`);
  const described = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method} ${path}`),
  );
  expect(described.sort()).toEqual([...routes, ...pages, ...webhooks].sort());
});

test('what is described of a route is what it takes: query, body, key', () => {
  for (const route of routesOf(surface.parts)) {
    const operation = paths[route.path.replace(/:(\w+)/g, '{$1}')]![route.method]!;
    const names = (place: string) =>
      (operation.parameters ?? [])
        .map((one) => (one.$ref === undefined ? one : resolve(one.$ref)))
        .filter((one) => one.in === place)
        .map((one) => one.name);
    if (route.method === 'get') expect(names('query').sort()).toEqual([...route.query].sort());
    else {
      expect(names('header')).toEqual([
        ...(route.keyed ? ['Idempotency-Key'] : []),
        ...('matched' in route ? ['If-Match'] : []),
      ]);
      expect(operation.requestBody !== undefined).toBe(route.body !== false);
    }
  }
});

test('who may use a route is described as it is, and every line of the permits is a route', () => {
  const routes = routesOf(surface.parts);
  expect(routes.map(({ method, path }) => `${method.toUpperCase()} ${path}`).sort()).toEqual([...permitted].sort());
  expect(document.security).toEqual([{ token: [] }, { cookie: [] }]);
  for (const route of routes) {
    const operation = paths[route.path.replace(/:(\w+)/g, '{$1}')]![route.method]!;
    const permit = permitOf(route);
    expect([route.path, operation['x-roles']]).toEqual([route.path, permit === 'anybody' ? undefined : permit]);
    expect([route.path, operation.security]).toEqual([route.path, permit === 'anybody' ? [] : undefined]);
    const described = Object.keys(operation.responses);
    if (permit !== 'anybody')
      expect([route.path, described]).toEqual([route.path, expect.arrayContaining(['401', '403'])]);
  }
});

test('a route without a line in the permits does not start', () => {
  const route = { method: 'get', path: '/v1/secrets', query: [], answer: async () => ok({}) } as const;
  expect(() => mountRoutes(express(), [route], surface.parts)).toThrow('GET /v1/secrets has no line');
});

function resolve(ref: string): { name?: string; in?: string } {
  return ref
    .slice(2)
    .split('/')
    .reduce((node: unknown, key) => (node as Record<string, unknown>)[key], document) as { name?: string };
}

test('the document served stands alone: every reference is inside it, and operation ids are unique', async () => {
  const { body } = await request(surface.app).get('/openapi.json').expect(200);
  expect(body.openapi).toBe('3.1.0');
  const refs = JSON.stringify(body).match(/"\$ref":"[^"]+"/g) ?? [];
  expect(refs.length).toBeGreaterThan(50);
  for (const ref of refs) expect(resolve(ref.slice(8, -1))).toBeDefined();
  const ids = Object.values(paths).flatMap((item) => Object.values(item).map((one) => one.operationId));
  expect(new Set(ids).size).toBe(ids.length);
});

test('answers are as described', async () => {
  const db = surface.database;
  const listing = listingNumbered(1);
  const decide = (host: string) =>
    request(surface.app)
      .post('/v1/decisions')
      .set(AS_SUPERVISOR)
      .set('idempotency-key', randomUUID())
      .send({ listing, host, at: '2026-03-02T10:00:00+08:00' });
  const decided = await decide('stex');
  expectDescribed(decided, '/v1/decisions', 'post');
  expectDescribed(await decide('szse'), '/v1/decisions', 'post');
  const message = await keepListing(db, listing, '2026-03-02');
  await keepDecision(db, listing, 'stex', decided.body);
  await keepNumber(db, 'stex', 'listing', 'SH-1', listing.id);
  await keepDeal(db, dealOf(listing), listing.id, 1n);
  await db.query(`insert into funds values ('stex:1', 'ctex:CJ2026-000001', null, 'price-paid', 1, $1)`, [message]);
  const no = await keepDelivery(db, message, 'stex', 'dead');
  await keepDelivery(db, message, 'szse', 'waiting');

  await describedUsers();

  const reads: readonly (readonly [string, string])[] = [
    ['/v1/listings', '/v1/listings'],
    ['/v1/listings/{id}', `/v1/listings/${listing.id}`],
    ['/v1/deals', '/v1/deals'],
    ['/v1/deals/{id}', '/v1/deals/ctex:CJ2026-000001'],
    ['/v1/messages/{id}', `/v1/messages/${message}`],
    ['/v1/messages/{id}/evidence', `/v1/messages/${message}/evidence`],
    ['/v1/adapters', '/v1/adapters'],
    ['/v1/log', '/v1/log'],
    ['/v1/dead-letters', '/v1/dead-letters'],
    ['/v1/session', '/v1/session'],
    ['/v1/users', '/v1/users'],
    ['/v1/keys', '/v1/keys'],
    ['/v1/audit', '/v1/audit'],
    ['/livez', '/livez'],
    ['/readyz', '/readyz'],
  ];
  for (const [path, asked] of reads) {
    const answer = await request(surface.app).get(asked).set(AS_SUPERVISOR).expect(200);
    expectDescribed(answer, path, 'get');
    if (answer.body.items !== undefined) expect(answer.body.items.length).toBeGreaterThan(0);
  }
  const operator = { 'idempotency-key': randomUUID(), ...AS_SUPERVISOR };
  expectDescribed(
    await request(surface.app).post(`/v1/dead-letters/${no}/redrive`).set(operator).expect(202),
    '/v1/dead-letters/{id}/redrive',
    'post',
  );
  await surface.database.query(`update redrive set proposed_by = 'another'`);
  expectDescribed(
    await request(surface.app)
      .post(`/v1/dead-letters/${no}/redrive/approve`)
      .set({ ...operator, 'idempotency-key': randomUUID() })
      .expect(202),
    '/v1/dead-letters/{id}/redrive/approve',
    'post',
  );
  const book = await request(surface.app)
    .post('/v1/rulebooks')
    .set({ ...operator, 'idempotency-key': randomUUID() })
    .send({ ...rulebookDocument('ctex'), version: 2 })
    .expect(201);
  expectDescribed(book, '/v1/rulebooks', 'post');
});

/** Accounts, keys and sessions, each as described. */
async function describedUsers(): Promise<void> {
  const post = async (path: string, asked: string, body?: object) => {
    const headers = { ...AS_SUPERVISOR, 'idempotency-key': randomUUID() };
    const answer = await request(surface.app).post(asked).set(headers).send(body);
    expectDescribed(answer, path, 'post');
    return answer;
  };
  const { body: made } = await post('/v1/users', '/v1/users', { name: 'wang', role: 'maker' });
  await post('/v1/users', '/v1/users', { name: 'robot', role: 'integrator', exchange: 'ctex' });
  const { body: key } = await post('/v1/users/{name}/keys', '/v1/users/robot/keys', { label: 'books' });
  await post('/v1/keys/{id}/revoke', `/v1/keys/${key.id}/revoke`);
  const logIn = { name: 'wang', password: made.password };
  const { body: session } = await post('/v1/sessions', '/v1/sessions', logIn);
  await post('/v1/sessions', '/v1/sessions', { ...logIn, cookie: true });
  await post('/v1/sessions', '/v1/sessions', { ...logIn, password: 'no' });
  const own = { authorization: `Bearer ${session.token}` };
  const change = { password: made.password, next: 'another one, and longer' };
  const changed = await request(surface.app).post('/v1/session/password').set(own).send(change).expect(200);
  expectDescribed(changed, '/v1/session/password', 'post');
  expectDescribed(await request(surface.app).post('/v1/session/end').set(own).expect(200), '/v1/session/end', 'post');
  await post('/v1/users/{name}/reset', '/v1/users/wang/reset');
  await post('/v1/users/{name}/disable', '/v1/users/wang/disable');
}

test('problems are as described', async () => {
  const get = (path: string) => request(surface.app).get(path).set(AS_SUPERVISOR);
  const post = (path: string) => request(surface.app).post(path).set(AS_SUPERVISOR).send({});
  expectDescribed(await get('/v1/listings?limit=x').expect(400), '/v1/listings', 'get');
  expectDescribed(await get('/v1/listings/ctex:none').expect(404), '/v1/listings/{id}', 'get');
  expectDescribed(await request(surface.app).get('/v1/listings').expect(401), '/v1/listings', 'get');
  expectDescribed(await request(surface.app).post('/v1/rulebooks').send({}).expect(401), '/v1/rulebooks', 'post');
  expectDescribed(await post('/v1/decisions').expect(400), '/v1/decisions', 'post');
});
