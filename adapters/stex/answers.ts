import type { Outcome } from '../../src/contract/adapter.ts';
import { isObject, type Json, type JsonObject } from '../../src/contract/json.ts';
import { type Refusal, refuse } from '../../src/contract/refusal.ts';
import { isBlank } from '../../src/contract/tree.ts';
import { codes } from './codes.ts';
import { readTreeOf } from './wire.ts';

/** How long to wait when STEX says 80 系统繁忙, ms. */
const BUSY_MS = 1000;

/** `<HD>`: what STEX answers to a document. */
export interface Reply {
  readonly code: string;
  readonly text: string;
  readonly document: string;
  readonly number?: string;
  readonly rules: readonly { readonly code: string; readonly text: string }[];
}

/** Undefined when it is no `<HD>`. */
export function readReply(bytes: Uint8Array): Reply | undefined {
  const read = readTreeOf(bytes);
  if (!read.ok || read.value.name !== 'HD' || !isObject(read.value.value)) return undefined;
  const fields = read.value.value;
  const number = textAt(fields, 'JXBH');
  const rules = (Array.isArray(fields.GZ) ? fields.GZ : []).filter(isObject).map((rule: JsonObject) => ({
    code: textAt(rule, '@DM'),
    text: textAt(rule, '@SM'),
  }));
  const reply = { code: textAt(fields, 'FHDM'), text: textAt(fields, 'FHXX'), document: textAt(fields, 'WDBH'), rules };
  return number === '' ? reply : { ...reply, number };
}

function textAt(fields: JsonObject, name: string): string {
  const value: Json | undefined = fields[name];
  return typeof value === 'string' ? value : '';
}

/** The reply to a document as an outcome; a reply about another document proves nothing about this one. */
export function outcomeOf(answer: Uint8Array, request: string): Outcome {
  const reply = readReply(answer);
  if (reply === undefined) return { outcome: 'ambiguous', reason: 'the answer is no HD' };
  const meaning = codes.FHDM[reply.code];
  if (meaning?.outcome === 'retry') return { outcome: 'retry', afterMs: BUSY_MS, reason: reply.text };
  if (meaning === undefined || meaning.outcome === 'ambiguous') {
    return { outcome: 'ambiguous', reason: `FHDM ${reply.code.slice(0, 10)} ${reply.text.slice(0, 200)}` };
  }
  // 10–12 may be said before the document was read, so they may name none.
  if (reply.document !== request && !(meaning.outcome === 'refused' && isBlank(reply.document))) {
    return { outcome: 'ambiguous', reason: `the answer is about ${reply.document.slice(0, 64)}` };
  }
  if (meaning.outcome === 'accepted') {
    return { outcome: 'accepted', ...(reply.number === undefined ? {} : { number: reply.number }), answer };
  }
  return { outcome: 'refused', refusals: refusalsOf(reply), answer };
}

/** The answer of `GET /tep/wd/<WDBH>`: 20 without a WDBH says that STEX never got it. */
export function outcomeOfQuery(answer: Uint8Array, request: string): Outcome {
  const reply = readReply(answer);
  if (reply?.code === '20' && reply.document === '') return { outcome: 'absent' };
  if (reply?.document !== request) return { outcome: 'ambiguous', reason: 'the query was not answered' };
  return outcomeOf(answer, request);
}

function refusalsOf({ code, text, rules }: Reply): readonly Refusal[] {
  const refusal = codes.FHDM[code]?.refusal ?? 'host-refused';
  const said = (number: string, words: string) => refuse(refusal, '', `${number} ${words}`.trim().slice(0, 300));
  return rules.length > 0 ? rules.slice(0, 50).map((rule) => said(rule.code, rule.text)) : [said(code, text)];
}
