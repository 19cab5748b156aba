import { readdirSync, readFileSync } from 'node:fs';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { isUscc } from './check-digits.ts';
import { isDate, isInstant } from './dates.ts';
import { isObject, type Json, parseJson } from './json.ts';
import type { Message } from './message.ts';
import { isYuan } from './money.ts';
import { accepted, type Checked, type Refusal, type RefusalCode, refuse, refused, step } from './refusal.ts';
import { contradictions } from './semantics.ts';

/**
 * Unknown JSON → a unified message, or every reason why not: first the JSON Schema of its kind (schemas/), then what
 * a schema cannot say (check digits of patents, sums, references between fields).
 */
export function parseMessage(value: Json): Checked<Message> {
  if (!isObject(value)) return refused(refuse('wrong-type', ''));
  const kind = value.kind;
  if (kind === undefined) return refused(refuse('missing-field', '/kind'));
  const validate = typeof kind === 'string' ? validators.get(kind) : undefined;
  if (validate === undefined) return refused(refuse('unknown-kind', '/kind', String(kind).slice(0, 40)));
  if (!validate(value)) return refused(...refusalsOf(validate.errors ?? [], value));
  const message = value as unknown as Message;
  const found = contradictions(message);
  return found.length === 0 ? accepted(message) : refused(...found);
}

/** The same from bytes. */
export function parseMessageBytes(bytes: Uint8Array): Checked<Message> {
  const json = parseJson(bytes);
  return json.ok ? parseMessage(json.value) : json;
}

/** A validator for one schema under schemas/, by its file name without `.schema.json`. */
export function validatorOf(name: string): ValidateFunction {
  const validate = ajv.getSchema(`https://schemas.qiao.invalid/v1/${name}.schema.json`);
  if (validate === undefined) throw new Error(`no schema named ${name}`);
  return validate as ValidateFunction;
}

const folder = new URL('../../schemas/', import.meta.url);

const ajv = new Ajv2020({
  allErrors: true,
  strict: true,
  strictTypes: false,
  strictRequired: false,
  ownProperties: true,
  formats: { money: isYuan, 'date-only': isDate, instant: isInstant, uscc: isUscc },
});

const validators = readSchemas();

function readSchemas(): ReadonlyMap<string, ValidateFunction> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.schema.json'));
  for (const file of files) ajv.addSchema(JSON.parse(readFileSync(new URL(file, folder), 'utf8')));
  const kinds = files.map((file) => file.slice(0, -'.schema.json'.length)).filter((name) => name !== 'common');
  return new Map(kinds.map((kind) => [kind, validatorOf(kind)]));
}

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

/** Schema errors in our own codes; the branches of an `anyOf` that merely failed as well are left out. */
export function refusalsOf(errors: readonly ErrorObject[], value: Json): readonly Refusal[] {
  const telling = errors.filter(
    (error) => error.keyword !== 'anyOf' && error.keyword !== 'oneOf' && error.keyword !== 'if',
  );
  return telling.slice(0, 50).map((error) => {
    const params = error.params as Record<string, unknown>;
    const key = params.missingProperty ?? params.additionalProperty;
    const pointer = error.instancePath + (typeof key === 'string' ? step(key) : '');
    if (error.keyword === 'format') {
      const code = FORMATS[String(params.format)] ?? 'bad-format';
      return refuse(code === 'bad-money' ? moneyCode(at(value, pointer)) : code, pointer);
    }
    return refuse(CODES[error.keyword] ?? 'bad-format', pointer);
  });
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
