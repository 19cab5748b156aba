#!/usr/bin/env node
import { existsSync } from 'node:fs';

// A reader that goes away (`qiao … | head`) is not a failure.
process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 1));

if (existsSync(new URL('../dist/src/cli/main.js', import.meta.url))) {
  const { run } = await import('../dist/src/cli/main.js');
  process.exitCode = await run(process.argv.slice(2));
} else {
  console.error(
    'qiao: 尚未构建，请先运行 npm ci（或 npm run build）/ not built yet: run npm ci (or npm run build) first',
  );
  process.exitCode = 1;
}
