import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openDatabase } from './database.ts';

const migrationsFolder = fileURLToPath(new URL('./migrations/', import.meta.url));

/**
 * Applies the plain SQL files `NNNN_name.sql` that have not been applied yet, in order, all in one transaction.
 *
 * Two processes may call it at once: the second waits for the first (advisory lock) and finds nothing left to do.
 * Gives the names applied. With no files it does not touch the database; a login that owns nothing may call it where
 * nothing is left to do.
 */
export async function migrate(
  url: string,
  log: (line: string) => void = () => {},
  folder = migrationsFolder,
): Promise<readonly string[]> {
  const known = migrationsIn(folder);
  if (known.length === 0 || (await areApplied(url, known))) return [];
  const quiet = { debug: () => {}, info: () => {}, warn: log, error: log };
  // Loaded where there is something to apply: most starts find nothing.
  const { runner } = await import('node-pg-migrate');
  const applied = await runner({
    databaseUrl: { connectionString: url, application_name: 'qiao migrate', connectionTimeoutMillis: 10_000 },
    dir: folder,
    ignorePattern: '(?!\\d+_.*\\.sql$).*',
    direction: 'up',
    migrationsTable: 'migrations',
    advisoryLockMode: 'wait',
    singleTransaction: true,
    logger: quiet,
  });
  for (const { name } of applied) log(`database: applied ${name}`);
  return applied.map(({ name }) => name);
}

/** The migrations of this program, oldest first. */
export function migrationsIn(folder = migrationsFolder): readonly string[] {
  try {
    const files = readdirSync(folder).filter((name) => /^\d+_.*\.sql$/.test(name));
    return files.map((name) => name.replace(/\.sql$/, '')).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function areApplied(url: string, known: readonly string[]): Promise<boolean> {
  const database = openDatabase(url, { max: 1 });
  try {
    const { rows } = await database.query(`select to_regclass('migrations') is not null as made`);
    if (rows[0]?.made !== true) return false;
    const applied = await database.query('select count(*) from migrations where name = any($1)', [known]);
    return Number(applied.rows[0]?.count) === known.length;
  } finally {
    await database.close();
  }
}
