import type { Encoded, Frame } from '../../src/contract/adapter.ts';
import { exchangeOf } from '../../src/contract/exchange.ts';
import { splitFees } from '../../src/contract/fees.ts';
import { isObject, type Json, type JsonObject } from '../../src/contract/json.ts';
import { type Loss, loss } from '../../src/contract/loss.ts';
import { type AsSent, asSentOver, writeTree } from '../../src/contract/mapping.ts';
import type { Deal, Listing, Message } from '../../src/contract/message.ts';
import { accepted, type Checked, type Refusal, refuse, refused } from '../../src/contract/refusal.ts';
import { same } from '../../src/contract/tree.ts';
import { dealMessage, statusSaid } from './codecs.ts';
import { decodeTagged } from './decode.ts';
import { formWritten } from './forms.ts';
import { writeTagged } from './wire.ts';

/**
 * Unified → one tag=value message without session header and trailer: as SZSE itself would send it where it is SZSE's
 * own, else the request the gateway sends, under `frame.requestId` in tag 11.
 */
export function encode(message: Message, frame: Frame): Checked<Encoded> {
  const form = formWritten(message);
  if (form === undefined) return refused(refuse('not-expressible', '/kind', message.kind));
  const said = sayable(message);
  const kept = 'extensions' in message ? ((message.extensions?.szse ?? {}) as JsonObject) : {};
  const framed = form.own
    ? { clientId: frame.requestId, ...kept }
    : { clientId: frame.requestId, ...(frame.mirror === undefined ? {} : { mirror: frame.mirror }) };
  const { native, refusals, loss: lost } = writeTree(form.mapping, { ...said.unified, extensions: { szse: framed } });
  const all = [...said.refusals, ...refusals];
  if (all.length > 0) return refused(...all.slice(0, 50));
  const tree = form.own ? asItCame(native, kept.asSent, message) : native;
  const request = { id: String(framed.clientId), bytes: writeTagged(tree) };
  return accepted({ request, loss: [...said.loss, ...lost] });
}

interface Said {
  readonly unified: JsonObject;
  readonly refusals: readonly Refusal[];
  readonly loss: readonly Loss[];
}

/** The message in the mapping's intermediate form, what SZSE has only a coarser word for being put in that word. */
function sayable(message: Message): Said {
  const unified = message as unknown as JsonObject;
  switch (message.kind) {
    case 'deal':
      return sayableDeal(message);
    case 'funds':
      return { unified: originTold(message.id, unified), refusals: [], loss: [] };
    case 'listing':
      return { unified, refusals: [], loss: coarserEncumbrances(message) };
    case 'listing-state':
      // 终止 has one word here: a closed listing must not stay open at the host.
      return message.status === 'closed'
        ? { unified: { ...unified, status: 'withdrawn' }, refusals: [], loss: [loss('/status')] }
        : { unified, refusals: [], loss: [] };
    default:
      return { unified, refusals: [], loss: [] };
  }
}

function sayableDeal(deal: Deal): Said {
  const certified = deal.certificate !== undefined;
  const read = statusSaid(dealMessage(deal.status, certified), certified);
  const { deal: unified, refusals } = splitFees(deal as unknown as JsonObject);
  return { unified, refusals, loss: read === deal.status ? [] : [loss('/status')] };
}

function originTold(id: string, funds: JsonObject): JsonObject {
  return exchangeOf(id) === 'szse' ? funds : { ...funds, origin: exchangeOf(id) };
}

/** Y is said for any encumbrance, and reads as a pledge. */
function coarserEncumbrances(listing: Listing): readonly Loss[] {
  return listing.object.ip.flatMap(({ encumbrances = [] }, i) =>
    encumbrances.length === 0 || same([...encumbrances], ['pledge']) ? [] : [loss(`/object/ip/${i}/encumbrances`)],
  );
}

/** Puts back how SZSE itself had written it, if that still says exactly this message. */
function asItCame(native: JsonObject, asSent: Json | undefined, message: Message): JsonObject {
  if (!isAsSent(asSent)) return native;
  const tree = asSentOver(native, asSent);
  if (!Object.values(tree).every(isWritable)) return native;
  const again = decodeTagged({ tree });
  return again.ok && same(again.value as unknown as Json, message as unknown as Json) ? tree : native;
}

function isAsSent(value: Json | undefined): value is Json & AsSent {
  if (!isObject(value) || !isObject(value.written) || !Array.isArray(value.absent)) return false;
  const pointers = [...Object.keys(value.written), ...value.absent];
  return pointers.every((pointer) => typeof pointer === 'string' && /^(\/\d{1,6}){1,3}$/.test(pointer));
}

function isWritable(value: Json): boolean {
  return typeof value === 'string'
    ? !value.includes('\u0001')
    : Array.isArray(value) && value.every((member) => isObject(member) && Object.values(member).every(isText));
}

function isText(value: Json): boolean {
  return typeof value === 'string' && !value.includes('\u0001');
}
