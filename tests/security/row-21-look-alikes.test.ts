import { readFileSync } from 'node:fs';
import { decode as ctex } from '../../adapters/ctex/decode.ts';
import type { Listing } from '../../src/contract/message.ts';
import { parseMessage, parseMessageBytes } from '../../src/contract/parse.ts';
import { plainListing } from '../contract/samples.ts';
import { type Ground, openGround } from '../relay/ground.ts';
import { listing } from '../relay/messages.ts';

/** Threat 21: characters that look like others, or are composed otherwise, or turn what stands behind them round. */

const refusalsOf = (change: Partial<Record<keyof Listing, unknown>>) => {
  const read = parseMessage({ ...plainListing, ...change } as never);
  return read.ok ? [] : read.refusals.map(({ code, pointer }) => `${code} ${pointer}`);
};

test.each([
  ['an override of direction', '\u202e'],
  ['an isolate', '\u2066'],
  ['a terminal control of eight bits', '\u009b'],
  ['a NUL', '\u0000'],
  ['an escape', '\u001b'],
  ['a noncharacter', '\ufffe'],
])('%s is in no text and no number', (_, character) => {
  expect(refusalsOf({ title: `甲${character}乙` })).toEqual(['bad-format /title']);
  expect(refusalsOf({ seller: { ...plainListing.seller, name: `公${character}司` } })).toEqual([
    'bad-format /seller/name',
  ]);
  expect(refusalsOf({ id: `ctex:A${character}`, nativeId: `A${character}` }).join()).toContain('bad-format /id');
  const sample = readFileSync(new URL('../../adapters/ctex/samples/project-published.json', import.meta.url), 'utf8');
  const escaped = `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const native = sample.replace(/"projectName"\s*:\s*"/, (start) => `${start}${escaped}`);
  expect(ctex(Buffer.from(native)).ok).toBe(false);
});

test('a lone surrogate is no text, written out or as an escape', () => {
  for (const half of ['\\ud800', '\\udfff', '\\ud800\\ud800']) {
    const text = JSON.stringify(plainListing).replace(plainListing.title, half);
    expect(parseMessageBytes(Buffer.from(text))).toMatchObject({ ok: false, refusals: [{ code: 'not-text' }] });
  }
});

test.each(['сtex:1', 'ｃｔｅｘ:1', 'ctеx:1', 'CTEX:1', 'ctex\u200b:1', 'ctex：1', ' ctex:1'])(
  '%j is no exchange’s number, however it looks',
  (id) => {
    expect(refusalsOf({ id }).join()).toContain('/id');
  },
);

test.each([
  ['full-width digits', '９１１１０１０８MA0000015T'],
  ['a Cyrillic letter', '91110108МA0000015T'],
  ['small letters', '91110108ma0000015t'],
])('a credit code with %s is none', (_, uscc) => {
  expect(refusalsOf({ seller: { ...plainListing.seller, uscc } })).toEqual(['bad-check-digit /seller/uscc']);
});

test.each(['１２８５０００.00', '١٢٨٥.00', '1285000．00', '1\u200b285.00', '−1.00'])('%j is no amount', (amount) => {
  expect(refusalsOf({ price: { kind: 'fixed', amount: { amount, currency: 'CNY' } } }).length).toBeGreaterThan(0);
});

test.each([
  ['a letter and its mark apart', 'Ame\u0301lie', 'Am\u00e9lie'],
  ['marks in another order', 'q\u0307\u0323', 'q\u0323\u0307'],
  ['Hangul in parts', '\u1100\u1161', '\uac00'],
  ['the sign of ohm', '10 \u2126', '10 \u03a9'],
  ['kana and its sound mark apart', 'か\u3099', 'が'],
])('%s is refused, composed it is taken: one look, one text', (_, apart, composed) => {
  expect(refusalsOf({ title: apart })).toEqual(['bad-format /title']);
  expect(refusalsOf({ seller: { ...plainListing.seller, name: apart } })).toEqual(['bad-format /seller/name']);
  expect(refusalsOf({ title: composed })).toEqual([]);
});

test('names with ideographs that GB18030 has twice are taken as they are written', () => {
  expect(refusalsOf({ title: '\uf979水\uf9f1舍𠀀龦' })).toEqual([]);
});

describe('two numbers that look alike', () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await openGround();
  });
  afterAll(() => ground.close());

  test('are two listings, each its own exchange’s; none takes the place of the other, nothing is normalised away', async () => {
    // Latin and Cyrillic A; half and full width.
    const alike = ['A1', 'А1', 'é1', 'ａ1', 'a1', 'ﬁ1', 'fi1'];
    for (const number of alike) {
      expect(await ground.send('ctex', listing(`ctex:${number}`))).toMatchObject({ outcome: 'accepted' });
    }
    const { rows } = await ground.database.query<{ id: string }>('select id from listing order by id');
    expect(rows.map(({ id }) => id).sort()).toEqual(alike.map((number) => `ctex:${number}`).sort());
    // Another exchange gets at none of them by a number that looks the same.
    for (const number of alike) {
      const [answer] = await ground.sendAll([ground.arrival('stex', listing(`ctex:${number}`))]);
      expect(answer).toMatchObject({ outcome: 'refused', refusals: [{ code: 'not-yours' }] });
    }
  });
});
