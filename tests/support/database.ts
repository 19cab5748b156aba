import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { migrate } from '../../src/journal/migrate.ts';

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** The server of this run, for tests of the server itself. */
export function serverUrl(): string {
  const url = process.env.QIAO_TEST_DATABASE_URL;
  if (!url) throw new Error('no PostgreSQL for tests: run them through jest.config.mjs (npm test)');
  return url;
}

/** A database of one's own with all migrations applied: copied from a template that the first caller makes. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await asAdmin(async (admin) => {
    const template = await ensureTemplate(admin);
    // File by file: block by block through the log, as is usual, takes twice as long.
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`);
  });
  return {
    url: urlOf(name),
    // FORCE: a test that failed may have left connections open.
    drop: () => asAdmin(async (admin) => void (await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))),
  };
}

/** A database with nothing in it, for tests of the migrations themselves: template1 may have them (global-setup.ts). */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await asAdmin(async (admin) => void (await admin.query(`CREATE DATABASE ${name} TEMPLATE template0`)));
  return {
    url: urlOf(name),
    drop: () => asAdmin(async (admin) => void (await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))),
  };
}

function urlOf(name: string): string {
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  return url.href;
}

async function asAdmin<Result>(work: (admin: pg.Client) => Promise<Result>): Promise<Result> {
  const admin = new pg.Client({ connectionString: urlOf('postgres') });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

const templateLock = 734_511;

async function ensureTemplate(admin: pg.Client): Promise<string> {
  const template = `template_${fingerprint()}`;
  // Also while copying: CREATE DATABASE refuses a template somebody is connected to. Released with the connection.
  await admin.query(`SELECT pg_advisory_lock(${templateLock})`);
  const found = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [template]);
  if (found.rowCount) return template;
  const draft = `${template}_draft`;
  await admin.query(`DROP DATABASE IF EXISTS ${draft} WITH (FORCE)`);
  await admin.query(`CREATE DATABASE ${draft}`);
  await migrate(urlOf(draft));
  await admin.query(`ALTER DATABASE ${draft} RENAME TO ${template}`);
  return template;
}

/** Changes with the migrations, so that a server kept between runs never gives yesterday's tables. */
function fingerprint(): string {
  const folder = new URL('../../src/journal/migrations/', import.meta.url);
  const hash = createHash('sha256');
  for (const name of readdirSync(fileURLToPath(folder)).sort())
    hash.update(name).update(readFileSync(new URL(name, folder)));
  return hash.digest('hex').slice(0, 16);
}
