import type { ErrorObject } from 'ajv';
import type { Json } from './json.ts';
import { type Refusal, type RefusalCode, refuse, step } from './refusal.ts';

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

/** So many tell enough, and telling branches apart takes their number times that of the choices. */
const MOST_ERRORS = 2_000;

/**
 * Schema errors in our own codes, at most 50 and each once; `bad-format` only where nothing more telling is said. Of an `anyOf` only the branch that came
 * nearest speaks: the others merely say that the input is not something else.
 */
export function refusalsOf(errors: readonly ErrorObject[], value: Json): readonly Refusal[] {
  const found = new Map<string, Refusal>();
  for (const error of nearest(errors.slice(0, MOST_ERRORS))) {
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
