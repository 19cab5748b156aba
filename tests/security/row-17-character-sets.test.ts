import { readFileSync } from 'node:fs';
import { decode as ctex } from '../../adapters/ctex/decode.ts';
import { decode as stex } from '../../adapters/stex/decode.ts';
import { encode } from '../../adapters/stex/encode.ts';
import { decode as szse } from '../../adapters/szse/decode.ts';
import { SOH } from '../../adapters/szse/wire.ts';
import type { Listing } from '../../src/contract/message.ts';
import { plainListing } from '../contract/samples.ts';

/**
 * Threat 17: bytes that mean one thing to one reader and another to the next: second bytes that look like ASCII, first
 * bytes that swallow what follows, code points that moved between versions of GB18030, the wrong character set.
 */

const sampleOf = (path: string) => readFileSync(new URL(`../../adapters/${path}`, import.meta.url)).toString('latin1');
const document = sampleOf('stex/samples/101-listing.xml');
/** The STEX sample with these bytes, given in latin-1, as its title. */
const titled = (bytes: string) =>
  Buffer.from(
    document.replace(/<XMMC>[^<]*<\/XMMC>/, () => `<XMMC>${bytes}</XMMC>`),
    'latin1',
  );
const titleOf = (bytes: Buffer) => {
  const read = stex(bytes);
  if (!read.ok) throw new Error(JSON.stringify(read.refusals));
  return (read.value as Listing).title;
};

test.each([
  ['a backslash', '\xd5\x5c', '誠'],
  ['a bar', '\xd5\x7c', '諀'],
  ['an at sign', '\x81\x40', '丂'],
  ['digits, in four bytes', '\x95\x32\x82\x36', '𠀀'],
])('a character whose later bytes look like %s is one character', (_, bytes, character) => {
  expect(new TextDecoder('gb18030').decode(Buffer.from(bytes, 'latin1'))).toHaveLength(character.length);
  const title = titleOf(titled(`A${bytes}B`));
  expect([...title]).toHaveLength(3);
  expect([title.at(0), title.at(-1)]).toEqual(['A', 'B']);
  expect(title).not.toMatch(/[\\|@]|\d/);
});

test.each([
  ['the tag behind it', titled('A\xd5')],
  ['the tag behind it, in the middle of four bytes', titled('A\x81\x30\x81')],
  ['a quotation mark', Buffer.from(document.replace('BB="3.1"', 'BB="3.1\x81"'), 'latin1')],
])('a first byte that would swallow %s is no text, and nothing is swallowed', (_, bytes) => {
  expect(stex(bytes)).toMatchObject({ ok: false, refusals: [{ code: 'not-text' }] });
});

test.each(['\xff', '\x80\xff', '\x81\x20', '\xe3\x32\x9a\x36', '\xfe\x39\xfe\x39'])(
  'bytes %j that GB18030 does not have are no text; they are never replaced',
  (bytes) => {
    expect(stex(titled(bytes))).toMatchObject({ ok: false, refusals: [{ code: 'not-text' }] });
  },
);

test('a code point that moved with GB18030-2022 is read by the new table and never sent as another', () => {
  expect(titleOf(titled('A\xa6\xd9B'))).toBe('A\ufe10B');
  for (const title of ['A\ufe10B', 'A\ue78dB']) {
    const frame = { requestId: 'R-1', at: '2026-03-02T10:00:00+08:00' };
    const sent = encode({ ...plainListing, title }, frame);
    // Either the other side reads what was meant, or it is not sent at all.
    if (sent.ok) expect(titleOf(Buffer.from(sent.value.request.bytes))).toBe(title);
    else expect(sent.refusals).toMatchObject([{ code: 'not-expressible' }]);
  }
});

test.each(['UTF-8', 'utf-16', 'GB2312', 'UTF-7', 'ISO-8859-1', 'IBM037'])(
  'a document that claims to be %s is not read by another rule than the profile’s',
  (name) => {
    const claimed = Buffer.from(document.replace('GB18030', name), 'latin1');
    expect(stex(claimed)).toMatchObject({ ok: false, refusals: [{ code: 'not-text' }] });
  },
);

test('a byte order mark changes nothing of what bytes mean: it is refused', () => {
  for (const mark of ['\xef\xbb\xbf', '\xff\xfe', '\xfe\xff', '\x84\x31\x95\x33']) {
    expect(stex(Buffer.from(mark + document, 'latin1'))).toMatchObject({ ok: false });
  }
});

test('UTF-8 is read as strictly: GBK in it, overlong forms, surrogates and half characters are no text', () => {
  const event = sampleOf('ctex/samples/project-published.json');
  const line = sampleOf('szse/samples/szse-UL-listing.txt');
  for (const bytes of ['\xd5\x5c', '\xc0\xaf', '\xe0\x80\xaf', '\xed\xa0\x80', '\xf4\x90\x80\x80', '\xe6\x8a']) {
    const project = event.replace(/"projectName"\s*:\s*"[^"]*"/, () => `"projectName": "${bytes}"`);
    expect(project).toContain(bytes);
    expect(ctex(Buffer.from(project, 'latin1'))).toMatchObject({ ok: false, refusals: [{ code: 'not-text' }] });
    const fields = line.split(SOH).map((field) => (field.startsWith('20005=') ? `20005=${bytes}` : field));
    const tagged = fields.join(SOH);
    expect(tagged).toContain(bytes);
    expect(szse(Buffer.from(tagged, 'latin1'))).toMatchObject({ ok: false, refusals: [{ code: 'not-text' }] });
  }
});

test('what one exchange says in GB18030 the others get as the same characters', () => {
  const read = stex(titled('\xd5\x5c\x95\x32\x82\x36\xa6\xd9'));
  if (!read.ok) throw new Error(JSON.stringify(read.refusals));
  expect((read.value as Listing).title).toBe(new TextDecoder('gb18030').decode(Buffer.from('d55c95328236a6d9', 'hex')));
});
