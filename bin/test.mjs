/**
 * Runs every suite (or those named in the arguments) and closes with one plain line: `N passed, N failed`.
 * Exit code: that of jest; 1 when CI is set and no Redis is found.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeScratch, removeScratch } from './scratch.mjs';

const root = dirname(import.meta.dirname);
const jest = createRequire(import.meta.url).resolve('jest/bin/jest');

const hasRedis = Boolean(process.env.REDIS_URL) || spawnSync('redis-server', ['--version']).status === 0;
const missingRedis = `
  ┌──────────────────────────────────────────────────────────────────────────────┐
  │ 未找到 Redis：队列在 Redis 上的测试将被跳过                                  │
  │ NO REDIS FOUND: the tests of the queue on Redis are skipped.                 │
  │ Set REDIS_URL, or install redis-server (apt-get install redis-server).       │
  └──────────────────────────────────────────────────────────────────────────────┘
`;

if (!hasRedis) {
  console.error(missingRedis);
  if (isSet(process.env.CI)) {
    console.error('CI is set: a missing Redis fails the run.');
    finish(0, 1, 0, 1);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'qiao-jest-'));
const report = join(folder, 'report.json');
const options =
  `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --disable-warning=ExperimentalWarning`.trim();
const scratch = makeScratch(process.pid);
// What jest has compiled outlasts the run, where it always was.
const cache = join(tmpdir(), `jest_${process.getuid?.().toString(36) ?? ''}`);
const child = spawn(
  process.execPath,
  [jest, ...process.argv.slice(2), '--json', `--outputFile=${report}`, `--cacheDirectory=${cache}`],
  {
    cwd: root,
    // With --json jest prints the report to stdout as well; what people read comes on stderr.
    stdio: ['inherit', 'ignore', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: options, ...(scratch === undefined ? {} : { TMPDIR: scratch }) },
  },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));

child.on('close', (code) => {
  if (scratch !== undefined) removeScratch(scratch);
  const exitCode = code ?? 1;
  let result;
  try {
    result = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    console.error('jest left no report');
    finish(0, 1, 0, exitCode === 0 ? 1 : exitCode);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (!hasRedis) console.error(missingRedis);
  // A suite that does not even load has no tests to count; it counts as one that failed.
  let failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  if (failed === 0 && exitCode !== 0) {
    console.error(`jest itself failed (exit code ${exitCode}); counted as one failure`);
    failed = 1;
  }
  const skipped = result.numPendingTests + result.numTodoTests;
  finish(result.numPassedTests, failed, skipped, exitCode);
});

function finish(passed, failed, skipped, exitCode) {
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  process.exit(failed > 0 && exitCode === 0 ? 1 : exitCode);
}

function isSet(flag) {
  return flag !== undefined && flag !== '' && flag !== '0' && flag !== 'false';
}
