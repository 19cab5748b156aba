import { open } from 'node:fs/promises';
import { MAX_BYTES } from '../contract/json.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import { Surroundings, type Terminal } from './terminal.ts';

/** The exact bytes of FILE, or of standard input when none is named; at most one byte more than `most` is ever read. */
export async function readInput(
  terminal: Terminal,
  file: string | undefined,
  most = MAX_BYTES,
): Promise<Checked<Uint8Array>> {
  if (file !== undefined && file !== '-') return await readWhole(file, most);
  if (terminal.stdin.isTTY) {
    terminal.stderr.write('从标准输入读取，以 Ctrl-D 结束 / reading standard input, end with Ctrl-D\n');
  }
  return await collect(terminal.stdin, most);
}

async function readWhole(file: string, most: number): Promise<Checked<Uint8Array>> {
  try {
    const handle = await open(file, 'r');
    try {
      // The size alone is not trusted: a pipe or a file under /proc says 0.
      if ((await handle.stat()).size > most) return refused(refuse('too-large'));
      return await collect(handle.createReadStream({ autoClose: false, end: most }), most);
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new Surroundings(
      `无法读取文件 ${file}（${code}），请检查路径与权限，或用 - 从标准输入读取`,
      `cannot read ${file} (${code}): check the path and its permissions, or give - to read standard input`,
      error,
    );
  }
}

async function collect(stream: AsyncIterable<Uint8Array | string>, most: number): Promise<Checked<Uint8Array>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    length += bytes.byteLength;
    if (length > most) return refused(refuse('too-large'));
    chunks.push(bytes);
  }
  return accepted(Buffer.concat(chunks));
}
