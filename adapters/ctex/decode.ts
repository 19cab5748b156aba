import { type Exchange, isExchange } from '../../src/contract/exchange.ts';
import { joinFees } from '../../src/contract/fees.ts';
import type { Json, JsonObject } from '../../src/contract/json.ts';
import { type AsSent, type Mapping, readTree } from '../../src/contract/mapping.ts';
import type { Kind, Message } from '../../src/contract/message.ts';
import { parseMessage } from '../../src/contract/parse.ts';
import { type Checked, refuse, refused } from '../../src/contract/refusal.ts';
import { get, put, type Tree } from '../../src/contract/tree.ts';
import { codes } from './codes.ts';
import { foreign, marks } from './fields-foreign.ts';
import { own } from './fields-own.ts';
import { pointingAtNative } from './pointers.ts';
import { readWire } from './wire.ts';

/** One webhook body of CTEX, or one body of a request to it, → unified. Refusals point into the native message. */
export function decode(bytes: Uint8Array): Checked<Message> {
  const native = readWire(bytes);
  return native.ok ? decodeTree(native.value) : native;
}

/** The same from JSON that has been read already. */
export function decodeTree(native: JsonObject): Checked<Message> {
  if (Object.hasOwn(native, 'eventType')) return decodeEvent(native);
  if (Object.hasOwn(native, 'requestId')) return decodeRequest(native);
  return refused(refuse('missing-field', '/eventType'));
}

function decodeEvent(native: JsonObject): Checked<Message> {
  const type = native.eventType as Json;
  const kind = typeof type === 'string' && Object.hasOwn(codes.eventKind, type) ? codes.eventKind[type] : undefined;
  const mapping = kind === undefined ? undefined : own[kind as Kind];
  // String() throws on an object that has a field `toString`.
  if (mapping === undefined) {
    return refused(refuse('unknown-kind', '/eventType', typeof type === 'object' ? '' : String(type).slice(0, 40)));
  }
  if (kind === 'deal') {
    const state = get(native, 'data.state');
    if (
      typeof state === 'string' &&
      Object.hasOwn(codes.dealState, state) &&
      state !== codes.dealEvent[type as string]
    ) {
      return refused(refuse('inconsistent', '/data/state', 'eventType'));
    }
  }
  return checked(kind as Kind, mapping, native, 'ctex');
}

function decodeRequest(native: JsonObject): Checked<Message> {
  const { requestId, ...body } = native;
  if (typeof requestId !== 'string' || requestId === '') return refused(refuse('wrong-type', '/requestId'));
  const kind = marks.find(([, fields]) => fields.every((field) => Object.hasOwn(body, field)))?.[0];
  const mapping = kind === undefined ? undefined : foreign[kind];
  if (kind === undefined || mapping === undefined) return refused(refuse('unknown-kind'));
  return checked(kind, mapping, body, undefined);
}

/** `owner`: whose message it is; undefined for a request, which only ever speaks of another exchange's things. */
function checked(kind: Kind, mapping: Mapping, native: JsonObject, owner: Exchange | undefined): Checked<Message> {
  const { value, refusals, asSent } = readTree(mapping, native);
  if (refusals.length > 0) return { ok: false, refusals: refusals.slice(0, 50) };
  let unified: Tree = { kind, ...value };
  if (kind === 'deal') unified = dealOf(unified, owner);
  if (owner === undefined) unified = withoutFrame(unified);
  else if (asSent !== undefined) put(unified, 'extensions.ctex.asSent', writtenDown(asSent));
  const message = parseMessage(unified);
  return message.ok ? message : { ok: false, refusals: pointingAtNative(message.refusals, mapping) };
}

/** Without `hostExchange` the buyer is CTEX's own. */
function dealOf(read: Tree, owner: Exchange | undefined): Tree {
  const host = isExchange(read.host) ? read.host : 'ctex';
  return joinFees({ ...read, host }, owner ?? (read.home as Exchange), host) as Tree;
}

/** A request carries no extensions: the unit it writes amounts in is the gateway's own choice. */
function withoutFrame({ extensions, origin, ...unified }: Tree): Tree {
  return unified;
}

function writtenDown({ written, absent }: AsSent): Json {
  return { written, absent };
}
