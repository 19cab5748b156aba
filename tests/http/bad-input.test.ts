import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import fc from 'fast-check';
import request from 'supertest';
import { listingNumbered } from './samples.ts';
import { AS_SUPERVISOR, openSurface, type Surface } from './surface.ts';
import { openWire, type Wire, type WireAnswer } from './wire.ts';

let surface: Surface;
let wire: Wire;
beforeAll(async () => {
  surface = await openSurface();
  wire = await openWire(surface.app);
});
afterAll(async () => {
  await wire.close();
  await surface.close();
});

const JSON_POST = () => ({
  ...AS_SUPERVISOR,
  'idempotency-key': randomUUID(),
  'content-type': 'application/json',
});

function expectProblem(answer: request.Response | WireAnswer, status: number, code?: string): void {
  expect(answer.status).toBe(status);
  const { headers } = answer;
  const type = headers instanceof Headers ? headers.get('content-type') : headers['content-type'];
  expect(type).toMatch(/^application\/problem\+json/);
  const problem = JSON.parse(answer.text);
  expect(problem).toMatchObject({ status, title: expect.any(String), detail: expect.any(String) });
  expect(problem.errors.length).toBeGreaterThan(0);
  for (const error of problem.errors) {
    expect(error).toEqual({
      pointer: expect.any(String),
      code: expect.any(String),
      message_zh: expect.any(String),
      message_en: expect.any(String),
    });
  }
  if (code !== undefined) expect(problem.code).toBe(code);
  expect(answer.text).not.toMatch(/\bat .+:\d+:\d+|node_modules|\/src\//);
}

const gets: readonly (readonly [path: string, status: number, code: string])[] = [
  ['/v1/nothing', 404, 'not-found'],
  ['/v1', 404, 'not-found'],
  ['/v1/listings/x', 404, 'not-found'],
  ['/v1/listings/ctex:%00', 404, 'not-found'],
  ['/v1/listings/%E0%A4%A', 400, 'bad-path'],
  ["/v1/listings/ctex:'; drop table listing; --", 404, 'not-found'],
  [`/v1/listings/ctex:${'x'.repeat(3000)}`, 404, 'not-found'],
  ['/v1/listings/__proto__', 404, 'not-found'],
  ['/v1/listings?limit=0', 400, 'bad-query'],
  ['/v1/listings?limit=201', 400, 'bad-query'],
  ['/v1/listings?limit=1e2', 400, 'bad-query'],
  ['/v1/listings?limit=-1', 400, 'bad-query'],
  ['/v1/listings?limit=1&limit=2', 400, 'bad-query'],
  ['/v1/listings?limit[]=1', 400, 'bad-query'],
  ['/v1/listings?order=random', 400, 'bad-query'],
  ['/v1/listings?home=nyse', 400, 'bad-query'],
  ['/v1/listings?status=', 400, 'bad-query'],
  ['/v1/listings?verdict=maybe', 400, 'bad-query'],
  ['/v1/listings?offset=10', 400, 'bad-query'],
  ['/v1/listings?__proto__=1', 400, 'bad-query'],
  ['/v1/deals?listing=x', 400, 'bad-query'],
  ['/v1/deals?listing=ctex:%00', 400, 'bad-query'],
  ['/v1/deals/x', 404, 'not-found'],
  ['/v1/messages/1', 404, 'not-found'],
  ['/v1/messages/00000000-0000-0000-0000-000000000000', 404, 'not-found'],
  ['/v1/messages/00000000-0000-0000-0000-000000000000/evidence', 404, 'not-found'],
  ['/v1/dead-letters?order=newest', 400, 'bad-query'],
  ['/v1/dead-letters/1/redrive', 405, 'method-not-allowed'],
  ['/exchanges/ctex/notify', 405, 'method-not-allowed'],
];

test.each(gets)('GET %s is a problem: %i %s', async (path, status, code) => {
  expectProblem(await request(surface.app).get(path).set(AS_SUPERVISOR), status, code);
});

const listing = listingNumbered(1);
const whole = JSON.stringify({ listing, host: 'stex', at: '2026-03-02' });
const deep = `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`;
const bodies: readonly (readonly [
  what: string,
  body: string | Buffer,
  status: number,
  code: string,
  pointer?: string,
])[] = [
  ['nothing', '', 400, 'not-json'],
  ['half a document', whole.slice(0, -20), 400, 'not-json'],
  ['a byte order mark', `\ufeff${whole}`, 400, 'not-json'],
  ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 400, 'not-text'],
  ['a key twice', `{"host":"stex","host":"szse"}`, 400, 'duplicate-key'],
  ['__proto__', `{"__proto__":{"host":"stex"}}`, 400, 'forbidden-key'],
  ['an escaped __proto__', `{"\\u005f_proto__":1}`, 400, 'forbidden-key'],
  ['40 levels', deep, 400, 'too-deep'],
  ['a fraction', whole.replace('"version":1', '"version":1.5'), 400, 'bad-number'],
  ['2^53', whole.replace('"version":1', '"version":9007199254740992'), 400, 'bad-number'],
  ['an array', '[]', 422, 'wrong-type', ''],
  ['an empty object', '{}', 422, 'missing-field', '/listing'],
  ['an unknown key', whole.replace('"host"', '"guest"'), 422, 'unknown-field', '/guest'],
  ['an unknown exchange', whole.replace('"stex"', '"nyse"'), 422, 'unknown-code', '/host'],
  ['the home as host', whole.replace('"host":"stex"', '"host":"ctex"'), 422, 'inconsistent', '/host'],
  ['a date that is none', whole.replace('"at":"2026-03-02"', '"at":"2026-02-30"'), 422, 'bad-date', '/at'],
  ['UTC', whole.replace('"at":"2026-03-02"', '"at":"2026-03-02T00:00:00Z"'), 422, 'bad-date', '/at'],
  [
    'a fraction of a fen',
    whole.replace('1285000.00', '1285000.001'),
    422,
    'fen-fraction',
    '/listing/price/amount/amount',
  ],
  ['a negative amount', whole.replace('1285000.00', '-1.00'), 422, 'negative-money', '/listing/price/amount/amount'],
  [
    'a wrong credit code',
    whole.replace('91110108MA0000015T', '91110108MA0000015U'),
    422,
    'bad-check-digit',
    '/listing/seller/uscc',
  ],
  [
    'a wrong patent number',
    whole.replace('123456.6', '123456.7'),
    422,
    'bad-check-digit',
    '/listing/object/ip/0/number',
  ],
  ['another kind', whole.replace('"kind":"listing"', '"kind":"secret"'), 422, 'unknown-kind', '/listing/kind'],
  ['more than 1 MiB', ' '.repeat(1_048_577), 413, 'too-large'],
];

for (const [what, body, status, code, pointer] of bodies) {
  test(`POST /v1/decisions with ${what} is a problem`, async () => {
    const answer = await wire.post('/v1/decisions', Buffer.from(body), JSON_POST());
    expectProblem(answer, status, code);
    if (pointer !== undefined) expect(JSON.parse(answer.text).errors[0].pointer).toBe(pointer);
  });
}

test('only plain JSON is taken: other types and compressed bodies are 415', async () => {
  const post = () => request(surface.app).post('/v1/decisions').set(AS_SUPERVISOR).set('idempotency-key', randomUUID());
  expectProblem(await post().set('content-type', 'text/plain').send(whole), 415, 'unsupported-media-type');
  expectProblem(await post().set('content-type', 'application/json').set('content-encoding', 'gzip').send(whole), 415);
  expectProblem(await post(), 415, 'unsupported-media-type');
});

test.each(['', ' ', 'x'.repeat(129), 'a b'])('the Idempotency-Key %j is refused', async (key) => {
  const answer = await request(surface.app)
    .post('/v1/decisions')
    .set(AS_SUPERVISOR)
    .set('idempotency-key', key)
    .send({});
  expectProblem(answer, 400);
});

test('a wrong method gets 405 with the right ones', async () => {
  const cases = [
    ['delete', '/v1/listings', 'GET, HEAD'],
    ['put', '/v1/deals/ctex:1', 'GET, HEAD'],
    ['patch', '/v1/rulebooks', 'POST'],
    ['get', '/v1/decisions', 'POST'],
    ['put', '/exchanges/ctex/notify', 'POST'],
  ] as const;
  for (const [method, path, allow] of cases) {
    const answer = await request(surface.app)[method](path);
    expectProblem(answer, 405, 'method-not-allowed');
    expect(answer.headers.allow).toBe(allow);
  }
});

test('no bytes at all bring an answer of 500 or a hang', async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 400 }),
      fc.constantFrom('/v1/decisions', '/v1/rulebooks'),
      async (bytes, path) => {
        const answer = await wire.post(path, bytes, JSON_POST());
        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect(answer.status).toBeLessThan(500);
      },
    ),
    { seed, numRuns: 60 },
  );
});

test('garbage on the socket is answered and the server goes on', async () => {
  const port = Number(new URL(wire.url).port);
  for (const text of [
    '\x16\x03\x01garbage\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
  ]) {
    const answer = await new Promise<string>((resolve, reject) => {
      let got = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(text));
      socket.setEncoding('utf8').on('data', (part) => {
        got += part;
      });
      socket.on('close', () => resolve(got)).on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  }
  await request(wire.url).get('/livez').expect(200);
});
