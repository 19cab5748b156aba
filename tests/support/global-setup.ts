import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbedded } from '../../src/journal/embedded.ts';
import { livingPostmaster } from '../../src/journal/embedded-processes.ts';
import { migrate } from '../../src/journal/migrate.ts';
import { remember } from './run.ts';

const prefix = 'qiao-test-';
const forgottenAfterMs = 2 * 60 * 60 * 1000;

/** One embedded PostgreSQL for the whole run, in which every suite makes its own database (database.ts); one place for demo keys and for compiled sources. */
export default async function setUp(): Promise<void> {
  if (process.env.QIAO_TEST_DATABASE_URL) return;
  sweep();
  const folder = mkdtempSync(join(tmpdir(), prefix));
  // Run as root, the server is another user and must be able to enter.
  chmodSync(folder, 0o711);
  // Its rows end with it: what it promises of them beyond the life of the machine nobody waits for. Several suites at once
  // have pools on it, each on databases too short-lived to be swept.
  const lasting = { fsync: 'off', full_page_writes: 'off' };
  const settings = { ...lasting, max_connections: '200', autovacuum_naptime: '1min' };
  const embedded = await startEmbedded({ folder, settings, log: (line) => console.error(line) });
  // What is made on it without naming a template, as the scratch of a command is, has all tables from the start.
  const template = new URL(embedded.url);
  template.pathname = '/template1';
  await migrate(template.href);
  process.env.QIAO_TEST_DATABASE_URL = embedded.url;
  process.env.QIAO_TEST_KEYS = join(folder, 'keys');
  process.env.QIAO_TEST_BUILT = join(folder, 'built');
  remember({ folder, embedded });
}

/** Runs that were killed could not tidy up; their server has ended by itself. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const folder = join(tmpdir(), name);
    if (!name.startsWith(prefix)) continue;
    try {
      const isForgotten = Date.now() - statSync(folder).mtimeMs > forgottenAfterMs;
      if (isForgotten && !livingPostmaster(join(folder, 'postgres'))) rmSync(folder, { recursive: true, force: true });
    } catch {
      // Another user's, or gone meanwhile.
    }
  }
}
