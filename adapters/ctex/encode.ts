import type { Encoded, Frame } from '../../src/contract/adapter.ts';
import { writeInstant } from '../../src/contract/codecs.ts';
import { exchangeOf } from '../../src/contract/exchange.ts';
import { splitFees } from '../../src/contract/fees.ts';
import { isObject, type JsonObject } from '../../src/contract/json.ts';
import { type AsSent, asSentOver, writeTree } from '../../src/contract/mapping.ts';
import type { Message } from '../../src/contract/message.ts';
import { accepted, type Checked, type Refusal, refuse, refused } from '../../src/contract/refusal.ts';
import { get, same, type Tree } from '../../src/contract/tree.ts';
import { codes } from './codes.ts';
import { decodeTree } from './decode.ts';
import { foreign } from './fields-foreign.ts';
import { own } from './fields-own.ts';
import { pathOf } from './paths.ts';
import { besideMessage, sayable } from './sayable.ts';
import { writeWire } from './wire.ts';

/**
 * Unified → what CTEX itself would send (its own listings, deals, buyers), or the body of the gateway's request to it
 * (everybody else's).
 */
export function encode(message: Message, frame: Frame): Checked<Encoded> {
  return belongsToCtex(message) ? encodeEvent(message, frame) : encodeRequest(message, frame);
}

/** Whose thing it is decides the form; a listing's state is its home's, known by the id. */
function belongsToCtex(message: Message): boolean {
  switch (message.kind) {
    case 'listing':
    case 'deal':
    case 'interest-decision':
      return message.home === 'ctex';
    case 'interest':
    case 'bid':
    case 'deal-confirmed':
      return message.host === 'ctex';
    case 'funds':
      return exchangeOf(message.id) === 'ctex';
    case 'listing-state':
      return 'id' in message.listing && exchangeOf(message.listing.id) === 'ctex';
    default:
      return false;
  }
}

function encodeRequest(message: Message, frame: Frame): Checked<Encoded> {
  const mapping = foreign[message.kind];
  if (mapping === undefined) return refused(refuse('not-expressible', '/kind', message.kind));
  const { value, losses } = sayable(message);
  const { kind, extensions, ...content } = value;
  const { unified, refusals } = tabled(message, { ...content, ...besideMessage(message) });
  if (message.kind === 'funds') unified.origin = exchangeOf(message.id);
  const written = writeTree(mapping, unified);
  const found = [...refusals, ...written.refusals];
  if (found.length > 0) return { ok: false, refusals: found };
  const target = pathOf(message, frame);
  if (target === undefined) return refused(refuse('not-expressible', numberPointers[message.kind] ?? ''));
  const bytes = writeWire({ requestId: frame.requestId, ...written.native });
  return accepted({ request: { id: frame.requestId, bytes, ...target }, loss: [...losses, ...written.loss] });
}

/** Which reference stands in the path of a request. */
const numberPointers: Readonly<Record<string, string>> = {
  listing: '/id',
  'listing-state': '/listing/mirror',
  'interest-decision': '/interest',
  'deal-confirmed': '/deal',
};

function encodeEvent(message: Message, frame: Frame): Checked<Encoded> {
  const mapping = own[message.kind];
  if (mapping === undefined) return refused(refuse('not-expressible', '/kind', message.kind));
  const { value, losses } = sayable(message);
  const { kind, ...content } = value;
  const { unified, refusals } = tabled(message, withEvent(message, content, frame));
  const written = writeTree(mapping, unified);
  const found = [...refusals, ...written.refusals];
  if (found.length > 0) return { ok: false, refusals: found };
  const native = asCtexWroteIt(message, written.native);
  const request = { id: String(native.eventId), bytes: writeWire(native) };
  return accepted({ request, loss: [...losses, ...written.loss] });
}

/** A deal as the tables know it: two fees, and in an event a host only where it is another exchange than CTEX. */
function tabled(message: Message, content: Tree): { unified: Tree; refusals: readonly Refusal[] } {
  if (message.kind !== 'deal') return { unified: content, refusals: [] };
  const { deal, refusals } = splitFees(content);
  const { host, ...rest } = deal;
  return { unified: message.home === 'ctex' && host === 'ctex' ? rest : { ...deal }, refusals };
}

/** The event's frame: the one it came with, else one made from the request's. */
function withEvent(message: Message, content: JsonObject, frame: Frame): Tree {
  const ours = (get(content, 'extensions.ctex') ?? {}) as JsonObject;
  const came = isObject(ours.event) ? ours.event : {};
  const id = typeof came.id === 'string' && came.id !== '' && came.id.length <= 64 ? came.id : frame.requestId;
  const stated = typeof came.at === 'string' ? came.at : ((message as { at?: string }).at ?? frame.at);
  const at = typeof writeInstant(stated, 'spaced') === 'string' ? stated : wholeSecond(frame.at);
  const type = eventType(message, came.type);
  const event = type === undefined ? { id, at } : { id, type, at };
  const beside = (get(besideMessage(message), 'extensions.ctex') ?? {}) as JsonObject;
  return { ...content, extensions: { ctex: { ...ours, ...beside, event } } };
}

function wholeSecond(at: string): string {
  return `${at.slice(0, 19)}+08:00`;
}

/** undefined: the message's own status is the event type. */
function eventType(message: Message, came: unknown): string | undefined {
  switch (message.kind) {
    case 'listing':
      if (typeof came === 'string' && Object.hasOwn(codes.projectEvent, came)) return came;
      return message.version === 1 ? 'PROJECT_PUBLISHED' : 'PROJECT_CHANGED';
    case 'deal':
      return `DEAL_${codes.dealStateOf[message.status]}`;
    case 'listing-state':
      return undefined;
    default:
      return Object.keys(codes.eventKind).find((type) => codes.eventKind[type] === message.kind);
  }
}

/** Puts CTEX's own spelling back, if it still means exactly this message. */
function asCtexWroteIt(message: Message, native: JsonObject): JsonObject {
  const asSent = get(message as unknown as JsonObject, 'extensions.ctex.asSent');
  if (!isAsSent(asSent)) return native;
  const candidate = asSentOver(native, asSent);
  const read = decodeTree(candidate);
  return read.ok && same(read.value as unknown as JsonObject, message as unknown as JsonObject) ? candidate : native;
}

function isAsSent(value: unknown): value is AsSent {
  return (
    isObject(value) &&
    isObject(value.written) &&
    Array.isArray(value.absent) &&
    value.absent.every((pointer) => typeof pointer === 'string')
  );
}
