import { chmodSync, cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeDemoStore } from '../../src/trust/demo-keys.ts';

/**
 * Puts demo keys that hold at `nowMs` into the folder of a key store, where its first start would make its own.
 * RSA keys take seconds: they are made once a run and year (global-setup.ts), and each test gets a copy that it may spoil.
 */
export async function putDemoKeys(folder: string, nowMs: number): Promise<void> {
  const kept = process.env.QIAO_TEST_KEYS;
  const demo = join(folder, 'demo');
  if (kept === undefined) return makeDemoStore(demo, new Date(nowMs));
  // What they hold for hangs on the year of the day they are made on, in China.
  const made = join(kept, String(new Date(nowMs + 8 * 3_600_000).getUTCFullYear()));
  if (!existsSync(made)) await makeDemoStore(made, new Date(nowMs));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  cpSync(made, demo, { recursive: true });
  chmodSync(demo, 0o700);
}
