import { createHash } from 'node:crypto';
import request from 'supertest';
import { bundleOpenApi } from '../../src/http/openapi.ts';
import { problemCatalogue } from '../../src/http/problem.ts';
import { AS_SUPERVISOR, openSurface, type Surface } from './surface.ts';

let surface: Surface;
beforeAll(async () => {
  surface = await openSurface();
});
afterAll(() => surface.close());

test.each(['/', '/docs'])('%s loads nothing from outside and runs no script', async (path) => {
  const { text, headers } = await request(surface.app).get(path).expect(200);
  expect(text).not.toMatch(/<script|<img|<link|<iframe|@import|url\(|src=|javascript:|\son\w+=/i);
  for (const [, target] of text.matchAll(/href="([^"]*)"/g)) expect(target).toMatch(/^[/#]/);
  const style = /<style>([\s\S]*?)<\/style>/.exec(text)?.[1] ?? '';
  const digest = createHash('sha256').update(style).digest('base64');
  expect(headers['content-security-policy']).toContain(`default-src 'none'; style-src 'sha256-${digest}'`);
});

test('the docs page explains every operation, schema and problem code, and its links lead somewhere', async () => {
  const { text } = await request(surface.app).get('/docs').expect(200);
  const ids = new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  for (const [, target] of text.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target);
  const document = bundleOpenApi() as { paths: object; components: { schemas: object } };
  for (const name of Object.keys(document.components.schemas)) expect(ids).toContain(`schema-${name}`);
  for (const { code } of problemCatalogue()) expect(ids).toContain(`problem-${code}`);
  for (const path of Object.keys(document.paths)) expect(text).toContain(`<code>${path}</code>`);
});

test('every place the landing page names exists', async () => {
  const { text } = await request(surface.app).get('/').expect(200);
  const places = [...text.matchAll(/href="([^"]+)"/g)].map(([, path]) => path!);
  expect(places.length).toBeGreaterThan(5);
  for (const path of places) await request(surface.app).get(path).set(AS_SUPERVISOR).expect(200);
});

test('every answer carries the security headers and none tells the server software', async () => {
  for (const path of ['/', '/v1/listings', '/v1/nothing', '/livez', '/metrics']) {
    const { headers } = await request(surface.app).get(path);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    });
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'/);
    expect(headers['x-powered-by']).toBeUndefined();
  }
});
