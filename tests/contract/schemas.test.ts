import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { kinds } from '../../src/contract/message.ts';
import { malformationsBy } from '../../src/contract/validation.ts';

const folder = new URL('../../schemas/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.schema.json'));

type Node = Readonly<Record<string, unknown>>;

/** Every schema inside a schema, with its path. */
function* walk(node: unknown, path: string): Generator<readonly [string, Node]> {
  if (Array.isArray(node)) for (const [i, member] of node.entries()) yield* walk(member, `${path}/${i}`);
  else if (node !== null && typeof node === 'object') {
    yield [path, node as Node];
    for (const [key, inner] of Object.entries(node)) {
      if (key !== 'enum' && key !== 'required') yield* walk(inner, `${path}/${key}`);
    }
  }
}

function schemas(file: string): readonly (readonly [string, Node])[] {
  return [...walk(JSON.parse(readFileSync(new URL(file, folder), 'utf8')), '')];
}

/** What carries the unknown on purpose (contract: extensions; the terms in force, which the rules room writes). */
const OPEN = /^\/\$defs\/(terms|extensions\/properties\/(ctex|stex|szse))$/;

describe('the schemas', () => {
  test('there is one for each kind of message', () => {
    for (const kind of kinds) expect(files).toContain(`${kind}.schema.json`);
  });

  test.each(kinds)('the schema of %s names its kind, its title and what it says', (kind) => {
    const [, root] = schemas(`${kind}.schema.json`)[0]!;
    expect(root).toMatchObject({ additionalProperties: false, properties: { kind: { const: kind } } });
    expect(String(root.description)).toMatch(/\p{Script=Han}/u);
  });

  // Not asked at a start: schemas are trusted there, and compiled when the first message of their kind comes.
  test.each(files)('%s is a schema of the 2020-12 draft, and compiles', (file) => {
    const draft = new Ajv2020({ strict: false });
    expect([draft.validateSchema(JSON.parse(readFileSync(new URL(file, folder), 'utf8'))), draft.errors]).toEqual([
      true,
      null,
    ]);
    expect(() => malformationsBy(file.replace('.schema.json', ''), {})).not.toThrow();
  });

  const messages = [...kinds.map((kind) => `${kind}.schema.json`), 'common.schema.json'];

  test.each(messages)('%s refuses unknown keys everywhere', (file) => {
    const open = schemas(file).filter(
      ([path, node]) => node.type === 'object' && node.additionalProperties !== false && !OPEN.test(path),
    );
    expect(open.map(([path]) => path)).toEqual([]);
  });

  test.each(messages)('%s sets a limit to every text, list and number', (file) => {
    const endless = schemas(file).filter(([, node]) => {
      if (node.type === 'array') return node.maxItems === undefined;
      if (node.type === 'integer') return node.minimum === undefined || node.maximum === undefined;
      if (node.type !== 'string') return false;
      const bounded = node.enum ?? node.const ?? node.maxLength ?? node.format;
      return bounded === undefined && !/^\^[^*+]*\$$/.test(String(node.pattern ?? '*'));
    });
    expect(endless.map(([path]) => path)).toEqual([]);
  });

  test.each(messages)('%s has money only as a decimal string, and no floating numbers', (file) => {
    expect(schemas(file).filter(([, node]) => node.type === 'number')).toEqual([]);
  });
});
