import { isExchange } from '../../src/contract/exchange.ts';
import { joinFees } from '../../src/contract/fees.ts';
import type { JsonObject } from '../../src/contract/json.ts';
import { type Mapping, readTree } from '../../src/contract/mapping.ts';
import type { Message } from '../../src/contract/message.ts';
import { parseMessage } from '../../src/contract/parse.ts';
import { type Checked, type Refusal, refuse, refused } from '../../src/contract/refusal.ts';
import { pointerOf, type Tree } from '../../src/contract/tree.ts';
import { dealTypes, type Form, type Forms, forms } from './documents.ts';
import { type Head, readDocument } from './wire.ts';

/**
 * One `<WD>` → unified, whichever way it goes: what STEX sends, and what is sent to STEX (marked by YJYS).
 * What has no unified home stands in `extensions.stex`: WDBH, SJ, BZ, an unusual LX, and how STEX wrote things.
 */
export function decode(bytes: Uint8Array): Checked<Message> {
  return decodeBy(forms, bytes);
}

/** The same by given tables. */
export function decodeBy({ own, foreign }: Forms, bytes: Uint8Array): Checked<Message> {
  const document = readDocument(bytes);
  if (!document.ok) return document;
  const { head, name, content } = document.value;
  const isForeign = head.LX === '111' || 'YJYS' in content;
  const form = (isForeign ? foreign : own).find(({ types }) => types.includes(head.LX));
  if (form === undefined) return refused(refuse('unknown-kind', '/@LX', head.LX.slice(0, 40)));
  if (form.content !== name) {
    return refused(refuse('missing-field', `/${form.content}`), refuse('unknown-field', `/${name}`));
  }
  const read = readTree(form.mapping, content, `/${name}`);
  if (read.refusals.length > 0) return { ok: false, refusals: read.refusals };
  const kept: Tree = { WDBH: head.WDBH, SJ: head.SJ };
  const value = finish(form, read.value, head, kept);
  if (isRefusal(value)) return refused(value);
  if (!isForeign && read.asSent !== undefined) kept.asSent = { ...read.asSent };
  const { extensions } = value as { readonly extensions?: { readonly stex?: JsonObject } };
  const message = parseMessage({ ...value, extensions: { stex: { ...extensions?.stex, ...kept } } });
  if (message.ok) return message;
  return { ok: false, refusals: message.refusals.map((refusal) => inNative(refusal, form, name)) };
}

/** What the table cannot say row by row. */
function finish(form: Form, value: JsonObject, head: Head, kept: Tree): JsonObject | Refusal {
  switch (form.kind) {
    case 'listing': {
      const usual = form.types.length === 1 ? form.types[0] : typeOfListing(value.version);
      if (head.LX !== usual) kept.LX = head.LX;
      return value;
    }
    case 'deal': {
      if (dealTypes[String(value.status)] !== head.LX) return refuse('inconsistent', '/CJ/ZT', `LX ${head.LX}`);
      // 鉴证之前撤销为 cancelled，之后为 reversed.
      const status = value.status === 'cancelled' && value.certificate !== undefined ? 'reversed' : value.status!;
      const [home, host] = [value.home, value.host ?? 'stex'];
      if (!isExchange(home) || !isExchange(host)) return refuse('unknown-code', '/CJ/YJYS');
      return joinFees({ ...value, status, host }, home, host);
    }
    case 'funds': {
      const { origin: _, ...funds } = value;
      return funds;
    }
    default:
      return value;
  }
}

function isRefusal(value: JsonObject | Refusal): value is Refusal {
  return typeof value.code === 'string' && typeof value.zh === 'string';
}

/** 101 for the first version, 102 from the second on. */
export function typeOfListing(version: unknown): string {
  return version === 1 ? '101' : '102';
}

/** A refusal that points into the unified message, pointing at the native field it came from. */
function inNative(refusal: Refusal, form: Form, name: string): Refusal {
  const pointer = nativePointer(form.mapping, refusal.pointer);
  return pointer === undefined ? refusal : { ...refusal, pointer: `/${name}${pointer}` };
}

function nativePointer(mapping: Mapping, pointer: string): string | undefined {
  let best: { readonly native: string; readonly length: number } | undefined;
  const meet = (unified: string, native: string) => {
    const within = pointer === unified || pointer.startsWith(`${unified}/`);
    if (within && unified.length > (best?.length ?? -1)) best = { native, length: unified.length };
  };
  for (const row of mapping.rows) {
    const [unified, native] = [pointerOf(row.unified), pointerOf(row.native)];
    meet(unified, native);
    if (!('each' in row) || !pointer.startsWith(`${unified}/`)) continue;
    const index = pointer.slice(unified.length + 1).split('/', 1)[0];
    meet(`${unified}/${index}`, `${native}/${index}`);
    for (const inner of row.each) {
      meet(`${unified}/${index}${pointerOf(inner.unified)}`, `${native}/${index}${pointerOf(inner.native)}`);
    }
  }
  if (best !== undefined) return best.native;
  // A part that is made of several fields: the first of them.
  const inside = mapping.rows.find((row) => pointer !== '' && pointerOf(row.unified).startsWith(`${pointer}/`));
  return inside === undefined ? undefined : pointerOf(inside.native);
}
