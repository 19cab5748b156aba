import { readFileSync } from 'node:fs';
import { decode as ctex } from '../../adapters/ctex/decode.ts';
import { decode as stex } from '../../adapters/stex/decode.ts';
import { decode as szse } from '../../adapters/szse/decode.ts';
import { parseJson } from '../../src/contract/json.ts';

/** Threat 18: one key twice, read by one party as its first value and by the other as its last. */

const sampleOf = (path: string) => readFileSync(new URL(`../../adapters/${path}`, import.meta.url));

test.each([
  ['two prices', '{"price":1,"price":999}'],
  ['the same value twice', '{"price":1,"price":1}'],
  ['one of them escaped', '{"price":1,"pr\\u0069ce":999}'],
  ['deep inside', '{"a":[{"b":{"c":1,"c":2}}]}'],
])('%s: refused before anything reads them', (_, text) => {
  expect(parseJson(Buffer.from(text))).toMatchObject({ ok: false, refusals: [{ code: 'duplicate-key' }] });
});

test('in each exchange’s own language', () => {
  const project = sampleOf('ctex/samples/project-published.json').toString();
  const twice = project.replace(/"version"\s*:\s*1/, '"version": 1, "version": 2');
  expect(twice).not.toBe(project);
  expect(ctex(Buffer.from(twice))).toMatchObject({ ok: false, refusals: [{ code: 'duplicate-key' }] });

  const document = sampleOf('stex/samples/101-listing.xml').toString('latin1');
  const again = document.replace('<BB>1</BB>', '<BB>1</BB><BB>2</BB>');
  expect(stex(Buffer.from(again, 'latin1'))).toMatchObject({ ok: false, refusals: [{ code: 'duplicate-key' }] });

  const line = sampleOf('szse/samples/szse-UL-listing.txt').toString();
  const SOH = String.fromCharCode(1);
  const [first, ...rest] = line.split(SOH).filter((field) => /^2000[1-9]=/.test(field));
  expect(rest.length).toBeGreaterThan(0);
  const refused = szse(Buffer.from(line.replace(`${first}${SOH}`, `${first}${SOH}${first}${SOH}`)));
  expect(refused.ok).toBe(false);
});
