import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { adapters } from '../../adapters/all.ts';
import { evidenceCatalogue } from '../../src/evidence/codes.ts';
import { type Evidence, verifyEvidence } from '../../src/evidence/verify.ts';
import { nativeSm2 } from '../../src/trust/sm2.ts';
import { parseAnchor } from '../../src/trust/trust-anchor.ts';

/** docs/EVIDENCE.md is what others build by: what it says is held to what is so. */

const read = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url));
const page = read('EVIDENCE.md').toString('utf8');
const bundle = read('evidence-example/deal.json');

test('every code stands on the page with its texts, and no other', () => {
  for (const { code, zh, en } of evidenceCatalogue()) expect(page).toContain(`| \`${code}\` | ${zh} | ${en} |`);
  const known = [...evidenceCatalogue().map(({ code }) => code as string), 'evidence-withheld'];
  const named = new Set(page.match(/evidence-[a-z]+(?:-[a-z]+)*(?=`)/g));
  expect([...named].filter((code) => !known.includes(code))).toEqual([]);
});

test('the worked example is verified, and its figures are those on the page', () => {
  const anchor = parseAnchor(read('evidence-example/anchor.json'));
  if (!anchor.ok) throw new Error(JSON.stringify(anchor.refusals));
  const tools = { sm2: nativeSm2, adapters: new Map(adapters.map((one) => [one.exchange as string, one])) };
  const verdict = verifyEvidence(bundle, anchor.value, tools) as Evidence;
  expect(verdict).toMatchObject({ ok: true, demo: true });
  expect(verdict.envelope.signatures.map(({ alg }) => alg)).toEqual(['Ed25519', 'SM2-SM3']);
  const { entry, checkpoint, native } = JSON.parse(bundle.toString('utf8'));
  const leaf = Buffer.from(entry.leaf, 'base64');
  const figures = [
    verdict.envelope.digest,
    createHash('sha256').update(Buffer.from(native.bytes, 'base64')).digest('hex'),
    leaf.toString('hex', 50, 82),
    leaf.toString('hex', 82, 114),
    createHash('sha256').update(Buffer.of(0)).update(leaf).digest('hex'),
    Buffer.from(verdict.head.root).toString('hex'),
    checkpoint.split('\n')[2],
  ];
  for (const figure of figures) expect(page).toContain(figure);
});
