import type { Encoded, Frame } from '../../src/contract/adapter.ts';
import { exchangeOf, nativeIdOf } from '../../src/contract/exchange.ts';
import { splitFees } from '../../src/contract/fees.ts';
import { isObject, type Json, type JsonObject } from '../../src/contract/json.ts';
import { type Loss, loss } from '../../src/contract/loss.ts';
import { asSentOver, writeTree } from '../../src/contract/mapping.ts';
import type { Message } from '../../src/contract/message.ts';
import { accepted, type Checked, type Refusal, refuse, refused, step } from '../../src/contract/refusal.ts';
import { same, type Tree } from '../../src/contract/tree.ts';
import { decodeBy, typeOfListing } from './decode.ts';
import { dealTypes, type Form, type Forms, forms } from './documents.ts';
import { type Head, isWdbh, timeOf, writeDocument } from './wire.ts';

/** Unified → one `<WD>`: STEX's own as STEX sends it, another exchange's as the gateway sends it to `/tep/inbox`. */
export function encode(message: Message, frame: Frame): Checked<Encoded> {
  return encodeBy(forms, message, frame);
}

/** The same by given tables. */
export function encodeBy(tables: Forms, message: Message, frame: Frame): Checked<Encoded> {
  const own = isOwn(message);
  const form = (own ? tables.own : tables.foreign).find(({ kind }) => kind === message.kind);
  if (form === undefined) return refused(refuse('not-expressible', '/kind', message.kind));
  const seconds = wholeSeconds(message);
  const prepared = prepare(message, seconds.value, own);
  const { extensions: _, ...rest } = prepared.value;
  const sent = own ? sentFrame(message) : {};
  const stex: Tree = own ? textOf('BZ', sent.BZ) : message.kind === 'listing' ? textOf('JXBH', frame.mirror) : {};
  const carried = Object.keys(stex).length === 0 ? {} : { extensions: { stex } };
  const written = writeTree(form.mapping, { ...rest, ...carried });
  const refusals = [...prepared.refusals, ...written.refusals];
  if (refusals.length > 0) return { ok: false, refusals };
  const head: Head = {
    WDBH: isWdbh(sent.WDBH) ? sent.WDBH : frame.requestId,
    LX: typeOf(form, prepared.value, sent),
    SJ: typeof sent.SJ === 'string' && /^\d{14}$/.test(sent.SJ) ? sent.SJ : timeOf(frame.at),
  };
  const bytes = ownBytes(tables, form, head, written.native, message, sent.asSent);
  if (!bytes.ok) return refused(...bytes.refusals.map((refusal) => located(refusal, rest)));
  const request = { id: head.WDBH, bytes: bytes.value, method: 'POST', path: '/tep/inbox' } as const;
  return accepted({ request, loss: [...seconds.loss, ...prepared.loss, ...written.loss] });
}

function isOwn(message: Message): boolean {
  switch (message.kind) {
    case 'listing':
    case 'deal':
    case 'interest-decision':
      return message.home === 'stex';
    case 'interest':
    case 'bid':
    case 'deal-confirmed':
      return message.host === 'stex';
    case 'listing-state':
      return 'id' in message.listing && exchangeOf(message.listing.id) === 'stex';
    case 'funds':
      return exchangeOf(message.id) === 'stex';
    default:
      return false;
  }
}

interface Prepared {
  readonly value: JsonObject;
  readonly refusals: readonly Refusal[];
  readonly loss: readonly Loss[];
}

const MOMENTS = ['publishedAt', 'registeredAt', 'placedAt', 'concludedAt', 'confirmedAt'] as const;

/** STEX's times are whole seconds: a fraction is cut off, and said to be. */
function wholeSeconds(message: Message): Pick<Prepared, 'value' | 'loss'> {
  const value = message as unknown as JsonObject;
  const name = MOMENTS.find((one) => typeof value[one] === 'string' && String(value[one]).includes('.'));
  if (name === undefined) return { value, loss: [] };
  const [at, fraction] = String(value[name]).split(/\.|\+/) as [string, string];
  return { value: { ...value, [name]: `${at}+08:00` }, loss: Number(fraction) === 0 ? [] : [loss(`/${name}`)] };
}

/** What the table cannot say row by row: STEX has fewer words for states, two fees, and one field for a sender. */
function prepare(message: Message, value: JsonObject, own: boolean): Prepared {
  const as = (changed: JsonObject, losses: readonly Loss[] = []): Prepared => ({
    value: changed,
    refusals: [],
    loss: losses,
  });
  switch (message.kind) {
    case 'listing-state':
      // 终止 is the one word for both ends of a listing.
      return message.status === 'closed' ? as({ ...value, status: 'withdrawn' }, [loss('/status')]) : as(value);
    case 'deal': {
      const status = STATES[message.status];
      const { deal, refusals } = splitFees(value);
      const { host, ...rest } = deal;
      const certificate = message.certificate === undefined ? status === 'certified' : status === 'concluded';
      return {
        value: { ...rest, ...(host === 'stex' ? {} : { host: host! }), status },
        refusals: certificate ? [...refusals, refuse('not-expressible', '/certificate')] : refusals,
        loss: status === message.status || message.status === 'reversed' ? [] : [loss('/status')],
      };
    }
    case 'deal-confirmed': {
      // 304 names STEX's number once; what merely repeats it is no loss.
      const repeated = own ? 'number' : 'homeNumber';
      if (message[repeated] !== nativeIdOf(message.deal)) return as(value);
      const { [repeated]: _, ...rest } = value;
      return as(rest);
    }
    case 'funds':
      return as(own ? value : { ...value, origin: exchangeOf(message.id) });
    default:
      return as(value);
  }
}

const STATES = {
  concluded: 'concluded',
  confirmed: 'concluded',
  funded: 'concluded',
  certified: 'certified',
  'ip-recorded': 'certified',
  registered: 'certified',
  settled: 'certified',
  cancelled: 'cancelled',
  reversed: 'cancelled',
} as const;

function typeOf(form: Form, value: JsonObject, sent: JsonObject): string {
  if (form.types.length === 1) return form.types[0]!;
  if (form.kind === 'deal') return dealTypes[String(value.status)]!;
  return typeof sent.LX === 'string' && form.types.includes(sent.LX) ? sent.LX : typeOfListing(value.version);
}

/** What STEX itself wrote around and into the message, kept when it was decoded. */
function sentFrame(message: Message): JsonObject {
  const { extensions } = message as unknown as { readonly extensions?: { readonly stex?: Json } };
  const stex = extensions?.stex;
  return isObject(stex) ? stex : {};
}

function textOf(key: string, value: Json | undefined): Tree {
  return typeof value === 'string' && value !== '' ? { [key]: value } : {};
}

/** As STEX wrote it where we know how, and where that still says exactly this message; else in our own writing. */
function ownBytes(
  tables: Forms,
  form: Form,
  head: Head,
  content: JsonObject,
  message: Message,
  asSent: Json | undefined,
): Checked<Uint8Array> {
  const plain = { head, name: form.content, content };
  if (asSent === undefined) return writeDocument(plain, form.mapping);
  const bytes = writeDocument({ ...plain, content: asSentOver(content, asSent) }, form.mapping);
  const back = bytes.ok ? decodeBy(tables, bytes.value) : bytes;
  const agrees = back.ok && same(back.value as unknown as Json, message as unknown as Json);
  return agrees ? bytes : writeDocument(plain, form.mapping);
}

/** Where in the message the character stands that GB18030 cannot carry. */
function located(refusal: Refusal, message: JsonObject): Refusal {
  const character = refusal.zh.slice(refusal.zh.indexOf('：') + 1);
  const find = (value: Json, pointer: string): string | undefined => {
    if (typeof value === 'string') return value.includes(character) ? pointer : undefined;
    if (value === null || typeof value !== 'object') return undefined;
    for (const [key, inner] of Object.entries(value)) {
      const found = find(inner as Json, pointer + step(key));
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return { ...refusal, pointer: find(message, '') ?? refusal.pointer };
}
