import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startScript } from '../support/processes.ts';

const program = new URL('./qiao.ts', import.meta.url);
const isRoot = process.getuid?.() === 0;
const onLinuxAsRoot = isRoot && process.platform === 'linux' ? it : it.skip;

/** Living processes whose command line names the folder: its server, and the watchdog of it. */
function processesOn(folder: string): readonly string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return command.includes(folder) ? [command] : [];
      } catch {
        return [];
      }
    });
}

async function twice(data: string, ids: { uid?: number; gid?: number }): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    const env = { PATH: process.env.PATH, HOME: '/', QIAO_DATA: data };
    const child = startScript(program, ['demo'], { env, ...ids });
    try {
      expect([await child.ended, child.stderr()]).toEqual([{ code: 0, signal: null }, '']);
    } finally {
      await child.kill();
    }
    const { path } = JSON.parse(readFileSync(join(data, 'demo', 'embedded.json'), 'utf8')) as { path: string };
    expect([processesOn(data), path.startsWith('/') ? processesOn(path) : []]).toEqual([[], []]);
    if (round === 1 && path.startsWith('/')) rmSync(join(path, '..'), { recursive: true });
  }
}

describe('the demo, twice in a row on a new folder', () => {
  onLinuxAsRoot(
    'ends well for root in a folder that is closed to others',
    async () => {
      const closed = mkdtempSync(join('/root', 'qiao-demo-'));
      try {
        await twice(join(closed, '.qiao'), {});
      } finally {
        rmSync(closed, { recursive: true, force: true });
      }
    },
    600_000,
  );

  it('ends well for an ordinary user', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'qiao-demo-'));
    const ids = onLinuxAsRoot === it ? { uid: 65534, gid: 65534 } : {};
    if (ids.uid !== undefined) chownSync(folder, ids.uid, ids.gid);
    try {
      await twice(join(folder, '.qiao'), ids);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 600_000);
});
