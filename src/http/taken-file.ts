import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import type { TakenFile } from './route.ts';

/**
 * Puts a request's body on disk, so that neither its length nor its digest has to be believed, and hands it to `use`.
 * Nothing is left of it afterwards.
 */
export async function takingFile<Result>(
  request: IncomingMessage,
  type: string,
  maxBytes: number,
  use: (file: Checked<TakenFile>) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'qiao-upload-'));
  const path = join(folder, 'file');
  try {
    const hash = createHash('sha256');
    let length = 0;
    const handle = await open(path, 'wx', 0o600);
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        length += chunk.byteLength;
        if (length > maxBytes) return await use(refused(refuse('too-large')));
        hash.update(chunk);
        await handle.write(chunk);
      }
    } finally {
      await handle.close();
    }
    const read = () => createReadStream(path, { highWaterMark: 1_048_576 }) as AsyncIterable<Uint8Array>;
    return await use(accepted({ type, sha256: hash.digest('hex'), length, read }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
