/**
 * Where tests write: a folder in memory, where the machine has room for it. Tests make and remove some hundred databases
 * of 300 files each; on a disk the kernel spends ten times as long on finding room for their names as PostgreSQL does on
 * filling them, and none of it is to last.
 */
import { accessSync, constants, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { freemem, hostname } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
/** All suites together take about a quarter of that at most. */
const ROOM_BYTES = 4 * 1024 ** 3;
/** Containers may share that memory, and each has numbers of its own for its processes. */
const prefix = `qiao-scratch-${hostname()}-`;

/**
 * Makes the folder, named after the process that will remove it; what dead ones left goes first. Undefined where TMPDIR
 * says a place already, or memory is scarce: the usual one then serves, only slower.
 */
export function makeScratch(ownerPid) {
  if (process.env.TMPDIR || !hasRoom()) return undefined;
  for (const name of readdirSync(MEMORY)) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : 0;
    if (pid > 0 && !isAlive(pid)) removeScratch(join(MEMORY, name));
  }
  const folder = join(MEMORY, `${prefix}${ownerPid}`);
  // A server that runs as another user must be able to enter.
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  return folder;
}

export function removeScratch(folder) {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  } catch {
    // Another user's.
  }
}

function hasRoom() {
  try {
    accessSync(MEMORY, constants.W_OK);
    // Only Linux has it, and only there does the table of mounts say how.
    const mount = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .find(([, at]) => at === MEMORY);
    if (mount?.[2] !== 'tmpfs' || mount[3].split(',').includes('noexec')) return false;
    const { bavail, bsize } = statfsSync(MEMORY);
    return (
      bavail * bsize >= ROOM_BYTES && Math.min(freemem(), process.constrainedMemory() || Infinity) >= 2 * ROOM_BYTES
    );
  } catch {
    return false;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

// For a shell: prints the folder for the process of that number, or nothing.
if (process.argv[1] === import.meta.filename) {
  const folder = makeScratch(Number(process.argv[2]));
  if (folder !== undefined) console.log(folder);
}
