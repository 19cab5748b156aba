/** Makes src/contract/generated/messages.d.ts from schemas/; with --check it fails when the file in git is out of date. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compile } from 'json-schema-to-typescript';

const root = dirname(import.meta.dirname);
const folder = join(root, 'schemas');
const target = join(root, 'src/contract/generated/messages.ts');
const kinds = readdirSync(folder)
  .filter((name) => name.endsWith('.schema.json') && name !== 'common.schema.json')
  .sort();

// One compound schema, so that shared shapes (money, party) become one named type and not one a file.
const definitions = {};
const adopt = (name) => {
  const schema = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const local = schema.$defs ?? {};
  const prefix = name === 'common.schema.json' ? '' : `${schema.title}-`;
  const rewrite = (node) => {
    if (Array.isArray(node)) return node.map(rewrite);
    if (node === null || typeof node !== 'object') return node;
    const out = {};
    for (const [key, value] of Object.entries(node)) {
      if (key === '$ref') {
        const [file, pointer] = value.split('#/$defs/');
        out.$ref = pointer ? `#/definitions/${file ? '' : prefix}${pointer}` : `#/definitions/${file}`;
      } else out[key] = rewrite(value);
    }
    return out;
  };
  for (const [key, value] of Object.entries(local)) definitions[`${prefix}${key}`] = rewrite(value);
  if (name !== 'common.schema.json') {
    const { $defs, $id, $schema, ...rest } = schema;
    definitions[schema.title] = rewrite(rest);
  }
};
adopt('common.schema.json');
for (const kind of kinds) adopt(kind);

const text = await compile(
  { title: 'Contract', definitions, type: 'object', additionalProperties: false, properties: {} },
  'Contract',
  {
    additionalProperties: false,
    unreachableDefinitions: true,
    maxItems: -1,
    bannerComment: '/** Generated from schemas/ by `npm run schemas`; do not edit. */',
    style: { singleQuote: true, printWidth: 120 },
  },
);

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('src/contract/generated/messages.ts is out of date: run `npm run schemas`');
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}
