/** Files of a key store, read with the care that keys need. */

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** A key that is not there or cannot be used: names the file and the next step, never its content. */
export class KeyProblem extends Error {
  readonly file: string;
  readonly zh: string;
  readonly en: string;
  constructor(file: string, zh: string, en: string, next: string, cause?: unknown) {
    super(`${zh}：${file}\n${en}: ${file}\n→ ${next}`, { cause });
    this.name = 'KeyProblem';
    this.file = file;
    this.zh = zh;
    this.en = en;
  }
}

/** The next step where there is no better one. */
export const INIT = '见 certs/README.md / see certs/README.md';

/** @throws KeyProblem */
export function readStoreFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw missing
      ? new KeyProblem(path, '缺少密钥文件', 'A key file is missing', INIT, cause)
      : new KeyProblem(path, '密钥文件无法读取', 'A key file cannot be read', `chmod u+r ${path}`, cause);
  }
}

/** A private key that other users can read is no secret: refused, as ssh does. @throws KeyProblem */
export function readKeyFile(path: string): string {
  const pem = readStoreFile(path).toString('utf8');
  const open = process.platform !== 'win32' && path.endsWith('.key.pem') && (statSync(path).mode & 0o037) !== 0;
  if (open) throw new KeyProblem(path, '私钥文件权限过宽', 'A private key is open to other users', `chmod 600 ${path}`);
  return pem;
}

/** Names in a folder that fit, sorted; none when there is no such folder. */
export function namesIn(folder: string, fits: RegExp): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => fits.test(name))
    .sort();
}

/** Changes whenever a file of these folders is added, replaced, written or removed. */
export function stampOf(folders: readonly string[], fits: RegExp): string {
  const stamps = folders.flatMap((folder) =>
    namesIn(folder, fits).map((name) => {
      const found = statSync(join(folder, name), { throwIfNoEntry: false });
      return `${folder}/${name} ${found?.ino} ${found?.size} ${found?.mtimeMs}`;
    }),
  );
  return stamps.join('\n');
}

/** A new file, durable when this returns; private keys for the owner only. @throws EEXIST when there is one already */
export function writeStoreFile(path: string, content: string | Uint8Array, mode = modeOf(path)): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = openSync(path, 'wx', mode);
  try {
    writeSync(file, Buffer.from(content as Uint8Array));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Puts a file in the place of another, whole or not at all, durably: readers see the one or the other. */
export function replaceStoreFile(path: string, content: string | Uint8Array): void {
  const beside = `${path}.${process.pid}.${performance.now()}.new`;
  writeStoreFile(beside, content, modeOf(path));
  renameSync(beside, path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function modeOf(path: string): number {
  return path.endsWith('.key.pem') ? 0o600 : 0o644;
}
