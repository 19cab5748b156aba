import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { qiao } from './command-line.ts';

/** Terminal columns: CJK characters and full-width punctuation take two. */
const columns = (line: string) =>
  [...line].reduce((sum, c) => sum + (/[\u2e80-\u9fff\uff00-\uff60]/.test(c) ? 2 : 1), 0);

const usage: readonly (readonly string[])[] = [
  [],
  ['nonsense'],
  ['normalize', 'ctex'],
  ['normalise'],
  ['normalise', 'nyse'],
  ['normalise', 'ctex', 'a', 'b'],
  ['normalise', '--surprise', 'ctex'],
  ['localise', 'ctex', '--at', 'yesterday'],
  ['localise', 'ctex', '--at', '2026-03-02T09:30:00Z'],
  ['localise', 'ctex', '--request-id', ''],
  ['localise', 'ctex', '--request-id', 'x'.repeat(65)],
  ['localise', 'ctex', '--request-id', '编号'],
  ['decide'],
  ['decide', '--host', 'stex'],
  ['decide', '--host', 'nyse', '--at', '2026-03-02'],
  ['decide', '--host', 'stex', '--at', '2026-02-30'],
  ['rules'],
  ['rules', 'diff', 'ctex'],
  ['rules', 'merge', 'ctex', 'stex'],
  ['mock'],
  ['mock', 'nyse'],
  ['mock', 'ctex', '--port', '65536'],
  ['mock', 'ctex', '--port', 'http'],
  ['config', 'extra'],
  ['evidence'],
  ['evidence', '00000000-0000-4000-8000-000000000000'],
  ['verify'],
  ['verify', 'bundle.json'],
  ['verify', 'bundle.json', '--trust'],
];

for (const argv of usage) {
  test(`"qiao ${argv.join(' ')}" is a usage error: exit 64, said on stderr, nothing on stdout`, async () => {
    const ran = await qiao(argv);
    expect(ran.exit).toBe(64);
    expect(ran.stdout.length).toBe(0);
    expect(ran.stderr).not.toBe('');
    expect(ran.stderr).not.toMatch(/^\s+at .+:\d+:\d+/m);
  });
}

test('help and version are answers: exit 0, on stdout', async () => {
  for (const argv of [['--help'], ['help'], ['normalise', '--help'], ['rules', 'diff', '--help']]) {
    const ran = await qiao(argv);
    expect([argv, ran.exit, ran.stderr]).toEqual([argv, 0, '']);
    expect(ran.stdout.length).toBeGreaterThan(50);
  }
  const { stdout } = await qiao(['--version']);
  expect(stdout.toString()).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('a file that cannot be read is a failure of the surroundings: exit 1, one line in both languages', async () => {
  for (const file of ['/nowhere/at/all.json', tmpdir()]) {
    const ran = await qiao(['normalise', 'ctex', file]);
    expect(ran.exit).toBe(1);
    expect(ran.stdout.length).toBe(0);
    expect(ran.stderr).toMatch(/^qiao: [^\n]*无法读取文件[^\n]*cannot read [^\n]*\n$/);
  }
});

test('config shows what is in force and where it comes from, and never a secret', async () => {
  const env = {
    DATABASE_URL: 'postgres://u:geheim@127.0.0.1/q',
    QIAO_OPERATOR_TOKEN: 'geheim-geheim-geheim-geheim',
    PORT: '9000',
  };
  const json = await qiao(['config', '--json'], { env });
  const rows: { name: string; value: string; source: string }[] = JSON.parse(json.stdout.toString());
  expect(rows.find(({ name }) => name === 'PORT')).toEqual({ name: 'PORT', value: '9000', source: 'environment' });
  const table = await qiao(['config'], { env });
  for (const { stdout } of [json, table]) expect(stdout.toString()).not.toContain('geheim');
  for (const { name } of rows) expect(table.stdout.toString()).toContain(name);
});

test('an environment that is not acceptable is told whole: exit 1, one line', async () => {
  const ran = await qiao(['config'], { env: { PORT: 'x', DATABASE_URL: 'mysql://x' } });
  expect(ran.exit).toBe(1);
  expect(ran.stderr).toMatch(
    /^qiao: [^\n]*PORT[^\n]*DATABASE_URL[^\n]*\n$|^qiao: [^\n]*DATABASE_URL[^\n]*PORT[^\n]*\n$/,
  );
});

test('rules diff aligns its columns, Chinese characters counted as two', async () => {
  const { exit, stdout } = await qiao(['rules', 'diff', 'ctex', 'szse']);
  expect(exit).toBe(0);
  const lines = stdout.toString().trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(5);
  expect(new Set(lines.map(columns)).size).toBe(1);
});

test('rules diff as JSON says what each side has; a rulebook does not differ from itself', async () => {
  const rows = JSON.parse((await qiao(['rules', 'diff', 'ctex', 'szse', '--json'])).stdout.toString());
  expect(rows.map((row: { dimension: string }) => row.dimension)).toContain('modes');
  expect(JSON.parse((await qiao(['rules', 'diff', 'stex', 'stex', '--json'])).stdout.toString())).toEqual([]);
});

test('rules diff reads a rulebook file, and turns down one that is not in order', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'qiao-rules-'));
  const own = new URL('../../adapters/ctex/rulebook.json', import.meta.url);
  const same = await qiao(['rules', 'diff', 'ctex', own.pathname, '--json']);
  expect(JSON.parse(same.stdout.toString())).toEqual([]);
  writeFileSync(join(folder, 'bad.json'), '{"kind":"rulebook","exchange":"nyse"}');
  const bad = await qiao(['rules', 'diff', 'ctex', join(folder, 'bad.json')]);
  expect(bad.exit).toBe(2);
  expect(JSON.parse(bad.stderr).errors.map((one: { pointer: string }) => one.pointer)).toContain('/exchange');
  rmSync(folder, { recursive: true });
});
