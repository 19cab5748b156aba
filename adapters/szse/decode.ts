import type { Exchange } from '../../src/contract/exchange.ts';
import { joinFees } from '../../src/contract/fees.ts';
import type { Json, JsonObject } from '../../src/contract/json.ts';
import { type AsSent, type Mapping, readTree } from '../../src/contract/mapping.ts';
import type { Message } from '../../src/contract/message.ts';
import { parseMessage } from '../../src/contract/parse.ts';
import { type Checked, refuse, refused } from '../../src/contract/refusal.ts';
import { pointerOf, put, type Tree } from '../../src/contract/tree.ts';
import { formRead } from './forms.ts';
import { readTagged, type Tagged } from './wire.ts';

/** One tag=value message (UL, UM, US, UN, UI, UJ, UB, UD, UE, UC, UK, UF), with or without session header → unified. */
export function decode(bytes: Uint8Array): Checked<Message> {
  const read = readTagged(bytes);
  return read.ok ? decodeTagged(read.value) : read;
}

/** The same, once its tags are read. Refusals point at tags: `/20041`, `/20010/0/20012`. */
export function decodeTagged({ tree, sentAt }: Tagged): Checked<Message> {
  const form = formRead(tree);
  if (form === undefined) return refused(refuse('unknown-kind', '/35', String(tree['35']).slice(0, 40)));
  const timed = TIMED.has(String(tree['35'])) && tree['60'] === undefined && sentAt !== undefined;
  const { value, refusals, asSent } = readTree(form.mapping, timed ? { ...tree, '60': sentAt } : tree);
  if (refusals.length > 0) return refused(...refusals.slice(0, 50));
  const kept = form.own && asSent !== undefined ? asSent : undefined;
  const parsed = parseMessage(whole(value, kept));
  if (parsed.ok) return parsed;
  return refused(...parsed.refusals.map((one) => ({ ...one, pointer: nativePointer(form.mapping, one.pointer) })));
}

/** Messages that need a time and, where they name none (60), have the one they were sent at. */
const TIMED: ReadonlySet<string> = new Set(['UI', 'UB']);

/** From the mapping's intermediate form to the contract's: fees as a list, no origin beside a funds' id. */
function whole(value: JsonObject, asSent: AsSent | undefined): Json {
  const { origin: _, ...message } = value;
  if (asSent !== undefined) put(message as Tree, 'extensions.szse.asSent', { ...asSent });
  return message.kind === 'deal' ? joinFees(message, message.home as Exchange, message.host as Exchange) : message;
}

/** Where a unified field stands in the native message; as it is where it stands nowhere. */
function nativePointer(mapping: Mapping, pointer: string): string {
  if (pointer === '') return pointer;
  for (const row of mapping.rows) {
    const unified = pointerOf(row.unified);
    // A whole that is missing stands where its first part would.
    if (pointer === unified || unified.startsWith(`${pointer}/`)) return pointerOf(row.native);
    if (!pointer.startsWith(`${unified}/`)) continue;
    const rest = pointer.slice(unified.length);
    if (!('each' in row)) return pointerOf(row.native);
    const [, index, ...inner] = rest.split('/');
    const path = inner.join('.');
    const one = row.each.find((each) => path === each.unified || path.startsWith(`${each.unified}.`));
    return `${pointerOf(row.native)}/${index}${one === undefined ? '' : pointerOf(one.native)}`;
  }
  return pointer;
}
