/**
 * Lets a child process of a test run our TypeScript as it is: `node --import <this file> script.ts`.
 * Node 20 cannot strip types by itself, and a built dist/ could be older than what is tested.
 *
 * What a source became is kept under the digest of the source: tests start a hundred such processes, and to load and run
 * the compiler takes each of them longer than everything else it does before its own work.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';

// Threads have hooks of their own, so they register them too; this file as the hooks themselves does not.
const HOOKS = '?hooks';
if (!import.meta.url.endsWith(HOOKS)) register(import.meta.url + HOOKS);

const options = {
  jsc: { target: 'es2022', parser: { syntax: 'typescript' }, experimental: { keepImportAttributes: true } },
  module: { type: 'es6' },
  sourceMaps: 'inline',
};
const kept = fileURLToPath(new URL('../../node_modules/.cache/qiao-typescript/', import.meta.url));
const compiler = readFileSync(new URL('../../node_modules/@swc/core/package.json', import.meta.url));

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  return { format: 'module', source: await compiled(fileURLToPath(url)), shortCircuit: true };
}

async function compiled(filename) {
  const source = readFileSync(filename, 'utf8');
  const digest = createHash('sha256');
  for (const part of [compiler, JSON.stringify(options), filename, source]) digest.update(part).update('\0');
  const file = `${kept}${digest.digest('hex')}.js`;
  try {
    return readFileSync(file, 'utf8');
  } catch {
    const { transformSync } = await import('@swc/core');
    const { code } = transformSync(source, { ...options, filename });
    keep(file, code);
    return code;
  }
}

/** Whole or not at all; one that may not write here, such as another user, goes without. */
function keep(file, code) {
  try {
    mkdirSync(kept, { recursive: true });
    const draft = `${file}.${randomUUID()}`;
    writeFileSync(draft, code);
    renameSync(draft, file);
  } catch {}
}
