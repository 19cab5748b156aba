import { readFileSync } from 'node:fs';
import { adapters as shipped } from '../../adapters/all.ts';
import { decode } from '../../adapters/stex/decode.ts';
import type { Exchange } from '../../src/contract/exchange.ts';
import type { Message } from '../../src/contract/message.ts';
import { readXml } from '../../src/contract/xml.ts';
import { takeIn } from '../../src/relay/intake.ts';
import { qiao } from '../cli/command-line.ts';
import { type Ground, openGround } from '../relay/ground.ts';

/** Threat 15: a small document that grows enormous when it is read: entities of entities, or one long one many times. */

const sample = readFileSync(new URL('../../adapters/stex/samples/101-listing.xml', import.meta.url)).toString('latin1');
const within = (declared: string, text: string) =>
  Buffer.from(
    sample.replace('<WD ', `<!DOCTYPE WD [${declared}]><WD `).replace(/<XMJJ>[^<]*/, `<XMJJ>${text}`),
    'latin1',
  );

const laughs = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('');
const bombs = {
  'a billion laughs': within(`<!ENTITY l0 "lol">${laughs}`, '&l9;'),
  'quadratic blow-up': within(`<!ENTITY a "${'a'.repeat(100_000)}">`, '&a;'.repeat(100_000)),
  'an entity of itself': within('<!ENTITY a "&b;"><!ENTITY b "&a;">', '&a;'),
  'a parameter entity bomb': within('<!ENTITY % a "xxxxxxxxxx"><!ENTITY % b "%a;%a;%a;%a;"> %b;', 'x'),
};

test.each(Object.entries(bombs))('%s is refused before anything is expanded', async (_, bytes) => {
  expect(bytes.byteLength).toBeLessThan(1_048_576);
  expect(decode(bytes)).toMatchObject({ ok: false, refusals: [{ code: 'doctype-forbidden' }] });
  const { exit, stderr } = await qiao(['normalise', 'stex'], { stdin: bytes });
  expect([exit, JSON.parse(stderr).code]).toEqual([2, 'doctype-forbidden']);
  // What is refused is not said back at length.
  expect(stderr.length).toBeLessThan(2_000);
});

test('what XML itself abbreviates only ever gets shorter', () => {
  for (const text of ['&amp;'.repeat(20_000), '&#x10FFFD;'.repeat(20_000), `<![CDATA[${'&amp;'.repeat(20_000)}]]>`]) {
    const read = readXml(`<A>${text}</A>`, new Map());
    if (!read.ok) throw new Error(JSON.stringify(read.refusals));
    expect(String(read.value.value).length).toBeLessThanOrEqual(text.length);
  }
});

test('a document beyond 1 MiB is refused for its size, however it is filled', () => {
  for (const filling of ['<A/>', '&amp;', '<!---->', ' ']) {
    const bytes = Buffer.from(`<WD>${filling.repeat(Math.ceil(1_048_577 / filling.length))}</WD>`);
    expect(decode(bytes)).toMatchObject({ ok: false, refusals: [{ code: 'too-large' }] });
  }
});

describe('a document that is wrong in a hundred thousand places', () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await openGround();
  });
  afterAll(() => ground.close());

  const many = (make: (i: number) => string, bytes: number) => {
    let made = '';
    for (let i = 0; made.length < bytes; i++) made += make(i);
    return made;
  };
  test.each<[string, Exchange, () => string]>([
    ['elements', 'stex', () => sample.replace('<XM>', `<XM>${many((i) => `<X${i}/>`, 1_000_000)}`)],
    ['attributes', 'stex', () => sample.replace('<XM>', `<XM ${many((i) => ` a${i}=""`, 1_000_000)}>`)],
    ['attributes of the frame', 'stex', () => sample.replace('<WD ', `<WD ${many((i) => `a${i}="" `, 1_000_000)}`)],
    ['members', 'ctex', () => `{"eventId":"e","data":{${many((i) => `"a${i}":1,`, 1_000_000)}"b":1}}`],
    ['fields', 'szse', () => `35=UL\u000111=A\u0001${many((i) => `${30_000 + i}=x\u0001`, 1_000_000)}`],
  ])('by its %s: it is refused, and what is answered and kept stays short', async (_, exchange, make) => {
    const bytes = Buffer.from(make(), 'latin1');
    expect(bytes.byteLength).toBeLessThan(1_048_576);
    const arrival = { ...ground.arrival(exchange, {} as Message), bytes };
    const adapters = new Map(shipped.map((adapter) => [adapter.exchange, adapter]));
    const [answer] = await takeIn([arrival], { ...ground.parts, adapters });
    if (answer?.outcome !== 'refused') throw new Error(JSON.stringify(answer));
    expect(answer.refusals.length).toBeLessThanOrEqual(50);
    expect(JSON.stringify(answer).length).toBeLessThan(20_000);
    const { rows } = await ground.database.query<{ bytes: number }>(
      'select octet_length(refusals::text) as bytes from inbox where key = $1',
      [arrival.key],
    );
    expect(rows).toEqual([{ bytes: expect.any(Number) }]);
    expect(rows[0]!.bytes).toBeLessThan(20_000);
  });
});
