/**
 * Puts a defect into the sources as they are loaded, and nowhere else: `node --import <this file>` with
 * QIAO_SIMULATION_PATCHES, a JSON list of {file, replace, by}. Each text must be in its file exactly once.
 */
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

const HOOKS = '?hooks';
if (!import.meta.url.endsWith(HOOKS)) register(import.meta.url + HOOKS);

const root = fileURLToPath(new URL('../../', import.meta.url));
const patches = JSON.parse(process.env.QIAO_SIMULATION_PATCHES ?? '[]');
const options = {
  jsc: { target: 'es2022', parser: { syntax: 'typescript' }, experimental: { keepImportAttributes: true } },
  module: { type: 'es6' },
};

export async function load(url, context, next) {
  const filename = url.startsWith('file:') ? fileURLToPath(url) : '';
  const own = patches.filter(({ file }) => root + file === filename);
  if (own.length === 0) return next(url, context);
  let source = readFileSync(filename, 'utf8');
  for (const { file, replace, by } of own) {
    const places = source.split(replace).length - 1;
    if (places !== 1) throw new Error(`${places} places in ${file} for: ${replace}`);
    source = source.replace(replace, () => by);
  }
  return { format: 'module', source: transformSync(source, { ...options, filename }).code, shortCircuit: true };
}
