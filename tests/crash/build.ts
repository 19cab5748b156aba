import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';
import type { Mutant } from './mutants/mutants.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** What the processes of a run are made of; adapters read their samples and tables beside their code. */
const ROOMS = ['src', 'adapters', 'schemas', 'tests/crash'] as const;

/**
 * Compiles the sources as they are now into a folder of their own, with a defect put in where a mutant is asked for.
 * A dist/ could be older than what is tested, and must never hold a defect.
 */
export function buildInto(folder: string, mutant?: Mutant, rooms: readonly string[] = ROOMS): void {
  for (const room of rooms) cpSync(join(root, room), join(folder, room), { recursive: true, filter: isNoSource });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  for (const room of rooms) {
    for (const path of readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })) {
      if (!path.endsWith('.ts') || path.endsWith('.test.ts')) continue;
      const file = join(room, path);
      const code = compile(patched(file, readFileSync(join(root, file), 'utf8'), mutant), file);
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file.replace(/\.ts$/, '.js')), code);
    }
  }
}

/** The source with the mutant's defects in it. Throws where a text to replace is not there exactly once. */
export function patched(file: string, source: string, mutant: Mutant | undefined): string {
  let text = source;
  for (const { file: at, replace, by } of mutant?.patches ?? []) {
    if (at !== file) continue;
    const found = text.split(replace).length - 1;
    if (found !== 1) throw new Error(`mutant ${mutant!.name}: ${found} places in ${file} for: ${replace}`);
    text = text.replace(replace, () => by);
  }
  return text;
}

function isNoSource(from: string): boolean {
  return !from.endsWith('.ts');
}

function compile(source: string, filename: string): string {
  const { code } = transformSync(source, {
    filename,
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript' },
      experimental: { keepImportAttributes: true },
    },
    module: { type: 'es6' },
  });
  // Imports name sources, as the compiler's rewriteRelativeImportExtensions has it.
  return code.replaceAll(/(\bfrom\s+|\bimport\s*\(?\s*)(['"])(\.{1,2}\/[^'"]*)\.ts\2/g, '$1$2$3.js$2');
}
