/**
 * The last checkpoint a witness cosigned, on disk before anybody hears of it.
 *
 * Every head is a file of its own, `head-<number>.note`, and the highest number counts. A new one is written beside,
 * synced, and linked under the next number, which can be taken only once: two processes on one folder cannot both move
 * on from the same head, and no lock is left behind by one that was killed.
 */

import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';

export interface Heads {
  /** The head and its number; none yet: number 0 and no note. Read from disk at every call. */
  latest(): Promise<Head>;
  /** Makes `note` the head after `number`; false when somebody else has moved on. Durable when it resolves. */
  follow(number: number, note: Uint8Array): Promise<boolean>;
}

export interface Head {
  readonly number: number;
  readonly note: Uint8Array | undefined;
}

const HEAD = /^head-(\d{12})\.note$/;
const UNFINISHED = /^making-/;
/** Heads left lying behind the newest. */
const KEPT = 2;

/** Makes the folder when there is none, and clears what a killed process left unfinished. */
export async function openHeads(folder: string): Promise<Heads> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of await readdir(folder)) if (UNFINISHED.test(name)) await rm(join(folder, name), { force: true });
  return {
    async latest() {
      for (;;) {
        const number = Math.max(0, ...(await numbersIn(folder)));
        if (number === 0) return { number, note: undefined };
        try {
          return { number, note: await readFile(join(folder, nameOf(number))) };
        } catch (error) {
          // Somebody else has moved on and cleared this one.
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        }
      }
    },
    async follow(number, note) {
      const making = join(folder, `making-${randomUUID()}`);
      await writeSynced(making, note);
      try {
        await link(making, join(folder, nameOf(number + 1)));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
        throw error;
      } finally {
        await unlink(making);
      }
      await syncFolder(folder);
      const numbers = await numbersIn(folder);
      // A number so old that it was cleared can be taken again: it is not the head.
      if (numbers.some((other) => other > number + 1)) return false;
      for (const old of numbers) if (old < number + 1 - KEPT) await rm(join(folder, nameOf(old)), { force: true });
      return true;
    },
  };
}

function nameOf(number: number): string {
  return `head-${String(number).padStart(12, '0')}.note`;
}

async function numbersIn(folder: string): Promise<readonly number[]> {
  return (await readdir(folder)).flatMap((name) => HEAD.exec(name)?.[1] ?? []).map(Number);
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
