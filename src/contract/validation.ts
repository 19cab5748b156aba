import { readdirSync, readFileSync } from 'node:fs';
import type { AnySchemaObject, ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { isUscc } from './check-digits.ts';
import { isDate, isInstant } from './dates.ts';
import type { Json } from './json.ts';
import { isYuan } from './money.ts';
import type { Refusal } from './refusal.ts';
import { refusalsOf } from './schema-errors.ts';

/**
 * Everything that is wrong with `value` by one schema under schemas/, named by its file without `.schema.json`; empty:
 * nothing. Schemas are compiled when they are first asked for: all of them together take longer than the rest of a start.
 *
 * A value is first looked at until the first error, for most have none. Gathering every error takes the square of their
 * number: of a value with more than {@link MOST_ITEMS} items in its lists, no more than the first is told.
 */
export function malformationsBy(name: string, value: unknown): readonly Refusal[] {
  let validate = validatorOf(toTheFirst, name);
  if (validate(value)) return [];
  if (itemsIn(value) <= MOST_ITEMS) {
    validate = validatorOf(toTheLast, name);
    validate(value);
  }
  return refusalsOf(validate.errors ?? [], value as Json);
}

/** The same schema as it is written, for a room that reads it piece by piece. */
export function schemaOf(name: string): AnySchemaObject {
  const schema = schemas.get(name);
  if (schema === undefined) throw new Error(`no schema named ${name}`);
  return schema;
}

const MOST_ITEMS = 2_000;

function itemsIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const own = Array.isArray(value) ? value.length : 0;
  return Object.values(value).reduce((sum: number, member) => sum + itemsIn(member), own);
}

function validatorOf(ajv: Ajv2020, name: string): ValidateFunction {
  const validate = ajv.getSchema(`https://schemas.qiao.invalid/v1/${name}.schema.json`);
  if (validate === undefined) throw new Error(`no schema named ${name}`);
  return validate as ValidateFunction;
}

/** How every schema under schemas/ is read, in whichever room. */
export const howWeRead = {
  verbose: true,
  strict: true,
  strictTypes: false,
  strictRequired: false,
  ownProperties: true,
  // They are ours: that each is a schema of the draft is tested, not asked again at every start.
  validateSchema: false,
  formats: { money: isYuan, 'date-only': isDate, instant: isInstant, uscc: isUscc },
} as const;

const folder = new URL('../../schemas/', import.meta.url);

const schemas = readSchemas();
const [toTheFirst, toTheLast] = [openAjv(false), openAjv(true)];

function readSchemas(): ReadonlyMap<string, AnySchemaObject> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.schema.json'));
  return new Map(
    files.map((file) => [
      file.replace('.schema.json', ''),
      JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as AnySchemaObject,
    ]),
  );
}

function openAjv(allErrors: boolean): Ajv2020 {
  const ajv = new Ajv2020({ ...howWeRead, allErrors });
  for (const schema of schemas.values()) ajv.addSchema(schema);
  return ajv;
}
