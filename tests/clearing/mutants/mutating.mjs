/**
 * Loads spoilt copies of the engine beside the whole one: `import('src/clearing/x.ts?mutant=<base64url of {file, from, to}>')`
 * gives x.ts with everything of src/clearing that it imports as a copy of its own, in which one text of one file stands
 * otherwise. Registered after typescript.mjs, which loads everything else.
 */
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';

const HOOKS = '?hooks';
if (!import.meta.url.endsWith(HOOKS)) register(import.meta.url + HOOKS);

const ROOM = new URL('../../../src/clearing/', import.meta.url).href;
const MARK = '?mutant=';
const options = {
  jsc: { target: 'es2022', parser: { syntax: 'typescript' }, experimental: { keepImportAttributes: true } },
  module: { type: 'es6' },
};

export async function resolve(specifier, context, next) {
  const resolved = await next(specifier, context);
  const at = context.parentURL?.indexOf(MARK) ?? -1;
  if (at < 0 || !resolved.url.startsWith(ROOM) || resolved.url.includes(MARK)) return resolved;
  return { ...resolved, url: resolved.url + context.parentURL.slice(at) };
}

/** Files that are not spoilt are the same in every copy. */
const whole = new Map();

export async function load(url, context, next) {
  const at = url.indexOf(MARK);
  if (at < 0) return next(url, context);
  const mutant = JSON.parse(Buffer.from(url.slice(at + MARK.length), 'base64url').toString());
  const filename = fileURLToPath(url.slice(0, at));
  const isSpoilt = filename.endsWith(`/${mutant.file}`);
  if (!isSpoilt && whole.has(filename)) return { format: 'module', source: whole.get(filename), shortCircuit: true };
  const text = readFileSync(filename, 'utf8');
  if (isSpoilt && text.split(mutant.from).length !== 2) {
    throw new Error(`${mutant.file} does not have this once: ${mutant.from}`);
  }
  const { transformSync } = await import('@swc/core');
  const spoilt = isSpoilt ? text.replace(mutant.from, () => mutant.to) : text;
  const { code } = transformSync(spoilt, { ...options, filename });
  if (!isSpoilt) whole.set(filename, code);
  return { format: 'module', source: code, shortCircuit: true };
}
