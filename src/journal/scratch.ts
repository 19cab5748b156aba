import { randomBytes } from 'node:crypto';
import { openDatabase } from './database.ts';
import { migrate } from './migrate.ts';

/** A database beside the journal's own, for work that must leave no trace in it. */
export interface Scratch {
  readonly url: string;
  drop(): Promise<void>;
}

/** Makes one on that server, with all tables. The login must be allowed to create databases. */
export async function createScratch(url: string): Promise<Scratch> {
  const name = `qiao_scratch_${randomBytes(8).toString('hex')}`;
  await once(url, `create database ${name}`);
  const place = new URL(url);
  place.pathname = `/${name}`;
  // FORCE: a connection that has just been ended may not be gone yet.
  const drop = () => once(url, `drop database ${name} with (force)`);
  try {
    await migrate(place.href);
  } catch (error) {
    await drop();
    throw error;
  }
  return { url: place.href, drop };
}

async function once(url: string, statement: string): Promise<void> {
  const database = openDatabase(url, { max: 1 });
  try {
    await database.query(statement);
  } finally {
    await database.close();
  }
}
