import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { decode } from '../../../adapters/stex/decode.ts';
import { encode } from '../../../adapters/stex/encode.ts';
import { decodeStatement } from '../../../adapters/stex/statement.ts';
import type { Message } from '../../../src/contract/message.ts';
import { readXml } from '../../../src/contract/xml.ts';

const folder = new URL('../../../adapters/stex/samples/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder));
const listing = read('101-listing.xml');
const deal = read('301-deal.xml');

/** A sample with ASCII parts changed, byte for byte. */
function changed(sample: Uint8Array, from: string | RegExp, to: string): Uint8Array {
  const source = Buffer.from(sample).toString('latin1');
  const result = source.replace(from, to);
  if (result === source) throw new Error(`nothing to change: ${String(from)}`);
  return Buffer.from(result, 'latin1');
}

function reasons(bytes: Uint8Array): string[] {
  const message = decode(bytes);
  if (message.ok) return [];
  for (const { zh, en } of message.refusals) expect([zh, en]).not.toContain('');
  return message.refusals.map(({ code, pointer }) => `${code} ${pointer}`);
}

const nested = (depth: number) => `${'<A>'.repeat(depth)}${'</A>'.repeat(depth)}`;

describe('what is turned down, with code and pointer', () => {
  test.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(), 'not-xml '],
    ['truncated in a character', Buffer.from([...listing.subarray(0, 200), 0xbb, 0xa6, 0x81]), 'not-text '],
    ['truncated between characters', listing.subarray(0, 120), 'not-xml /XM'],
    ['a byte that GB18030 does not have', changed(listing, '<BB>1', '<BB>\u00ff'), 'not-text '],
    ['another declared charset', changed(listing, 'GB18030', 'UTF-8'), 'not-text '],
    ['over 1 MiB', Buffer.alloc(1_048_577, ' '), 'too-large '],
    ['33 levels deep', Buffer.from(nested(33)), 'too-deep '],
    ['50,000 levels deep', Buffer.from(nested(50_000)), 'too-deep '],
    ['a DOCTYPE', changed(listing, '<WD ', '<!DOCTYPE WD><WD '), 'doctype-forbidden '],
    [
      'an entity bomb',
      changed(listing, '<WD ', '<!DOCTYPE WD [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><WD '),
      'doctype-forbidden ',
    ],
    ['an entity declaration inside', changed(listing, '<XM>', '<!ENTITY a "b"><XM>'), 'doctype-forbidden '],
    ['an entity nobody declared', changed(listing, '<BB>1</BB>', '<BB>&one;</BB>'), 'not-xml /XM/BB'],
    ['a bare ampersand', changed(listing, '<BB>1</BB>', '<BB>1 & 2</BB>'), 'not-xml /XM/BB'],
    ['a character reference to nothing', changed(listing, '<BB>1</BB>', '<BB>&#0;</BB>'), 'not-xml /XM/BB'],
    ['a control character', changed(listing, '<BB>1</BB>', '<BB>\u0001</BB>'), 'not-xml '],
    ['a processing instruction', changed(listing, '<XM>', '<?php ?><XM>'), 'not-xml '],
    ['crossed tags', changed(listing, '</BB><FX>', '<FX></BB>'), 'not-xml /XM/BB/FX'],
    ['two roots', Buffer.concat([listing, Buffer.from('<WD/>')]), 'not-xml '],
    ['text behind the root', Buffer.concat([listing, Buffer.from('x')]), 'not-xml '],
    ['text between elements', changed(listing, '<BB>1</BB>', 'x<BB>1</BB>'), 'wrong-type /XM'],
    ['an element twice', changed(listing, '<BB>1</BB>', '<BB>1</BB><BB>1</BB>'), 'duplicate-key /XM/BB'],
    ['the content twice', changed(listing, '</XM>', '</XM><XM/>'), 'duplicate-key /XM'],
    ['an attribute twice', changed(listing, ' BB="3.1"', ' BB="3.1" BB="3.1"'), 'duplicate-key /@BB'],
    ['__proto__', changed(listing, '<BB>1</BB>', '<BB>1</BB><__proto__>1</__proto__>'), 'forbidden-key /XM'],
    ['constructor', changed(listing, '<BB>1</BB>', '<BB>1</BB><constructor/>'), 'forbidden-key /XM'],
    ['another root', Buffer.from('<DZD/>'), 'unknown-kind '],
    ['no content', Buffer.from('<WD WDBH="A" LX="101" SJ="20260302093000" BB="3.1"/>'), 'missing-field '],
    ['an unknown type', changed(listing, 'LX="101"', 'LX="999"'), 'unknown-kind /@LX'],
    ['another version of the profile', changed(listing, 'BB="3.1"', 'BB="4.0"'), 'unknown-code /@BB'],
    ['no document id', changed(listing, 'WDBH="SH20260302000017" ', ''), 'missing-field /@WDBH'],
    [
      'a document id that is too long',
      changed(listing, /WDBH="[^"]*"/, `WDBH="${'A'.repeat(65)}"`),
      'bad-format /@WDBH',
    ],
    ['a time that does not exist', changed(listing, 'SJ="20260302093000"', 'SJ="20260302256000"'), 'bad-date /@SJ'],
    ['content of another type', changed(listing, 'LX="101"', 'LX="301"'), 'missing-field /CJ'],
    ['an unknown attribute of the frame', changed(listing, ' BB="3.1"', ' BB="3.1" XX="1"'), 'unknown-field /@XX'],
    ['an unknown element', changed(listing, '<BB>1</BB>', '<BB>1</BB><NEW>1</NEW>'), 'unknown-field /XM/NEW'],
    ['an unknown attribute', changed(listing, '<BB>1', '<BB X="1">1'), 'bad-number /XM/BB'],
    ['a structure in place of a value', changed(listing, '<FX>1</FX>', '<FX><toString/></FX>'), 'unknown-code /XM/FX'],
    ['a value in place of a structure', changed(listing, /<CRF>.*<\/CRF>/, '<CRF>x</CRF>'), 'missing-field /XM/CRF/MC'],
    ['an empty instalment', changed(listing, '<Q BL="0.30" TS="5"/>', '<Q/>'), 'wrong-type /XM/FQ/Q/0'],
    ['a missing title', changed(listing, /<XMMC>.*<\/XMMC><XMJJ>/, '<XMJJ>'), 'missing-field /XM/XMMC'],
    ['an unknown code', changed(listing, '<HTLX>2', '<HTLX>7'), 'unknown-code /XM/HTLX'],
    ['an unknown nature', changed(listing, '<XZ>170', '<XZ>175'), 'unknown-code /XM/CRF/XZ'],
    ['an unknown kind of right', changed(listing, '<ITEM><LX>1', '<ITEM><LX>0'), 'unknown-code /XM/ZSCQ/ITEM/0/LX'],
    ['an unknown pledge', changed(listing, '<ZY>0', '<ZY>2'), 'unknown-code /XM/ZSCQ/ITEM/0/ZY'],
    ['a fraction of a fen', changed(listing, '1,285,000.00', '1,285,000.001'), 'fen-fraction /XM/GPJG'],
    ['a negative amount', changed(listing, '1,285,000.00', '-1,285,000.00'), 'negative-money /XM/GPJG'],
    ['an exponent', changed(listing, '1,285,000.00', '1.285e6'), 'bad-money /XM/GPJG'],
    ['hexadecimal', changed(listing, '1,285,000.00', '0x139B68'), 'bad-money /XM/GPJG'],
    ['no separators', changed(listing, '1,285,000.00', '1285000.00'), 'bad-money /XM/GPJG'],
    ['misplaced separators', changed(listing, '1,285,000.00', '12,85,000.00'), 'bad-money /XM/GPJG'],
    ['one decimal', changed(listing, '1,285,000.00', '1,285,000.0'), 'bad-money /XM/GPJG'],
    ['a leading zero', changed(listing, '1,285,000.00', '01,285,000.00'), 'bad-money /XM/GPJG'],
    ['beyond 2^53 fen', changed(listing, '1,285,000.00', '90,071,992,547,409.92'), 'money-too-large /XM/GPJG'],
    ['a price that is negotiable', changed(listing, '<JGFS>1', '<JGFS>3'), 'inconsistent /XM/GPJG'],
    [
      'a fixed price that is missing',
      changed(listing, '<GPJG>1,285,000.00</GPJG>', '<GPJG/>'),
      'missing-field /XM/GPJG',
    ],
    ['a date that does not exist', changed(listing, '<PLJZ>20260330', '<PLJZ>20260230'), 'bad-date /XM/PLJZ'],
    ['a date with dashes', changed(listing, '<PLJZ>20260330', '<PLJZ>2026-03-30'), 'bad-date /XM/PLJZ'],
    ['an end before the start', changed(listing, '<PLJZ>20260330', '<PLJZ>20260301'), 'inconsistent /XM/PLJZ'],
    [
      'an hour that does not exist',
      changed(listing, '<FBSJ>20260302093000', '<FBSJ>20260302240000'),
      'bad-date /XM/FBSJ',
    ],
    [
      'a wrong credit code',
      changed(listing, '91310110MA1G003960', '91310110MA1G003961'),
      'bad-check-digit /XM/CRF/XYDM',
    ],
    [
      'a wrong patent number',
      changed(listing, '202310123456.6', '202310123456.7'),
      'bad-check-digit /XM/ZSCQ/ITEM/0/BH',
    ],
    ['instalments that are not one', changed(listing, 'BL="0.70"', 'BL="0.60"'), 'bad-instalments /XM/FQ/Q'],
    ['a share above one', changed(listing, 'BL="0.70"', 'BL="1.70"'), 'bad-number /XM/FQ/Q/1/@BL'],
    ['a maturity of 10', changed(listing, '<CSD>7', '<CSD>10'), 'bad-number /XM/CSD'],
    ['a version of 1.0', changed(listing, '<BB>1<', '<BB>1.0<'), 'bad-number /XM/BB'],
    ['a version beyond 2^53', changed(listing, '<BB>1<', '<BB>9007199254740993<'), 'bad-number /XM/BB'],
    ['a field out of the list', changed(listing, '<JSLY>03', '<JSLY>12'), 'bad-format /XM/JSLY'],
    ['an IPC that is none', changed(listing, 'F16H 49/00', '16FH 49/00'), 'bad-format /XM/IPC'],
    ['a licence without its scope', changed(listing, '<HTLX>2', '<HTLX>3'), 'missing-field /XM/XKFS'],
    ['a scope without a licence', changed(listing, '<XKFS/>', '<XKFS>1</XKFS>'), 'inconsistent /XM/XKFS'],
    ['a deal state against its type', changed(deal, '<ZT>1', '<ZT>2'), 'inconsistent /CJ/ZT'],
    ['a certificate where none can be', changed(deal, '<QYSJ>', '<JZBH>A</JZBH><QYSJ>'), 'inconsistent /CJ/JZBH'],
    ['more technology than price', changed(deal, '1,000,000.00', '1,180,000.01'), 'inconsistent /CJ/JSJYE'],
    ['a buyer’s exchange nobody knows', changed(deal, '>CTEX<', '>NYSE<'), 'unknown-code /CJ/MFJYS'],
    ['a deal without a listing', changed(deal, /<XMBH>[^<]*<\/XMBH>/, ''), 'missing-field /CJ/XMBH'],
  ])('%s', (_, bytes, expected) => {
    expect(reasons(bytes)).toContain(expected);
  });

  test('all reasons are given, not the first', () => {
    const bytes = changed(changed(listing, '<HTLX>2', '<HTLX>7'), '<FX>1', '<FX>3');
    expect(reasons(bytes)).toEqual(['unknown-code /XM/FX', 'unknown-code /XM/HTLX']);
  });

  test('what only looks odd is taken: full-width digits, comments, CDATA, other quotes, no declaration', () => {
    const odd = changed(
      changed(listing, '<HYDM>C3491</HYDM>', '<!-- GB/T 4754 --><HYDM ><![CDATA[C3491]]></HYDM\n>'),
      /^<\?xml[^>]*\?>\s*<WD WDBH="([^"]*)"/,
      "<WD WDBH = '$1'",
    );
    expect(decode(odd)).toEqual(decode(listing));
  });
});

describe('nothing read ever throws', () => {
  const samples = ['101-listing.xml', '301-deal.xml', '201-interest.xml', '401-deposit.xml'].map(read);

  test('arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void [decode(bytes), decodeStatement([bytes])]),
    );
  });

  test('arbitrary text made of what documents are made of', () => {
    const tokens = ['<WD WDBH="1" LX="101" SJ="20260302093000" BB="3.1">', '</WD>', '<XM>', '</XM>', '<CRF/>', '<'];
    const more = [
      '&amp;',
      '&#65;',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '"',
      '=',
      'YJYS',
      '<YJYS>CTEX</YJYS>',
      '一',
      ' ',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...tokens, ...more), { maxLength: 30 }), (parts) => {
        decode(Buffer.from(parts.join(''), 'latin1'));
      }),
    );
  });

  test('samples with bytes changed, cut out, put in', () => {
    const edit = fc.record({ at: fc.nat(2000), cut: fc.nat(20), put: fc.uint8Array({ maxLength: 8 }) });
    fc.assert(
      fc.property(fc.constantFrom(...samples), fc.array(edit, { minLength: 1, maxLength: 4 }), (sample, edits) => {
        const bytes = edits.reduce((all, { at, cut, put }) => {
          return Buffer.concat([all.subarray(0, at), put, all.subarray(at + cut)]);
        }, sample);
        const message = decode(bytes);
        if (message.ok)
          expect(encode(message.value, { requestId: 'Q', at: '2026-03-02T10:00:00+08:00' }).ok).toBe(true);
        else expect(message.refusals.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });

  test('statements with any element moved or emptied', () => {
    const statement = read('statement-2026-04-09.xml').toString('latin1');
    const tags = [...statement.matchAll(/<\w+>[^<]*<\/\w+>/g)].map(([tag]) => tag);
    for (const tag of tags) {
      for (const by of ['', '<X/>', tag + tag, tag.replace(/>[^<]*</, '><')]) {
        const result = decodeStatement([Buffer.from(statement.replace(tag, by), 'latin1')]);
        if (result.ok) expect(by).toBe(tag);
      }
    }
  });
});

describe('characters GB18030 cannot carry there and back', () => {
  const message = decode(listing);
  const withTitle = (title: string) => {
    if (!message.ok) throw new Error();
    return encode({ ...message.value, title } as Message, { requestId: 'Q', at: '2026-03-02T10:00:00+08:00' });
  };

  test('rare and four-byte characters go through', () => {
    const encoded = withTitle('𠀀㐀龦䶮€😀 & <“”>');
    const back = encoded.ok ? decode(encoded.value.request.bytes) : encoded;
    expect(back).toMatchObject({ ok: true, value: { title: '𠀀㐀龦䶮€😀 & <“”>' } });
  });

  test.each(['\ue5e5', '\ue81e', '\ud800'])(
    '%j is refused where it stands, not sent as something else',
    (character) => {
      expect(withTitle(`甲${character}乙`)).toMatchObject({
        ok: false,
        refusals: [{ code: 'not-expressible', pointer: '/title' }],
      });
    },
  );
});

describe('our reader beside another', () => {
  const other = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    processEntities: false,
  });
  const name = fc.constantFrom('WD', 'XM', 'A', 'B1', 'c-d');
  const text = fc.constantFrom('', ' ', '一', '00123', '1e5', 'x y', '>', 'true', '&', '<', '</A>', ']]>');
  const { element } = fc.letrec<{ element: string }>((tie) => ({
    element: fc
      .tuple(
        name,
        fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('', '1', '<', '00'), { maxKeys: 2 }),
        fc.oneof(
          { maxDepth: 4 },
          text,
          fc.array(tie('element') as fc.Arbitrary<string>, { maxLength: 3 }).map((all) => all.join('')),
        ),
        fc.option(name, { freq: 12, nil: undefined }),
      )
      .map(([tag, attributes, inner, end]) => {
        const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${value}"`);
        return `<${tag}${written.join('')}>${inner}</${end ?? tag}>`;
      }),
  }));

  test('everything we take, it takes, and reads the same', () => {
    let taken = 0;
    fc.assert(
      fc.property(element, (document) => {
        const ours = readXml(document, new Map());
        if (!ours.ok) return;
        taken++;
        expect(XMLValidator.validate(document)).toBe(true);
        const theirs = other.parse(document)[ours.value.name];
        const plain = JSON.parse(JSON.stringify(ours.value.value));
        expect(leaves(plain)).toEqual(leaves(theirs));
      }),
      { numRuns: 2000 },
    );
    expect(taken).toBeGreaterThan(100);
  });
});

/** Values by path; blank text between elements, which means nothing, left out. */
function leaves(value: unknown, path = ''): Record<string, string> {
  if (typeof value === 'string') return value.trim() === '' ? {} : { [path.replace(/\/#text$/, '')]: value };
  const found = Object.entries(value as object).flatMap(([key, inner]) =>
    Object.entries(leaves(inner, `${path}/${key}`)),
  );
  return Object.fromEntries(found);
}
