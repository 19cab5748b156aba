import { createHash } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { type Desk, keys, nonce, openDesk } from '../adapters/ctex/exchange.ts';
import { AS_SUPERVISOR, openSurface, type Surface } from '../http/surface.ts';
import { openWire, type Wire } from '../http/wire.ts';
import { say } from './raw-socket.ts';

/** Threat 25: bytes that a proxy reads as one request and we as two, or a header given twice so that each counts another. */

let surface: Surface;
let desk: Desk;
let wire: Wire;
let seen: string[] = [];
beforeAll(async () => {
  desk = await openDesk();
  surface = await openSurface({ webhooks: [desk.link.webhook!] });
  const watched: RequestListener = (request, response) => {
    seen.push(`${request.method} ${request.url}`);
    surface.app(request, response);
  };
  wire = await openWire(watched);
});
beforeEach(() => {
  seen = [];
});
afterAll(async () => {
  await wire.close();
  await desk.stop();
  await surface.close();
});

const NOTIFY = 'POST /exchanges/ctex/notify HTTP/1.1\r\nhost: a\r\n';
const HIDDEN = 'GET /hidden HTTP/1.1\r\nhost: a\r\n\r\n';

test.each([
  ['a length and chunks', `${NOTIFY}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
  [
    'chunks and a length',
    `${NOTIFY}transfer-encoding: chunked\r\ncontent-length: ${HIDDEN.length}\r\n\r\n0\r\n\r\n${HIDDEN}`,
  ],
  ['two lengths', `${NOTIFY}content-length: 0\r\ncontent-length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`],
  ['a list of lengths', `${NOTIFY}content-length: 0, ${HIDDEN.length}\r\n\r\n${HIDDEN}`],
  ['a signed length', `${NOTIFY}content-length: +0\r\n\r\n${HIDDEN}`],
  ['a hexadecimal length', `${NOTIFY}content-length: 0x0\r\n\r\n${HIDDEN}`],
  ['a negative length', `${NOTIFY}content-length: -1\r\n\r\n${HIDDEN}`],
  ['a blank before the colon', `${NOTIFY}content-length : 0\r\n\r\n${HIDDEN}`],
  ['chunks under another name', `${NOTIFY}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ['chunks that are not last', `${NOTIFY}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ['chunks behind a vertical tab', `${NOTIFY}transfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ['a chunk length with 0x', `${NOTIFY}transfer-encoding: chunked\r\n\r\n0x0\r\n\r\n${HIDDEN}`],
  ['a chunk longer than it says', `${NOTIFY}transfer-encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n${HIDDEN}`],
  ['a folded header', `${NOTIFY}x: y\r\n content-length: 9\r\n\r\n${HIDDEN}`.replace('x: y\r\n ', 'x:\r\n\x0b')],
  ['a bare line feed for an end', `${NOTIFY.replaceAll('\r\n', '\n')}content-length: 0\n\n${HIDDEN}`],
  ['a carriage return inside a header', `${NOTIFY}x: y\rcontent-length: 9\r\n\r\n${HIDDEN}`],
  ['a NUL inside a header', `${NOTIFY}x: y\x00z\r\ncontent-length: 0\r\n\r\n${HIDDEN}`],
  ['the preface of HTTP/2', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${HIDDEN}`],
  ['HTTP/0.9', `GET /livez\r\n${HIDDEN}`],
])('%s: refused, the connection closed, and what was hidden behind is never a request', async (_, bytes) => {
  const { statuses } = await say(wire.url, bytes);
  expect(statuses.filter((status) => status !== 400 && status !== 200)).toEqual([]);
  expect(statuses.at(-1)).toBe(400);
  expect(seen).not.toContain('GET /hidden');
});

const sample = Buffer.from('{"eventId":"twice"}');
function signed(): string[] {
  const [at, once] = [String(desk.clock.nowMs), nonce()];
  const digest = createHash('sha256').update(sample).digest('hex');
  const text = ['POST', '/exchanges/ctex/notify', at, once, digest].join('\n');
  const sign = Buffer.from(keys.exchange.signer.sign(Buffer.from(text))).toString('base64');
  return ['x-app-id: ctex', `x-timestamp: ${at}`, `x-nonce: ${once}`, `x-sign: ${sign}`];
}
const push = (headers: readonly string[]) =>
  say(
    wire.url,
    `${NOTIFY}${[...headers, `content-length: ${sample.byteLength}`, 'connection: close'].join('\r\n')}\r\n\r\n${sample}`,
  );

test('a push with each header of its signature once is taken; with any of them twice it is refused', async () => {
  expect((await push(signed())).text).toContain('"code":"0000"');
  for (const name of ['x-app-id', 'x-timestamp', 'x-nonce', 'x-sign']) {
    const headers = signed();
    const own = headers.find((line) => line.startsWith(name))!;
    for (const other of [own, `${name}: x`]) {
      for (const both of [
        [other, ...headers],
        [...headers, other],
      ]) {
        expect([name, (await push(both)).text]).toEqual([name, expect.stringContaining('"code":"1002"')]);
      }
    }
  }
  expect(desk.arrivals).toHaveLength(1);
});

test('who says twice who they are is nobody, whichever of the two would do', async () => {
  const own = `authorization: ${AS_SUPERVISOR.authorization}`;
  const ask = (lines: readonly string[]) =>
    say(wire.url, `GET /v1/session HTTP/1.1\r\nhost: a\r\n${lines.join('\r\n')}\r\nconnection: close\r\n\r\n`);
  expect((await ask([own])).statuses).toEqual([200]);
  for (const lines of [
    [own, own],
    [own, 'authorization: Bearer x'],
    ['authorization: Bearer x', own],
  ]) {
    expect((await ask(lines)).statuses).toEqual([401]);
  }
});

test('two keys of one request are no key', async () => {
  const body = '{}';
  const lines = [
    `authorization: ${AS_SUPERVISOR.authorization}`,
    'content-type: application/json',
    'idempotency-key: a',
    'idempotency-key: b',
  ];
  const said = await say(
    wire.url,
    `POST /v1/decisions HTTP/1.1\r\nhost: a\r\n${lines.join('\r\n')}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n${body}`,
  );
  expect(said.statuses).toEqual([400]);
});
