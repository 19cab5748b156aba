import { parseJson } from '../../src/contract/json.ts';
import { parseMessage } from '../../src/contract/parse.ts';
import { AS_SUPERVISOR, openSurface, type Surface } from '../http/surface.ts';
import { openWire } from '../http/wire.ts';

/** Threat 19: `__proto__`, `constructor`, `prototype` as keys, to give every object a member it never had. */

const bodies = [
  '{"__proto__":{"admin":true}}',
  '{"constructor":{"prototype":{"admin":true}}}',
  '{"a":{"prototype":{"admin":true}}}',
  '{"\\u005f_proto__":{"admin":true}}',
  '[{"__proto__":null}]',
];

test.each(bodies)('%s is refused when it is read', (text) => {
  expect(parseJson(Buffer.from(text))).toMatchObject({ ok: false, refusals: [{ code: 'forbidden-key' }] });
  expect(({} as { admin?: unknown }).admin).toBeUndefined();
});

test('a member that JSON.parse made an own `__proto__` is unknown to the contract', () => {
  expect(parseMessage(JSON.parse('{"kind":"listing","__proto__":{"id":"ctex:1"}}')).ok).toBe(false);
});

describe('over HTTP', () => {
  let surface: Surface;
  beforeAll(async () => {
    surface = await openSurface();
  });
  afterAll(() => surface.close());

  test('every such body gets 400 with code and pointer, and no object gains a member', async () => {
    const wire = await openWire(surface.app);
    for (const [i, body] of bodies.entries()) {
      const headers = { ...AS_SUPERVISOR, 'content-type': 'application/json', 'idempotency-key': `pollute-${i}` };
      const { status, text } = await wire.post('/v1/decisions', Buffer.from(body), headers);
      expect([status, text]).toEqual([expect.any(Number), expect.stringContaining('forbidden-key')]);
      expect(Math.floor(status / 100)).toBe(4);
    }
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
    await wire.close();
  });
});
