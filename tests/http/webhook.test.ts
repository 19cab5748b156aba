import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import request from 'supertest';
import { openSurface, type Surface } from './surface.ts';
import { openWire, type Wire } from './wire.ts';

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

const notify = (bytes: Uint8Array, headers: Record<string, string> = {}) =>
  wire.post('/exchanges/ctex/notify?x=1&x=2', bytes, { 'content-type': 'application/json', ...headers });

test('the link gets the exact bytes, the path with its query and the headers; its answer goes out as it is', async () => {
  const bytes = Buffer.from('{"a": 1}\n');
  const answer = await notify(bytes, { 'x-ctex-signature': 'abc' });
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toEqual({
    method: 'POST',
    pathWithQuery: '/exchanges/ctex/notify?x=1&x=2',
    body: bytes.toString('hex'),
  });
  expect(answer.headers.get('x-signed')).toBe('abc');
});

test('no byte is changed on the way in, whatever the bytes and the content type', async () => {
  const types = fc.constantFrom('application/json', 'text/xml; charset=gbk', 'application/octet-stream', 'nonsense');
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), types, async (bytes, type) => {
      const answer = await notify(bytes, { 'content-type': type });
      expect(JSON.parse(answer.text).body).toBe(Buffer.from(bytes).toString('hex'));
    }),
    { numRuns: 40 },
  );
});

test('a body over 1 MiB is refused, one of exactly 1 MiB is not, a compressed one is never inflated', async () => {
  expect((await notify(Buffer.alloc(1_048_577, 0x20))).status).toBe(413);
  expect((await notify(Buffer.alloc(1_048_576, 0x20))).status).toBe(200);
  expect((await notify(gzipSync('{}'), { 'content-encoding': 'gzip' })).status).toBe(415);
});

test('a sender that goes on and on is cut off; one that leaves half way harms nobody', async () => {
  await expect(notify(Buffer.alloc(9 * 1_048_576))).rejects.toThrow();
  await new Promise<void>((resolve) => {
    const socket = connect(Number(new URL(wire.url).port), '127.0.0.1', () => {
      socket.write('POST /exchanges/ctex/notify HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf', () =>
        socket.destroy(),
      );
    });
    socket.on('close', () => resolve());
  });
  expect((await notify(Buffer.from('{}'))).status).toBe(200);
});

test('a path that only looks like the webhook is not it', async () => {
  for (const path of ['/exchanges/ctex/notify/', '/Exchanges/ctex/notify', '/exchanges/ctex/notify/x']) {
    await request(surface.app).post(path).send({}).expect(404);
  }
});

test('a fault of ours is 503 or 500 without its details, never a refusal', async () => {
  const cases = [
    [Object.assign(new Error('connection to 10.0.0.1 refused'), { code: 'ECONNREFUSED' }), 503],
    [new TypeError('undefined is not a function'), 500],
  ] as const;
  for (const [error, status] of cases) {
    const failing = await openSurface({
      webhooks: [{ path: '/exchanges/ctex/notify', receive: () => Promise.reject(error) }],
    });
    const answer = await request(failing.app).post('/exchanges/ctex/notify').send('{}').expect(status);
    expect(answer.text).not.toContain(error.message);
    expect(failing.logged[0]?.fields?.error).toBe(error);
    await failing.close();
  }
});
