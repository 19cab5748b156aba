import { decode as stex } from '../../adapters/stex/decode.ts';
import { parseJson } from '../../src/contract/json.ts';
import { AS_SUPERVISOR, openSurface, type Surface } from '../http/surface.ts';
import { openWire, type Wire } from '../http/wire.ts';

/** Threat 23: nesting that overflows whoever walks it, and documents built to make a validator slow. */

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

const post = (body: string, key: string) =>
  wire.post('/v1/decisions', Buffer.from(body), {
    ...AS_SUPERVISOR,
    'content-type': 'application/json',
    'idempotency-key': key,
  });

test.each([33, 50_000, 500_000])('%i levels of JSON are refused by one pass over the text', async (depth) => {
  const text = `${'['.repeat(depth)}${']'.repeat(depth)}`;
  expect(parseJson(Buffer.from(text))).toMatchObject({ ok: false, refusals: [{ code: 'too-deep' }] });
  const { status, text: said } = await post(text, `deep-${depth}`);
  expect([Math.floor(status / 100), said]).toEqual([4, expect.stringMatching(/too-(deep|large)/)]);
});

test('so are 50,000 levels of XML', () => {
  const text = `${'<A>'.repeat(50_000)}${'</A>'.repeat(50_000)}`;
  expect(stex(Buffer.from(text))).toMatchObject({ ok: false, refusals: [{ code: 'too-deep' }] });
});

test('a list of thousands of equal things, and an object of thousands of keys, get a short answer', async () => {
  const listing = { kind: 'listing', object: { ip: Array.from({ length: 20_000 }, () => ({})) } };
  const wide = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, 0]));
  for (const [i, body] of [{ listing, host: 'szse' }, wide].entries()) {
    const { status, text } = await post(JSON.stringify(body), `wide-${i}`);
    expect(Math.floor(status / 100)).toBe(4);
    expect(text.length).toBeLessThan(100_000);
  }
});
