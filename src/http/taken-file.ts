import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TakenFile } from './route.ts';

/**
 * Puts a request's body on disk, so that neither its length nor its digest has to be believed, and hands it to `use`.
 * Nothing is left of it afterwards. `use` gets undefined for a file that is too large.
 */
export async function takingFile<Result>(
  request: IncomingMessage,
  type: string,
  maxBytes: number,
  use: (file: TakenFile | undefined) => Promise<Result>,
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
        if (length > maxBytes) return await use(undefined);
        hash.update(chunk);
        await handle.write(chunk);
      }
    } finally {
      await handle.close();
    }
    const read = () => createReadStream(path, { highWaterMark: 1_048_576 }) as AsyncIterable<Uint8Array>;
    return await use({ type, name: nameIn(request), sha256: hash.digest('hex'), length, read });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** RFC 6266: `attachment; filename*=UTF-8''%E5%87%AD%E8%AF%81.pdf`; empty where it is not so. */
function nameIn({ headers }: IncomingMessage): string {
  const encoded = /^attachment; ?filename\*=UTF-8''([A-Za-z0-9!#$&+.^_`|~%-]{1,1000})$/.exec(
    headers['content-disposition'] ?? '',
  );
  try {
    return decodeURIComponent(encoded?.[1] ?? '');
  } catch {
    return '';
  }
}

/** All of it, where it is known to be small. */
export async function bytesOf(file: Pick<TakenFile, 'read'>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}
