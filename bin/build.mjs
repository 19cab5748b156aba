/** Compiles TypeScript to dist/ and copies the data that code reads beside it (rulebooks, schemas, SQL, samples). */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const require = createRequire(import.meta.url);
const began = new Date();

let compiler;
try {
  compiler = require.resolve('typescript/bin/tsc');
} catch {
  // A production install (--omit=dev) has no compiler; it brings dist/ along or cannot run at all.
  if (existsSync(join(root, 'dist/src/cli/main.js'))) process.exit(0);
  console.error(
    'qiao: no compiler and no dist/: build with the development dependencies installed (npm ci && npm run build)',
  );
  process.exit(1);
}

// Types are checked by `npm run types`; whoever only wants to run what is there need not wait for it. The code that comes
// out is the same: what a file becomes hangs on that file alone (isolatedModules, verbatimModuleSyntax).
const project = join(root, 'tsconfig.build.json');
const tsc = spawnSync(process.execPath, [compiler, '-p', project, '--noCheck'], { stdio: 'inherit' });
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

for (const room of ['src', 'adapters', 'schemas', 'certs']) {
  cpSync(join(root, room), join(root, 'dist', room), {
    recursive: true,
    filter: (from) => extname(from) !== '.ts',
  });
}

// Bears the time the build began, for bin/ensure.mjs: a source saved while it ran is newer than the build.
const stamp = join(root, 'dist/.built');
writeFileSync(stamp, '');
utimesSync(stamp, began, began);
