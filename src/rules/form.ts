import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { isObject, type Json } from '../contract/json.ts';
import { type Refusal, refuse } from '../contract/refusal.ts';
import { refusalsOf } from '../contract/schema-errors.ts';
import { howWeRead, schemaOf } from '../contract/validation.ts';

/** As many malformations as are told. */
const MOST = 50;

/**
 * Everything wrong with the form of an unknown rulebook; empty: nothing.
 *
 * A clause is any one of many forms, told apart by its dimension. The schema as a whole would try each clause by every
 * form, and could only say that it is none of them; so the frame is asked first, and each clause by its own form alone.
 */
export function malformationsOf(json: unknown): readonly Refusal[] {
  forms ??= readForms();
  const { frame } = forms;
  // Not used as a type guard: what is malformed is still looked at below.
  const isFramed: boolean = frame(json);
  const found = isFramed ? [] : [...refusalsOf(frame.errors ?? [], json as Json)];
  const clauses = isObject(json) && Array.isArray(json.clauses) ? (json.clauses as readonly Json[]) : [];
  for (const [i, clause] of clauses.entries()) {
    if (found.length >= MOST) break;
    found.push(...ofClause(clause, `/clauses/${i}`, forms));
  }
  return found.slice(0, MOST);
}

function ofClause(clause: Json, pointer: string, { formOf }: Forms): readonly Refusal[] {
  if (!isObject(clause)) return [refuse('wrong-type', pointer)];
  const { dimension } = clause;
  if (dimension === undefined) return [refuse('missing-field', `${pointer}/dimension`)];
  const own = typeof dimension === 'string' ? formOf(dimension) : undefined;
  if (own === undefined) return [refuse('unknown-code', `${pointer}/dimension`, String(dimension).slice(0, 40))];
  if (own(clause)) return [];
  return refusalsOf(own.errors ?? [], clause).map((refusal) => ({ ...refusal, pointer: pointer + refusal.pointer }));
}

interface Forms {
  /** A rulebook in which clauses may be anything. */
  readonly frame: ValidateFunction;
  /** Of a dimension; compiled when it is first asked for. */
  formOf(dimension: string): ValidateFunction | undefined;
}

let forms: Forms | undefined;

function readForms(): Forms {
  const ajv = new Ajv2020({
    ...howWeRead,
    allErrors: true,
    // Rulebooks are read seldom, and many forms are compiled for each.
    code: { optimize: false },
  });
  const schema = schemaOf('rulebook') as RulebookSchema;
  const { items: _, ...clauses } = schema.properties.clauses;
  ajv.addSchema(schemaOf('common'));
  ajv.addSchema({ ...schema, properties: { ...schema.properties, clauses } });
  const places = new Map(
    schema.$defs.clause.anyOf.map(({ $ref }) => {
      const form = schema.$defs[$ref.slice('#/$defs/'.length)] as ClauseForm;
      return [form.properties.dimension.const, `${schema.$id}${$ref}`];
    }),
  );
  const at = (place: string) => ajv.getSchema(place) as ValidateFunction | undefined;
  return {
    frame: at(schema.$id)!,
    formOf: (dimension) => {
      const place = places.get(dimension);
      return place === undefined ? undefined : at(place);
    },
  };
}

interface ClauseForm {
  readonly properties: { readonly dimension: { readonly const: string } };
}

interface RulebookSchema {
  readonly $id: string;
  readonly properties: Readonly<Record<string, object>> & { readonly clauses: Readonly<Record<string, unknown>> };
  readonly $defs: { readonly clause: { readonly anyOf: readonly { readonly $ref: string }[] } } & {
    readonly [name: string]: unknown;
  };
}
