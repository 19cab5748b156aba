import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProcess } from '../support/processes.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const program = join(root, 'bin/qiao.mjs');
const sample = join(root, 'adapters/ctex/samples/project-published.json');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'qiao-process-'));
  // Builds only when dist/ is older than the sources.
  const made = spawnSync(process.execPath, [join(root, 'bin/ensure.mjs')], { encoding: 'utf8', cwd: root });
  if (made.status !== 0) throw new Error(made.stdout + made.stderr);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const qiao = (argv: readonly string[], input?: string) =>
  spawnSync(process.execPath, [program, ...argv], { input, encoding: 'utf8', cwd: folder });

test('the program as installed ends with 0, 1, 2 and 64', () => {
  const done = qiao(['normalise', 'ctex', sample]);
  expect([done.status, done.stderr]).toEqual([0, '']);
  expect(JSON.parse(done.stdout)).toMatchObject({ kind: 'listing', home: 'ctex' });
  expect(qiao(['normalise', 'ctex', '/nowhere']).status).toBe(1);
  const refused = qiao(['normalise', 'ctex'], '{');
  expect([refused.status, refused.stdout, JSON.parse(refused.stderr).code]).toEqual([2, '', 'not-json']);
  expect(qiao(['normalise']).status).toBe(64);
});

test('a reader that goes away is no failure and leaves no trace', () => {
  const { status, stderr } = spawnSync(
    'sh',
    ['-c', `"${process.execPath}" "${program}" rules diff ctex szse --json | head -c 10 > /dev/null`],
    {
      encoding: 'utf8',
    },
  );
  expect([status, stderr]).toEqual([0, '']);
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends a mock cleanly', async (signal) => {
  const child = startProcess(process.execPath, [program, 'mock', 'ctex'], {
    cwd: folder,
    env: { ...process.env, QIAO_DATA: folder, NODE_ENV: 'test' },
  });
  try {
    await child.says(/^desk +http/m);
    await child.says(/Ctrl-C/);
    expect(await child.kill(signal)).toEqual({ code: 0, signal: null });
    expect(child.stderr()).toBe('');
  } finally {
    await child.kill();
  }
});
