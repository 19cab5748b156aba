import { isObject, type Json, type JsonObject } from '../contract/json.ts';
import { accepted, type Checked, refuse, refused, step } from '../contract/refusal.ts';

/** A body that is an object with all of these members, maybe these others, and no more. */
export function readFields(
  body: Json,
  required: readonly string[],
  optional: readonly string[] = [],
): Checked<JsonObject> {
  if (!isObject(body)) return refused(refuse('wrong-type', ''));
  const found = Object.keys(body)
    .filter((key) => !required.includes(key) && !optional.includes(key))
    .map((key) => refuse('unknown-field', step(key)));
  for (const key of required) if (body[key] === undefined) found.push(refuse('missing-field', step(key)));
  return found.length > 0 ? refused(...found) : accepted(body);
}
