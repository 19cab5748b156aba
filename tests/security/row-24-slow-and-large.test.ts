import { connect } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { listen } from '../../src/http/server.ts';
import { AS_SUPERVISOR, openSurface, type Surface } from '../http/surface.ts';
import { say } from './raw-socket.ts';

/** Threat 24: requests that never end, are far too large, or grow when unpacked. */

let surface: Surface;
let url: string;
let stop: () => Promise<void>;
beforeAll(async () => {
  surface = await openSurface();
  const listening = await listen(surface.app, {
    host: '127.0.0.1',
    port: 0,
    headersTimeoutMs: 300,
    requestTimeoutMs: 600,
    keepAliveTimeoutMs: 300,
  });
  url = listening.url;
  stop = () => listening.stop(0);
});
afterAll(async () => {
  await stop();
  await surface.close();
});

const alive = async () => expect((await fetch(`${url}/livez`)).status).toBe(200);

/** A client that says these bytes and then one more every moment, for ever; resolves when it is cut off. */
function drip(start: string, drop: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(start));
    const timer = setInterval(() => socket.write(drop), 50);
    socket.setEncoding('utf8').on('data', (part) => {
      text += part;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(timer);
      resolve(text);
    });
  });
}

test('slowloris: headers, a body or chunks that come byte by byte are cut off; others are answered meanwhile', async () => {
  const post = 'POST /exchanges/ctex/notify HTTP/1.1\r\nhost: a\r\n';
  const slow = [
    ...Array.from({ length: 20 }, () => drip('GET /livez HTTP/1.1\r\nhost: a\r\n', 'x: y\r\n')),
    drip('G', 'E'),
    drip(`${post}content-length: 1000000\r\n\r\n`, 'x'),
    drip(`${post}transfer-encoding: chunked\r\n\r\n`, '1\r\nx\r\n'),
  ];
  await alive();
  for (const answer of await Promise.all(slow)) expect(answer).toMatch(/^$|^HTTP\/1\.1 4\d\d /);
  await alive();
}, 30_000);

test.each([
  ['gzip', gzipSync(Buffer.alloc(50_000_000))],
  ['deflate', deflateSync(Buffer.alloc(50_000_000))],
  ['br', brotliCompressSync(Buffer.alloc(20_000_000), { params: {} })],
  ['gzip, gzip', gzipSync(gzipSync(Buffer.alloc(50_000_000)))],
  ['x-unknown', Buffer.from('{}')],
])('a body packed with %s is never unpacked: 415 at both kinds of door', async (encoding, body) => {
  expect(body.byteLength).toBeLessThan(1_048_576);
  for (const [path, headers] of [
    ['/exchanges/ctex/notify', {}],
    [
      '/v1/decisions',
      { ...AS_SUPERVISOR, 'content-type': 'application/json', 'idempotency-key': `zip-${encoding}`.replace(/\W/g, '') },
    ],
  ] as const) {
    const answer = await fetch(url + path, {
      method: 'POST',
      body,
      headers: { ...headers, 'content-encoding': encoding },
    });
    expect([path, answer.status]).toEqual([path, 415]);
  }
});

test('a length that nobody sends is waited for no longer than any request; refused are headers, chunk extensions and paths without end', async () => {
  const json = 'content-type: application/json\r\nidempotency-key: k\r\nconnection: close\r\n';
  const bearer = `authorization: ${AS_SUPERVISOR.authorization}\r\n`;
  const cases: readonly (readonly [string, readonly number[]])[] = [
    [`POST /v1/decisions HTTP/1.1\r\nhost: a\r\n${bearer}${json}content-length: 999999999999\r\n\r\n`, [408]],
    [`GET /livez HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, [431]],
    [`GET /livez HTTP/1.1\r\nhost: a\r\n${'xxxx: yyyy\r\n'.repeat(5_000)}\r\n`, [431]],
    [`GET /${'a'.repeat(20_000)} HTTP/1.1\r\nhost: a\r\n\r\n`, [431]],
    [
      `POST /exchanges/ctex/notify HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1;${'e'.repeat(20_000)}\r\nx\r\n`,
      [413],
    ],
  ];
  for (const [bytes, statuses] of cases)
    expect([bytes.slice(0, 60), (await say(url, bytes)).statuses]).toEqual([bytes.slice(0, 60), statuses]);
  await alive();
});

test('who may not come in is told so before a byte of the body is read', async () => {
  const said = await say(
    url,
    'POST /v1/decisions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 999999\r\nconnection: close\r\n\r\n',
  );
  expect(said.statuses).toEqual([401]);
});
