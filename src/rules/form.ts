import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { isDate } from '../contract/dates.ts';
import { isObject, type Json } from '../contract/json.ts';
import { isYuan } from '../contract/money.ts';
import { refusalsOf, validatorOf } from '../contract/parse.ts';
import { type Refusal, refuse } from '../contract/refusal.ts';

/**
 * Everything wrong with the form of an unknown rulebook; empty: nothing.
 *
 * A clause is any one of many forms, told apart by its dimension. The schema as a whole can only say that it is none of
 * them, for as many reasons as there are forms; so a clause at fault is asked again by its own form alone.
 */
export function malformationsOf(json: unknown): readonly Refusal[] {
  const validate = validatorOf('rulebook');
  // Not used as a type guard: what is malformed is still looked at below.
  const isWellFormed: boolean = validate(json);
  if (isWellFormed) return [];
  const outside = (validate.errors ?? []).filter(({ instancePath }) => !/^\/clauses\/\d/.test(instancePath));
  const found = [...refusalsOf(outside, json as Json)];
  const clauses = isObject(json) && Array.isArray(json.clauses) ? (json.clauses as readonly Json[]) : [];
  for (const [i, clause] of clauses.entries()) found.push(...ofClause(clause, `/clauses/${i}`));
  return found.slice(0, 50);
}

function ofClause(clause: Json, pointer: string): readonly Refusal[] {
  if (!isObject(clause)) return [refuse('wrong-type', pointer)];
  const { dimension } = clause;
  if (dimension === undefined) return [refuse('missing-field', `${pointer}/dimension`)];
  forms ??= readForms();
  const own = typeof dimension === 'string' ? forms.get(dimension)?.() : undefined;
  if (own === undefined) return [refuse('unknown-code', `${pointer}/dimension`, String(dimension).slice(0, 40))];
  if (own(clause)) return [];
  return refusalsOf(own.errors ?? [], clause).map((refusal) => ({ ...refusal, pointer: pointer + refusal.pointer }));
}

let forms: ReadonlyMap<string, () => ValidateFunction | undefined> | undefined;

/** Dimension → its form in the schema, each compiled when it is asked for. Only a rulebook at fault needs them. */
function readForms(): ReadonlyMap<string, () => ValidateFunction | undefined> {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    strictTypes: false,
    strictRequired: false,
    ownProperties: true,
    validateSchema: false,
    formats: { money: isYuan, 'date-only': isDate },
  });
  const schema = validatorOf('rulebook').schema as RulebookSchema;
  ajv.addSchema(validatorOf('common').schema as RulebookSchema);
  ajv.addSchema(schema);
  return new Map(
    schema.$defs.clause.anyOf.map(({ $ref }) => {
      const form = schema.$defs[$ref.slice('#/$defs/'.length)] as ClauseForm;
      return [form.properties.dimension.const, () => ajv.getSchema(`${schema.$id}${$ref}`)];
    }),
  );
}

interface ClauseForm {
  readonly properties: { readonly dimension: { readonly const: string } };
}

interface RulebookSchema {
  readonly $id: string;
  readonly $defs: { readonly clause: { readonly anyOf: readonly { readonly $ref: string }[] } } & {
    readonly [name: string]: unknown;
  };
}
