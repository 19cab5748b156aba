import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAX_BUNDLE_BYTES } from '../../src/evidence/bundle.ts';
import { build, type Ground, makeGround } from '../evidence/raw-bundle.ts';
import { qiao } from './command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'qiao-verify-'));
let ground: Ground;
beforeAll(async () => {
  ground = await makeGround();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function written(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

test('a bundle from standard input, against a checkpoint from a file', async () => {
  const built = await build(ground);
  const trust = written('anchor.json', JSON.stringify(built.anchor));
  const good = await qiao(['verify', '-', '--trust', trust], { stdin: built.bytes() });
  expect([good.exit, good.stderr]).toEqual([0, '']);
  const forged = written('forged.note', built.note([...built.leaves].reverse()));
  const ran = await qiao(['verify', '-', '--trust', trust, '--against', forged], { stdin: built.bytes() });
  expect([ran.exit, JSON.parse(ran.stderr).code]).toEqual([2, 'evidence-forked-log']);
});

test.each([
  ['', 'evidence-malformed'],
  ['{', 'evidence-malformed'],
  ['{"format":"qiao-evidence/2"}', 'evidence-unknown-format'],
  ['{"format":"qiao-evidence/1"}', 'evidence-missing-part'],
  ['{"format":"qiao-evidence/1","format":"qiao-evidence/1"}', 'evidence-malformed'],
  [Buffer.alloc(MAX_BUNDLE_BYTES + 1, 0x20), 'evidence-too-large'],
])('what is no bundle is refused with its code, exit 2 (%#)', async (content, code) => {
  const built = await build(ground);
  const trust = written('anchor.json', JSON.stringify(built.anchor));
  const ran = await qiao(['verify', written('bundle.json', content), '--trust', trust]);
  expect([ran.exit, ran.stdout.length, JSON.parse(ran.stderr).code]).toEqual([2, 0, code]);
});

test.each(['', '[]', '{"format":"qiao-trust-anchor/9"}'])('an anchor of “%s”: exit 2', async (content) => {
  const ran = await qiao(['verify', written('x.json', '{}'), '--trust', written('bad-anchor.json', content)]);
  expect([ran.exit, JSON.parse(ran.stderr).code]).toEqual([2, 'evidence-anchor-malformed']);
});

test('files that are not there: exit 1, one line in both languages', async () => {
  const ran = await qiao(['verify', join(folder, 'nowhere.json'), '--trust', join(folder, 'nowhere-else.json')]);
  expect([ran.exit, ran.stdout.length]).toEqual([1, 0]);
  expect(ran.stderr).toMatch(/^qiao: [^\n]+ \/ [^\n]+\n$/);
});
