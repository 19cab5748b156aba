import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Surroundings } from './terminal.ts';

/**
 * The books of a folder: every file in it is a statement of one business day in the exchange's own form, looked for again
 * each time. A newer statement of a day takes the older one's place by renaming, so that none is ever read half written;
 * names that begin with a dot are passed over.
 */
export async function booksIn(folder: string): Promise<() => AsyncIterable<AsyncIterable<Uint8Array>>> {
  await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    const why = error.code ?? error.message;
    throw new Surroundings(
      `无法读取账簿目录 ${folder}（${why}）`,
      `cannot read the books in ${folder} (${why})`,
      error,
    );
  });
  return async function* () {
    const entries = await readdir(folder, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map(({ name }) => name);
    for (const name of names.sort()) yield createReadStream(join(folder, name));
  };
}
