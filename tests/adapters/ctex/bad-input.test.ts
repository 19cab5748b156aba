import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { decode } from '../../../adapters/ctex/decode.ts';
import { encode } from '../../../adapters/ctex/encode.ts';
import type { Message } from '../../../src/contract/message.ts';
import { foreignDeal, foreignListing } from './unified.ts';

type Tree = Record<string, unknown>;

const folder = new URL('../../../adapters/ctex/samples/', import.meta.url);
const names = readdirSync(folder);
const text = (name: string) => readFileSync(new URL(name, folder), 'utf8');
const published = text('project-published.json');

/** The sample with something changed in its `data`. */
function project(change: (data: Tree) => void, name = 'project-published.json'): Buffer {
  const event = JSON.parse(text(name)) as Tree;
  change(event.data as Tree);
  return Buffer.from(JSON.stringify(event));
}

const field = (key: string, value: unknown) => project((data) => Object.assign(data, { [key]: value }));
const right = (change: Tree) => project((data) => Object.assign((data.ipList as Tree[])[0]!, change));
const seller = (change: Tree) => project((data) => Object.assign(data.seller as Tree, change));
const inText = (from: string | RegExp, to: string) => Buffer.from(published.replace(from, to));
const deal = (change: Tree) => project((data) => Object.assign(data, change), 'deal-signed.json');

function refusals(bytes: Uint8Array): (readonly [string, string])[] {
  const decoded = decode(bytes);
  return decoded.ok ? [] : decoded.refusals.map(({ code, pointer }) => [code, pointer] as const);
}

describe('bytes that are no message', () => {
  const deep = (levels: number) => `${'[{"a":'.repeat(levels)}1${'}]'.repeat(levels)}`;
  test.each<[string, Uint8Array, string]>([
    ['nothing', Buffer.alloc(0), 'not-json'],
    ['truncated', Buffer.from(published.slice(0, -40)), 'not-json'],
    [
      'cut inside a character',
      Buffer.from(published).subarray(0, Buffer.from(published).indexOf(Buffer.from('种')) + 1),
      'not-text',
    ],
    [
      'GB18030 in place of UTF-8',
      Buffer.concat([Buffer.from('{"eventType":"'), Buffer.from([0xd6, 0xd0]), Buffer.from('"}')]),
      'not-text',
    ],
    ['a byte order mark', Buffer.from(`\ufeff${published}`), 'not-json'],
    ['UTF-16', Buffer.from(published, 'utf16le'), 'not-text'],
    ['a list', Buffer.from('[]'), 'wrong-type'],
    ['a duplicate key', inText('"version": 1,', '"version": 1, "version": 1,'), 'duplicate-key'],
    ['an escaped duplicate key', inText('"version": 1,', '"version": 1, "v\\u0065rsion": 1,'), 'duplicate-key'],
    ['__proto__', inText('"version": 1,', '"version": 1, "__proto__": {},'), 'forbidden-key'],
    ['nested too deep', inText('"version": 1,', `"version": 1, "x": ${deep(20)},`), 'too-deep'],
    ['nested 100,000 deep', Buffer.from(deep(100_000)), 'too-deep'],
    ['more than 1 MiB', inText('……', '一'.repeat(400_000)), 'too-large'],
    ['an exponent', inText('"version": 1,', '"version": 1e0,'), 'bad-number'],
    ['hexadecimal', inText('"version": 1,', '"version": 0x1,'), 'bad-number'],
    ['a fraction', inText('"version": 1,', '"version": 1.0,'), 'bad-number'],
    ['beyond 2^53', inText('"version": 1,', '"version": 9007199254740993,'), 'bad-number'],
    ['a lone surrogate', inText('……', '\\ud800'), 'not-text'],
  ])('%s is refused', (_, bytes, code) => {
    expect(refusals(bytes)).toEqual([[code, '']]);
  });

  test.each<[string, string, string, string]>([
    ['no event type', '{"eventId":"1"}', 'missing-field', '/eventType'],
    ['an unknown event type', '{"eventType":"PROJECT_DELETED"}', 'unknown-kind', '/eventType'],
    ['an inherited event type', '{"eventType":"toString"}', 'unknown-kind', '/eventType'],
    ['an event type that is no text', '{"eventType":{"a":1}}', 'unknown-kind', '/eventType'],
    ['a request that says nothing', '{"requestId":"r"}', 'unknown-kind', ''],
    ['a request without id', '{"requestId":"","fundNo":"1"}', 'wrong-type', '/requestId'],
  ])('%s is refused', (_, json, code, pointer) => {
    expect(refusals(Buffer.from(json))).toEqual([[code, pointer]]);
  });
});

describe('fields of a project', () => {
  test.each<[string, Uint8Array, string, string]>([
    ['unknown project type', field('projectType', 'XX'), 'unknown-code', '/data/projectType'],
    ['unknown technology type', field('techType', 'zr'), 'unknown-code', '/data/techType'],
    ['inherited code', field('techType', 'constructor'), 'unknown-code', '/data/techType'],
    ['code that is a list', field('techType', ['ZR']), 'unknown-code', '/data/techType'],
    ['unknown trade mode', field('tradeType', 'JH'), 'unknown-code', '/data/tradeType'],
    ['unknown licence', field('licenseType', 'QT'), 'unknown-code', '/data/licenseType'],
    ['licence without licensing', field('licenseType', 'DZ'), 'inconsistent', '/data/licenseType'],
    ['licensing without licence', field('techType', 'XK'), 'missing-field', '/data/licenseType'],
    ['unknown IP type', right({ ipType: 'XX' }), 'unknown-code', '/data/ipList/0/ipType'],
    ['IP right without title', right({ ipName: '' }), 'missing-field', '/data/ipList/0/ipName'],
    ['IP right without holder', right({ owners: [] }), 'bad-format', '/data/ipList/0/owners'],
    ['IP right that is no object', field('ipList', ['ZL']), 'wrong-type', '/data/ipList/0'],
    ['IP list that is no list', field('ipList', {}), 'wrong-type', '/data/ipList'],
    [
      'patent number with a wrong check digit',
      right({ ipNo: 'ZL 2023 1 0123456.7' }),
      'bad-check-digit',
      '/data/ipList/0/ipNo',
    ],
    ['patent number too short', right({ ipNo: 'ZL 2023 1 012345.6' }), 'bad-check-digit', '/data/ipList/0/ipNo'],
    ['patent filed after it expires', right({ applyDate: '2044-01-01' }), 'inconsistent', '/data/ipList/0/expireDate'],
    ['pledge that is neither 0 nor 1', right({ pledged: '2' }), 'unknown-code', '/data/ipList/0/pledged'],
    ['unknown technical field', field('techField', '12'), 'unknown-code', '/data/techField'],
    ['bad industry', field('industry', '3841'), 'bad-format', '/data/industry'],
    ['bad IPC', field('ipc', ['H01M 10/0562', 'hello']), 'bad-format', '/data/ipc/1'],
    ['maturity of ten', field('maturity', 10), 'bad-number', '/data/maturity'],
    ['maturity as text', field('maturity', '6'), 'bad-number', '/data/maturity'],
    [
      'credit code with a wrong check digit',
      seller({ creditCode: '91110108MA0000015A' }),
      'bad-check-digit',
      '/data/seller/creditCode',
    ],
    [
      'credit code with the letter I',
      seller({ creditCode: '9111010IMA0000015T' }),
      'bad-check-digit',
      '/data/seller/creditCode',
    ],
    ['credit code of a natural person', seller({ nature: 'ZRR' }), 'inconsistent', '/data/seller/creditCode'],
    ['unknown nature', seller({ nature: 'GAT' }), 'unknown-code', '/data/seller/nature'],
    ['region of five digits', seller({ region: '11010' }), 'bad-format', '/data/seller/region'],
    ['seller without country', seller({ country: null }), 'missing-field', '/data/seller/country'],
    ['no seller', field('seller', null), 'missing-field', '/data/seller/name'],
    ['seller that is text', field('seller', '北京'), 'unknown-field', '/data/seller'],
    ['unknown unit', field('priceUnit', '亿元'), 'unknown-unit', '/data/priceUnit'],
    ['unit in a list', field('priceUnit', ['元']), 'unknown-unit', '/data/priceUnit'],
    ['unit in another script', field('priceUnit', '萬元'), 'unknown-unit', '/data/priceUnit'],
    ['price as a number', field('price', 128), 'bad-money', '/data/price'],
    ['price with seven decimals of 万元', field('price', '128.5000001'), 'fen-fraction', '/data/price'],
    ['negative price', field('price', '-128.5'), 'negative-money', '/data/price'],
    ['price with an exponent', field('price', '1.285e2'), 'bad-money', '/data/price'],
    ['price in hexadecimal', field('price', '0x80'), 'bad-money', '/data/price'],
    ['price with separators', field('price', '1,285'), 'bad-money', '/data/price'],
    ['price with a space', field('price', ' 128.5'), 'bad-money', '/data/price'],
    ['price with a plus', field('price', '+128.5'), 'bad-money', '/data/price'],
    ['price in full-width digits', field('price', '１２８．５'), 'bad-money', '/data/price'],
    ['price without integer part', field('price', '.5'), 'bad-money', '/data/price'],
    ['price beyond 2^53 fen', field('price', '9007199254.740992'), 'money-too-large', '/data/price'],
    ['fixed price without amount', field('price', null), 'missing-field', '/data/price'],
    ['negotiable price with amount', field('priceType', 'MY'), 'inconsistent', '/data/price'],
    ['deposit with a fraction of a fen', field('deposit', '0.0000001'), 'fen-fraction', '/data/deposit'],
    ['a day that is none', field('noticeEnd', '2026-02-30'), 'bad-date', '/data/noticeEnd'],
    ['a compact date', field('noticeEnd', '20260316'), 'bad-date', '/data/noticeEnd'],
    ['29 February of a common year', field('noticeStart', '2026-02-29'), 'bad-date', '/data/noticeStart'],
    ['an hour that is none', field('publishTime', '2026-03-02 24:00:00'), 'bad-date', '/data/publishTime'],
    ['a time with a zone', field('publishTime', '2026-03-02T09:30:00Z'), 'bad-date', '/data/publishTime'],
    ['disclosure that ends before it starts', field('noticeEnd', '2026-03-01'), 'inconsistent', '/data/noticeEnd'],
    [
      'instalments that make 99 %',
      field('payPlan', [
        { ratio: '30', days: 5 },
        { ratio: '69', days: 9 },
      ]),
      'bad-instalments',
      '/data/payPlan',
    ],
    [
      'instalments of 110 %',
      field('payPlan', [
        { ratio: '40', days: 5 },
        { ratio: '70', days: 9 },
      ]),
      'bad-instalments',
      '/data/payPlan',
    ],
    ['a ratio over 100', field('payPlan', [{ ratio: '101', days: 5 }]), 'bad-number', '/data/payPlan/0/ratio'],
    ['a negative ratio', field('payPlan', [{ ratio: '-30', days: 5 }]), 'bad-number', '/data/payPlan/0/ratio'],
    ['a ratio as a number', field('payPlan', [{ ratio: 30, days: 5 }]), 'bad-number', '/data/payPlan/0/ratio'],
    ['instalments without a plan of them', field('payWay', 'YC'), 'inconsistent', '/data/payPlan'],
    ['a plan of instalments without them', field('payPlan', null), 'missing-field', '/data/payPlan'],
    ['unknown way of paying', field('payWay', 'XX'), 'unknown-code', '/data/payWay'],
    [
      'buyer limit in other words',
      project((data) => Object.assign(data.buyerLimit as Tree, { foreign: 'N' })),
      'unknown-code',
      '/data/buyerLimit/foreign',
    ],
    [
      'buyer limit that is unknown',
      project((data) => Object.assign(data.buyerLimit as Tree, { minor: '0' })),
      'unknown-field',
      '/data/buyerLimit/minor',
    ],
    [
      'notice without end',
      field('publicNotice', { start: '2026-03-01', objection: '0' }),
      'missing-field',
      '/data/publicNotice/end',
    ],
    [
      'unknown attachment',
      field('attachments', [{ type: 'X', name: 'a', sha256: '0'.repeat(64) }]),
      'unknown-code',
      '/data/attachments/0/type',
    ],
    [
      'digest in capitals',
      field('attachments', [{ type: 'CNH', name: 'a', sha256: 'A'.repeat(64) }]),
      'bad-format',
      '/data/attachments/0/sha256',
    ],
    ['unknown export control', field('exportControl', ''), 'missing-field', '/data/exportControl'],
    ['version of zero', field('version', 0), 'bad-number', '/data/version'],
    ['project number of 65 characters', field('projectNo', 'x'.repeat(65)), 'bad-format', '/data/projectNo'],
    ['title with a control character', field('projectName', 'a\u0000b'), 'bad-format', '/data/projectName'],
    ['title of 201 characters', field('projectName', '长'.repeat(201)), 'bad-format', '/data/projectName'],
    ['title with a line break', field('projectName', '第一行\n第二行'), 'bad-format', '/data/projectName'],
    ['a field that the profile does not have', field('surprise', 1), 'unknown-field', '/data/surprise'],
    [
      'contact nested deep',
      field('contact', JSON.parse(`${'['.repeat(20)}1${']'.repeat(20)}`)),
      'too-deep',
      '/data/contact',
    ],
  ])('%s is refused', (_, bytes, code, pointer) => {
    expect(refusals(bytes)).toContainEqual([code, pointer]);
  });

  test('several faults are all named', () => {
    const bytes = project((data) => Object.assign(data, { techType: 'X', price: '-1', noticeEnd: '2026-13-01' }));
    expect(refusals(bytes).map(([, pointer]) => pointer)).toEqual(['/data/techType', '/data/price', '/data/noticeEnd']);
  });

  test('full-width digits and lower-case letters in a patent number are read, and given back as sent', () => {
    const bytes = right({ ipNo: 'zl２０２３１０１２３４５６．６' });
    const decoded = decode(bytes);
    if (!decoded.ok) throw new Error(JSON.stringify(decoded.refusals));
    expect(decoded.value).toMatchObject({ object: { ip: [{ number: 'ZL202310123456.6' }] } });
    const back = encode(decoded.value, { requestId: 'r', at: '2026-03-02T09:30:00+08:00' });
    expect(back.ok && JSON.parse(Buffer.from(back.value.request.bytes).toString())).toEqual(
      JSON.parse(bytes.toString()),
    );
  });
});

describe('deals and funds', () => {
  test.each<[string, Uint8Array, string, string]>([
    ['event and state that disagree', deal({ state: 'CERTIFIED', certNo: '1' }), 'inconsistent', '/data/state'],
    ['state in a list', deal({ state: ['SIGNED'] }), 'unknown-code', '/data/state'],
    ['unknown state', deal({ state: 'PAID' }), 'unknown-code', '/data/state'],
    ['certificate before certification', deal({ certNo: '1' }), 'inconsistent', '/data/certNo'],
    ['technology amount above the price', deal({ techPrice: '125.000001' }), 'inconsistent', '/data/techPrice'],
    ['project and mirror at once', deal({ mirrorNo: 'JX-1' }), 'unknown-field', '/data/mirrorNo'],
    ['neither project nor mirror', deal({ projectNo: null }), 'missing-field', '/data/projectNo'],
    ['fee with a fraction of a fen', deal({ sellerFee: '1.005' }), 'fen-fraction', '/data/sellerFee'],
    ['unknown host', deal({ hostExchange: 'HKEX' }), 'unknown-code', '/data/hostExchange'],
    ['CTEX as another exchange', deal({ hostExchange: 'CTEX' }), 'unknown-code', '/data/hostExchange'],
    [
      'funds about nothing',
      project((data) => Object.assign(data, { dealNo: null }), 'fund-event.json'),
      'inconsistent',
      '',
    ],
    [
      'funds about two things',
      project((data) => Object.assign(data, { intentNo: 'YX' }), 'fund-event.json'),
      'inconsistent',
      '',
    ],
    [
      'unknown leg',
      project((data) => Object.assign(data, { type: 'TAX' }), 'fund-event.json'),
      'unknown-code',
      '/data/type',
    ],
    [
      'result that is neither',
      project((data) => Object.assign(data, { result: 'OK' }), 'intent-result.json'),
      'unknown-code',
      '/data/result',
    ],
  ])('%s: refused', (_, bytes, code, pointer) => {
    const found = refusals(bytes);
    expect(found.map(([one]) => one)).toContain(code);
    if (code !== 'unknown-field' && code !== 'missing-field') expect(found).toContainEqual([code, pointer]);
  });
});

describe('what CTEX cannot say', () => {
  const frame = { requestId: 'r-1', at: '2026-03-02T09:30:00+08:00' };
  const cannot = (message: Message, mirror?: string) => {
    const encoded = encode(message, mirror === undefined ? frame : { ...frame, mirror });
    return encoded.ok ? [] : encoded.refusals.map(({ code, pointer }) => [code, pointer]);
  };

  test.each<[string, Message, string]>([
    ['a suspended listing', foreignListing({ status: 'suspended' }), '/status'],
    [
      'a Hong Kong seller',
      foreignListing({ seller: { ...foreignListing().seller, nature: 'hk-mo-tw' } }),
      '/seller/nature',
    ],
    ['a capital increase', foreignListing({ regime: 'soe-capital' }), '/regime'],
    [
      'software without any right',
      foreignListing({ object: { type: 'software', field: '01', ip: [] } }),
      '/object/type',
    ],
    [
      'a deal whose fee another exchange takes',
      foreignDeal('JX-1', {
        fees: [{ payer: 'buyer', exchange: 'szse', amount: { amount: '1.00', currency: 'CNY' } }],
      }),
      '/fees/0',
    ],
    ['a mirror of another exchange', foreignDeal('JX-1', { listing: { mirror: 'szse:1' } }), '/listing/mirror'],
    ['a closed listing', { kind: 'listing-state', listing: { mirror: 'ctex:JX-1' }, status: 'closed' }, '/status'],
    [
      'a number that walks the path',
      { kind: 'listing-state', listing: { mirror: 'ctex:..' }, status: 'withdrawn' },
      '/listing/mirror',
    ],
    [
      'a rulebook notice of mirroring',
      {
        kind: 'listing-mirrored',
        listing: { id: 'ctex:1' },
        host: 'stex',
        mirror: 'stex:1',
        mirroredAt: frame.at,
        terms: {},
      },
      '/kind',
    ],
  ])('%s is not sent', (_, message, pointer) => {
    expect(cannot(message)).toContainEqual(['not-expressible', pointer]);
  });

  test('a mirror number that walks the path is not sent', () => {
    expect(cannot(foreignListing(), '..')).toEqual([['not-expressible', '/id']]);
  });

  test('what the deal does not depend on is listed as loss', () => {
    const listing = foreignListing({
      deposit: { amount: { amount: '1.00', currency: 'CNY' }, rate: '0.20' },
      publishedAt: '2026-03-02T09:30:00.250+08:00',
    });
    const encoded = encode(listing, frame);
    expect(encoded.ok && encoded.value.loss.map(({ pointer }) => pointer)).toEqual(['/publishedAt', '/deposit/rate']);
  });
});

describe('whatever comes', () => {
  test('arbitrary bytes are read or refused, never thrown', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decode(bytes)));
    fc.assert(fc.property(fc.json(), (json) => void decode(Buffer.from(json))));
  });

  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom('__proto__', 'constructor', '', '0', -1, {}, [], null, ['元'], ['SIGNED'], ['FM']),
  );
  test.each(names)('%s with any one value replaced is read or refused, and what is read can be written', (name) => {
    const event = JSON.parse(text(name)) as Tree;
    fc.assert(
      fc.property(fc.constantFrom(...pathsOf(event)), value, (path, changed) => {
        const tree = structuredClone(event);
        const parent = path.slice(0, -1).reduce((node, key) => node[key] as Tree, tree);
        parent[path.at(-1)!] = changed;
        const decoded = decode(Buffer.from(JSON.stringify(tree)));
        if (!decoded.ok) {
          for (const refusal of decoded.refusals) expect(refusal.pointer).toMatch(/^(\/.*)?$/);
          return;
        }
        const back = encode(decoded.value, { requestId: 'r', at: '2026-03-02T09:30:00+08:00' });
        if (!back.ok) throw new Error(JSON.stringify(back.refusals));
        expect(JSON.parse(Buffer.from(back.value.request.bytes).toString())).toEqual(JSON.parse(JSON.stringify(tree)));
      }),
      { numRuns: 200 },
    );
  });

  test.each(names)('%s with an object that has no text in place of any one value is read or refused', (name) => {
    const event = JSON.parse(text(name)) as Tree;
    for (const path of pathsOf(event)) {
      const tree = structuredClone(event);
      const parent = path.slice(0, -1).reduce((node, key) => node[key] as Tree, tree);
      for (const textless of [{ toString: false }, [{ toString: false }]]) {
        parent[path.at(-1)!] = textless;
        expect([path, typeof decode(Buffer.from(JSON.stringify(tree))).ok]).toEqual([path, 'boolean']);
      }
    }
  });

  test('spelling kept for CTEX that no longer fits the message is not used, whatever it points at', () => {
    const decoded = decode(inText('"price": "128.5"', '"price": "128.50"'));
    if (!decoded.ok) throw new Error(JSON.stringify(decoded.refusals));
    const listing = JSON.parse(JSON.stringify(decoded.value));
    expect(listing.extensions.ctex.asSent).toEqual({ written: { '/data/price': '128.50' }, absent: [] });
    listing.price.amount.amount = '1300000.00';
    listing.extensions.ctex.asSent.written['/__proto__/polluted'] = true;
    const encoded = encode(listing, { requestId: 'r', at: '2026-03-02T09:30:00+08:00' });
    expect(encoded.ok && JSON.parse(Buffer.from(encoded.value.request.bytes).toString()).data.price).toBe('130');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

function pathsOf(tree: unknown, at: readonly string[] = []): readonly (readonly string[])[] {
  if (tree === null || typeof tree !== 'object') return at.length === 0 ? [] : [at];
  const inner = Object.entries(tree).flatMap(([key, one]) => pathsOf(one, [...at, key]));
  return at.length === 0 ? inner : [at, ...inner];
}
