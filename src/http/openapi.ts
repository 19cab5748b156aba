import { readdirSync, readFileSync } from 'node:fs';
import type { Json, JsonObject } from '../contract/json.ts';
import { isObject } from '../contract/json.ts';

const folder = new URL('../../schemas/', import.meta.url);
const SUFFIX = '.schema.json';

/**
 * schemas/openapi.json with everything it refers to inside it. The message schemas stay the one authority: here they
 * only become `#/components/schemas/<kind>`, and their own definitions `<kind>-<name>`.
 */
export function bundleOpenApi(): JsonObject {
  const document = readJson('openapi.json');
  const schemas: Record<string, Json> = {};
  for (const file of readdirSync(folder).filter((name) => name.endsWith(SUFFIX))) {
    const name = file.slice(0, -SUFFIX.length);
    const { $schema, $id, $defs, ...rest } = readJson(file);
    // The common file is definitions only.
    if (name !== 'common') schemas[name] = rebased(rest, name);
    for (const [key, inner] of Object.entries(isObject($defs) ? $defs : {}))
      schemas[`${name}-${key}`] = rebased(inner, name);
  }
  const own = rebased(document, '') as JsonObject;
  const components = own.components as JsonObject;
  return { ...own, components: { ...components, schemas: { ...schemas, ...(components.schemas as JsonObject) } } };
}

function rebased(node: Json, home: string): Json {
  if (Array.isArray(node)) return node.map((one) => rebased(one, home));
  if (!isObject(node)) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      key === '$ref' && typeof value === 'string' ? refOf(value, home) : rebased(value, home),
    ]),
  );
}

/** `common.schema.json#/$defs/money` → `#/components/schemas/common-money`. */
function refOf(ref: string, home: string): string {
  const [file = '', pointer = ''] = ref.split('#');
  if (pointer.startsWith('/components/')) return ref;
  const name = file === '' ? home : file.replace('./', '').slice(0, -SUFFIX.length);
  return `#/components/schemas/${name}${pointer === '' ? '' : `-${pointer.slice('/$defs/'.length)}`}`;
}

function readJson(file: string): JsonObject {
  return JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as JsonObject;
}
