/** What two sides of a standing check send each other: JSON, bytes as base64. */

import { isDate } from '../contract/dates.ts';
import { isExchange } from '../contract/exchange.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../contract/json.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import { SYMBOL_BYTES } from './iblt.ts';
import type { RowState } from './row.ts';
import { SECRET_BYTES, type StandingRow } from './standing-row.ts';
import type { SaidRow, StandingSet } from './standing-side.ts';

/** `POST /standing/<act>`. */
export type StandingQuestion =
  | { readonly act: 'sketch'; readonly set: StandingSet; readonly from: number; readonly to: number }
  | { readonly act: 'symbols'; readonly set: StandingSet }
  | { readonly act: 'rows'; readonly set: StandingSet; readonly symbols: readonly Uint8Array[] };

export interface QuestionLimits {
  readonly cells: number;
  readonly rows: number;
}

export function writeQuestion(question: StandingQuestion): Buffer {
  const { secret, ...set } = question.set;
  const asked = { ...set, secret: Buffer.from(secret).toString('base64') };
  if (question.act === 'sketch') return json({ ...asked, from: question.from, to: question.to });
  return json(question.act === 'rows' ? { ...asked, symbols: joined(question.symbols) } : asked);
}

/** The body of a question → the question, or what is wrong with it. */
export function readQuestion(act: string, body: Uint8Array, limits: QuestionLimits): Checked<StandingQuestion> {
  const parsed = parseJson(body);
  if (!parsed.ok) return parsed;
  if (!isObject(parsed.value)) return refused(refuse('wrong-type'));
  const { since, form, counter, from, to, symbols } = parsed.value;
  const secret = bytesIn(parsed.value.secret);
  if (secret?.length !== SECRET_BYTES) return refused(refuse('bad-format', '/secret'));
  if (typeof since !== 'string' || !isDate(since)) return refused(refuse('bad-date', '/since'));
  if (form !== 'stated' && form !== 'terms') return refused(refuse('unknown-code', '/form'));
  if (counter !== undefined && !isExchange(counter)) return refused(refuse('unknown-code', '/counter'));
  const set: StandingSet = { secret, since, form, ...(counter === undefined ? {} : { counter }) };
  if (act === 'symbols') return accepted({ act, set });
  if (act === 'sketch') {
    if (!isIndex(from) || !isIndex(to) || from >= to || to > limits.cells) return refused(refuse('bad-number', '/to'));
    return accepted({ act, set, from, to });
  }
  if (act !== 'rows') return refused(refuse('unknown-kind'));
  const asked = apart(symbols);
  if (asked === undefined) return refused(refuse('bad-format', '/symbols'));
  return asked.length > limits.rows ? refused(refuse('too-large', '/symbols')) : accepted({ act, set, symbols: asked });
}

export function writeSketch(answer: { readonly rows: number; readonly cells: Uint8Array }): Buffer {
  return json({ rows: answer.rows, cells: Buffer.from(answer.cells).toString('base64') });
}

export function writeSymbols(symbols: readonly Uint8Array[]): Buffer {
  return json({ symbols: joined(symbols) });
}

export function writeRows(rows: readonly SaidRow[]): Buffer {
  return json({
    rows: rows.map(({ symbol, row }) => ({
      symbol: joined([symbol]),
      dealId: row.dealId,
      ordinal: row.ordinal,
      home: row.home,
      host: row.host,
      state: row.state,
      buyer: row.buyer,
      seller: row.seller,
      priceFen: String(row.priceFen),
      feeFen: row.feeFen === null ? null : String(row.feeFen),
      businessDate: row.businessDate,
    })),
  });
}

/** @throws Error where it is no such answer: the other side does not speak as agreed */
export function readSketch(body: Uint8Array): { readonly rows: number; readonly cells: Uint8Array } {
  const { rows, cells } = answerIn(body);
  const bytes = bytesIn(cells);
  if (!isIndex(rows) || bytes === undefined) throw new Error('the answer is no sketch');
  return { rows, cells: bytes };
}

/** @throws Error as {@link readSketch} */
export function readSymbols(body: Uint8Array): readonly Uint8Array[] {
  const symbols = apart(answerIn(body).symbols);
  if (symbols === undefined) throw new Error('the answer holds no symbols');
  return symbols;
}

/** @throws Error as {@link readSketch} */
export function readRows(body: Uint8Array): readonly SaidRow[] {
  const { rows } = answerIn(body);
  if (!Array.isArray(rows)) throw new Error('the answer holds no rows');
  return rows.map((said: Json) => {
    const row = isObject(said) ? rowIn(said) : undefined;
    const [symbol] = (isObject(said) ? apart(said.symbol) : undefined) ?? [];
    if (row === undefined || symbol === undefined) throw new Error('the answer holds something that is no row');
    return { symbol, row };
  });
}

const STATES: readonly RowState[] = ['signed', 'certified', 'cancelled'];
const FEN = /^\d{1,15}$/;

function rowIn(said: JsonObject): StandingRow | undefined {
  const { dealId, ordinal, home, host, buyer, seller, priceFen, feeFen, businessDate } = said;
  const state = STATES.find((one) => one === said.state);
  if (state === undefined || !isIndex(ordinal) || !isExchange(home) || !isExchange(host)) return undefined;
  if (typeof businessDate !== 'string' || !isDate(businessDate)) return undefined;
  if (!isText(dealId) || !isText(buyer) || !isText(seller) || !isText(priceFen)) return undefined;
  if (feeFen !== null && !isText(feeFen)) return undefined;
  if (!FEN.test(priceFen) || !FEN.test(feeFen ?? '0')) return undefined;
  const amounts = { priceFen: BigInt(priceFen), feeFen: feeFen === null ? null : BigInt(feeFen) };
  return { dealId, ordinal, home, host, state, buyer, seller, ...amounts, businessDate };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 512;
}

function answerIn(body: Uint8Array): JsonObject {
  // How long it may be is for the line to say: all symbols of a large book are long.
  const parsed = parseJson(body, body.length);
  if (!parsed.ok || !isObject(parsed.value)) throw new Error('the answer is no JSON object');
  return parsed.value;
}

function json(value: JsonObject): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function joined(symbols: readonly Uint8Array[]): string {
  return Buffer.concat(symbols).toString('base64');
}

function apart(text: unknown): readonly Uint8Array[] | undefined {
  const bytes = bytesIn(text);
  if (bytes === undefined || bytes.length % SYMBOL_BYTES !== 0) return undefined;
  return Array.from({ length: bytes.length / SYMBOL_BYTES }, (_, at) =>
    bytes.subarray(at * SYMBOL_BYTES, (at + 1) * SYMBOL_BYTES),
  );
}

function bytesIn(text: unknown): Buffer | undefined {
  if (typeof text !== 'string') return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
