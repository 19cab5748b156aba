import { rmSync } from 'node:fs';
import { remembered } from './run.ts';

export default async function tearDown(): Promise<void> {
  const run = remembered();
  if (run === undefined) return;
  await run.embedded.stop();
  rmSync(run.folder, { recursive: true, force: true });
}
