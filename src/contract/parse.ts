import { isObject, type Json, parseJson } from './json.ts';
import { kinds, type Message } from './message.ts';
import { accepted, type Checked, refuse, refused } from './refusal.ts';
import { contradictions } from './semantics.ts';
import { unnormalised } from './texts.ts';
import { malformationsBy, schemaOf } from './validation.ts';

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
  const wrong = malformationsBy(kind, value);
  if (wrong.length > 0) return refused(...wrong);
  const message = value as unknown as Message;
  const found = [...unnormalised(message), ...contradictions(message)];
  return found.length === 0 ? accepted(inOrder(message)) : refused(...found);
}

/** The same message with its members as its schema lists them: one content is written in one way by every adapter. */
function inOrder(message: Message): Message {
  const ordered: Record<string, unknown> = {};
  for (const name of membersOf(message.kind)) {
    if (Object.hasOwn(message, name)) ordered[name] = message[name as keyof Message];
  }
  return ordered as unknown as Message;
}

const members = new Map<string, readonly string[]>();

function membersOf(kind: string): readonly string[] {
  let names = members.get(kind);
  if (names === undefined) {
    names = Object.keys((schemaOf(kind) as { readonly properties: object }).properties);
    members.set(kind, names);
  }
  return names;
}

/** The same from bytes. */
export function parseMessageBytes(bytes: Uint8Array): Checked<Message> {
  const json = parseJson(bytes);
  return json.ok ? parseMessage(json.value) : json;
}

/** Only these are messages: a rulebook is read by the rules room alone. */
const messageKinds: ReadonlySet<string> = new Set(kinds);
