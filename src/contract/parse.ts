import { readdirSync, readFileSync } from 'node:fs';
import type { AnySchemaObject, ErrorObject, ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { isUscc } from './check-digits.ts';
import { isDate, isInstant } from './dates.ts';
import { isObject, type Json, parseJson } from './json.ts';
import { kinds, type Message } from './message.ts';
import { isYuan } from './money.ts';
import { accepted, type Checked, type Refusal, type RefusalCode, refuse, refused, step } from './refusal.ts';
import { contradictions } from './semantics.ts';
import { unnormalised } from './texts.ts';

/**
 * Unknown JSON → a unified message, or every reason why not: first the JSON Schema of its kind (schemas/), then what
 * a schema cannot say (check digits of patents, sums, references between fields). Gives it in the schema's order.
 */
export function parseMessage(value: Json): Checked<Message> {
  if (!isObject(value)) return refused(refuse('wrong-type', ''));
  const kind = value.kind;
  if (kind === undefined) return refused(refuse('missing-field', '/kind'));
  if (typeof kind !== 'string') return refused(refuse('wrong-type', '/kind'));
  if (!messageKinds.has(kind)) return refused(refuse('unknown-kind', '/kind', kind.slice(0, 40)));
  const validate = validatorOf(kind);
  if (!validate(value)) return refused(...refusalsOf(validate.errors ?? [], value));
  const message = value as unknown as Message;
  const found = [...unnormalised(message), ...contradictions(message)];
  return found.length === 0 ? accepted(inOrder(message, validate)) : refused(...found);
}

/** The same message with its members as its schema lists them: one content is written in one way by every adapter. */
function inOrder(message: Message, validate: ValidateFunction): Message {
  const { properties } = validate.schema as { readonly properties: Readonly<Record<string, unknown>> };
  const ordered: Record<string, unknown> = {};
  for (const name of Object.keys(properties)) {
    if (Object.hasOwn(message, name)) ordered[name] = message[name as keyof Message];
  }
  return ordered as unknown as Message;
}

/** The same from bytes. */
export function parseMessageBytes(bytes: Uint8Array): Checked<Message> {
  const json = parseJson(bytes);
  return json.ok ? parseMessage(json.value) : json;
}

/**
 * A validator for one schema under schemas/, by its file name without `.schema.json`. Compiled when it is first asked
 * for: all of them together take longer than the rest of a start.
 */
export function validatorOf(name: string): ValidateFunction {
  const validate = ajv.getSchema(`https://schemas.qiao.invalid/v1/${name}.schema.json`);
  if (validate === undefined) throw new Error(`no schema named ${name}`);
  return validate as ValidateFunction;
}

/** The same schema as it is written, for a room that reads it piece by piece. */
export function schemaOf(name: string): AnySchemaObject {
  const schema = schemas.get(name);
  if (schema === undefined) throw new Error(`no schema named ${name}`);
  return schema;
}

const folder = new URL('../../schemas/', import.meta.url);

const ajv = new Ajv2020({
  allErrors: true,
  verbose: true,
  strict: true,
  strictTypes: false,
  strictRequired: false,
  ownProperties: true,
  // They are ours: that each is a schema of the draft is tested, not asked again at every start.
  validateSchema: false,
  formats: { money: isYuan, 'date-only': isDate, instant: isInstant, uscc: isUscc },
});

const schemas = readSchemas();

function readSchemas(): ReadonlyMap<string, AnySchemaObject> {
  const read = new Map<string, AnySchemaObject>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.schema.json'))) {
    const schema = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as AnySchemaObject;
    ajv.addSchema(schema);
    read.set(file.replace('.schema.json', ''), schema);
  }
  return read;
}

/** Only these are messages: a rulebook is read by the rules room alone. */
const messageKinds: ReadonlySet<string> = new Set(kinds);

const CODES: Readonly<Record<string, RefusalCode>> = {
  required: 'missing-field',
  additionalProperties: 'unknown-field',
  type: 'wrong-type',
  enum: 'unknown-code',
  const: 'unknown-code',
};
const FORMATS: Readonly<Record<string, RefusalCode>> = {
  money: 'bad-money',
  'date-only': 'bad-date',
  instant: 'bad-date',
  uscc: 'bad-check-digit',
};

/**
 * Schema errors in our own codes, at most 50 and each once; `bad-format` only where nothing more telling is said. Of an `anyOf` only the branch that came
 * nearest speaks: the others merely say that the input is not something else.
 */
export function refusalsOf(errors: readonly ErrorObject[], value: Json): readonly Refusal[] {
  const found = new Map<string, Refusal>();
  for (const error of nearest(errors)) {
    if (found.size === 50) break;
    const refusal = refusalOf(error, value);
    found.set(`${refusal.code} ${refusal.pointer}`, refusal);
  }
  const all = [...found.values()];
  const told = new Set(all.filter(({ code }) => code !== 'bad-format').map(({ pointer }) => pointer));
  return all.filter(({ code, pointer }) => code !== 'bad-format' || !told.has(pointer));
}

function refusalOf(error: ErrorObject, value: Json): Refusal {
  const params = error.params as Record<string, unknown>;
  const key = params.missingProperty ?? params.additionalProperty;
  const pointer = error.instancePath + (typeof key === 'string' ? step(key) : '');
  if (error.keyword !== 'format') return refuse(CODES[error.keyword] ?? 'bad-format', pointer);
  const code = FORMATS[String(params.format)] ?? 'bad-format';
  return refuse(code === 'bad-money' ? moneyCode(at(value, pointer)) : code, pointer);
}

const COMBINING = new Set(['anyOf', 'oneOf', 'if']);

/** Without the combining errors themselves and without all but the nearest branch of each. */
function nearest(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const choices = errors
    .filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf')
    .map((choice) => ({ choice, branch: nearestBranch(choice, errors) }));
  return errors.filter(
    (error) =>
      !COMBINING.has(error.keyword) &&
      choices.every(({ choice, branch }) => [undefined, branch].includes(branchOf(error, choice))),
  );
}

/** Errors inside a shared definition stand under that definition's own path: they count for no branch, and stay. */
function branchOf(error: ErrorObject, { instancePath, schemaPath }: ErrorObject): number | undefined {
  return error.instancePath.startsWith(instancePath) && error.schemaPath.startsWith(`${schemaPath}/`)
    ? Number.parseInt(error.schemaPath.slice(schemaPath.length + 1), 10)
    : undefined;
}

function nearestBranch(choice: ErrorObject, errors: readonly ErrorObject[]): number {
  const counts = (choice.schema as readonly unknown[]).map(
    (_, branch) => errors.filter((error) => branchOf(error, choice) === branch).length,
  );
  return counts.indexOf(Math.min(...counts));
}

function moneyCode(value: unknown): RefusalCode {
  const text = String(value);
  if (/^-\d/.test(text)) return 'negative-money';
  if (/^\d+\.\d{3,}$/.test(text)) return 'fen-fraction';
  return /^[1-9]\d{13,}\.\d{2}$/.test(text) ? 'money-too-large' : 'bad-money';
}

function at(value: Json, pointer: string): unknown {
  let node: unknown = value;
  for (const part of pointer.split('/').slice(1)) {
    node = (node as Record<string, unknown> | undefined)?.[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return node;
}
