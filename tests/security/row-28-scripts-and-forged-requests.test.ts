import { randomUUID } from 'node:crypto';
import request from 'supertest';
import { docsPage } from '../../src/http/docs-page.ts';
import { permitOf } from '../../src/http/permits.ts';
import { routesOf } from '../../src/http/routes/all.ts';
import { keepListing } from '../http/journal.ts';
import { listingNumbered } from '../http/samples.ts';
import { AS_SUPERVISOR, openSurface, type Surface } from '../http/surface.ts';

/** Threat 28: a script in what we show, or a page elsewhere that acts with the cookie of who looks at it. */

let surface: Surface;
let jar: string;
beforeAll(async () => {
  surface = await openSurface();
  const { body } = await request(surface.app)
    .post('/v1/users')
    .set({ ...AS_SUPERVISOR, 'idempotency-key': randomUUID() })
    .send({ name: 'wang', role: 'supervisor' })
    .expect(201);
  const login = await request(surface.app)
    .post('/v1/sessions')
    .send({ name: 'wang', password: body.password, cookie: true });
  jar = String(login.headers['set-cookie']?.[0]).split(';')[0]!;
});
afterAll(() => surface.close());

const scripts = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'><svg/onload=alert(1)>",
  '</title><script>alert(1)</script>',
  'javascript:alert(1)',
  '<iframe srcdoc="<script>alert(1)</script>">',
  '＜script＞alert(1)＜/script＞',
];

test('a script in a title is data: JSON that no browser takes for a page, under a policy that runs nothing', async () => {
  for (const [i, title] of scripts.entries()) {
    await keepListing(surface.database, listingNumbered(i + 1, { title }), '2026-03-02');
    const id = encodeURIComponent(listingNumbered(i + 1).id);
    for (const path of [`/v1/listings/${id}`, '/v1/listings?limit=200']) {
      const { headers, text } = await request(surface.app).get(path).set(AS_SUPERVISOR).expect(200);
      expect(headers['content-type']).toMatch(/^application\/json\b/);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'/);
      expect(text).toContain(JSON.stringify(title).slice(1, -1));
    }
  }
});

test.each(scripts)('%s in a path, a query or a key comes back as a problem, never as a page', async (script) => {
  for (const path of [
    `/${encodeURIComponent(script)}`,
    `/v1/listings?home=${encodeURIComponent(script)}`,
    `/docs/${encodeURIComponent(script)}`,
  ]) {
    const { headers, status } = await request(surface.app).get(path).set(AS_SUPERVISOR);
    expect([path, Math.floor(status / 100)]).toEqual([path, 4]);
    expect(headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(headers['x-content-type-options']).toBe('nosniff');
  }
});

test.each(scripts)('%s in what a page is made from stands there as text', (script) => {
  const operation = {
    operationId: script,
    summary: script,
    description: script,
    parameters: [{ name: script, in: script, description: script, schema: { pattern: script } }],
  };
  const schema = { description: script, properties: { [script]: { enum: [script], description: script } } };
  const page = docsPage({
    info: { title: script, version: script, description: script },
    paths: { [script]: { get: operation } },
    components: { schemas: { [script]: schema } },
  });
  expect(page).not.toMatch(/<(script|img|svg|iframe)\b/i);
  expect(page).not.toMatch(/href="javascript:/i);
});

test('with the cookie alone no route that has an effect has it, whatever the page elsewhere sends', async () => {
  const posts = routesOf(surface.parts).filter(({ method, path }) => method === 'post' && path !== '/v1/sessions');
  expect(posts.length).toBeGreaterThan(5);
  const count = async () => (await surface.database.query('select count(*) from audit')).rows[0];
  const before = await count();
  for (const { path } of posts) {
    const place = path.replace(/:\w+/g, 'wang');
    for (const type of [
      'application/json',
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      const { status, body } = await request(surface.app)
        .post(place)
        .set({ cookie: jar, origin: 'https://evil.example', 'content-type': type, 'idempotency-key': randomUUID() })
        .send('{"name":"eve","role":"supervisor"}');
      // Whose role may not use the route is told that; whose role may, that the token is missing.
      const permit = permitOf({ method: 'post', path });
      const isAllowed = permit === 'anybody' || permit.includes('supervisor');
      expect([path, type, status, body.code]).toEqual([path, type, 403, isAllowed ? 'csrf-missing' : 'forbidden']);
    }
  }
  expect(await count()).toEqual(before);
});

test('no page elsewhere may read an answer or ask for leave to: nothing of CORS is ever granted', async () => {
  for (const method of ['get', 'options', 'post'] as const) {
    for (const path of ['/v1/session', '/v1/users', '/livez', '/docs']) {
      const { headers } = await request(surface.app)[method](path).set({
        cookie: jar,
        origin: 'https://evil.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-csrf-token',
      });
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
      expect(headers['x-frame-options']).toBe('DENY');
      expect(headers['cross-origin-resource-policy']).toBe('same-origin');
    }
  }
});
