import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { type Database, openDatabase, ping } from '../journal/database.ts';
import { runningEmbedded, startEmbedded } from '../journal/embedded.ts';
import { migrate } from '../journal/migrate.ts';
import { GATEWAY_ROLE } from '../journal/roles.ts';
import { Surroundings } from './terminal.ts';

/**
 * Works on the gateway's own database: DATABASE_URL, else the embedded one, also while a gateway runs on it; one that
 * does not run is started for as long as it takes.
 */
export async function onStore<Result>(config: Config, work: (database: Database) => Promise<Result>): Promise<Result> {
  const folder = join(config.dataFolder, 'database');
  const url = config.databaseUrl ?? runningEmbedded({ folder });
  const embedded = url === undefined ? await startEmbedded({ folder }) : undefined;
  try {
    const there = url ?? embedded!.url;
    await migrate(there).catch(unreachable);
    const database = openDatabase(there, { max: 2, role: GATEWAY_ROLE });
    try {
      await ping(database).catch(unreachable);
      return await work(database);
    } finally {
      await database.close();
    }
  } finally {
    await embedded?.stop();
  }
}

/** Whoever sits at this terminal, as the audit trail names them. */
export function actorHere(): { readonly actor: string; readonly role: string } {
  return { actor: `terminal:${userInfo().username}`, role: 'terminal' };
}

function unreachable(error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException;
  throw new Surroundings(
    `无法使用数据库（${code ?? message}），请检查 DATABASE_URL`,
    `the database cannot be used (${code ?? message}): check DATABASE_URL`,
    error,
  );
}
