import type { Exchange } from './exchange.ts';
import type { JsonObject } from './json.ts';
import type { Statement } from './message.ts';
import { fenOf, isYuan } from './money.ts';
import { parseMessage } from './parse.ts';
import { accepted, type Checked, type Refusal, refuse, refused } from './refusal.ts';

/** One deal in an exchange's day-end books: unified words, amounts in fen. */
export interface StatedRow {
  /** The line of a file, the row of a document, from 1. */
  readonly line: number;
  /** The owner's own number of the deal. */
  readonly dealNumber: string;
  /** The home's number, where the owner of the book is host. */
  readonly homeDealNumber: string | undefined;
  readonly role: 'home' | 'host';
  readonly counterExchange: Exchange;
  readonly state: 'signed' | 'certified' | 'cancelled';
  readonly buyer: string;
  readonly seller: string;
  readonly priceFen: bigint;
  readonly feeFen: bigint;
  readonly businessDate: string;
  /** `<home>:<number>` of the listing, where the book says it. */
  readonly listing?: string;
  readonly further?: Further;
}

/** What some books say of a deal beyond the contract, each only where it is not as of every deal. */
export interface Further {
  /** ISO 4217, of price and fee; absent: CNY. */
  readonly currency?: string;
  /** What is traded, in units; absent: one, as a technology deal is about one thing. */
  readonly quantity?: string;
  readonly taxFen?: bigint;
}

/** As it is kept in a column of JSON. */
export function furtherText({ currency, quantity, taxFen }: Further): string {
  return JSON.stringify({ currency, quantity, taxFen: taxFen?.toString() });
}

/** Out of that column. */
export function furtherIn(kept: { currency?: string; quantity?: string; taxFen?: string }): Further {
  const { taxFen, ...rest } = kept;
  return { ...rest, ...(taxFen === undefined ? {} : { taxFen: BigInt(taxFen) }) };
}

/** A row that cannot be read, as it was written. Its amounts are there where they could be: the totals hold them too. */
export interface BadRow {
  readonly line: number;
  readonly bytes: Uint8Array;
  readonly refusals: readonly Refusal[];
  readonly priceFen?: bigint;
  readonly feeFen?: bigint;
}

export interface StatedBatch {
  readonly rows: readonly StatedRow[];
  readonly bad: readonly BadRow[];
}

/** What the books say of themselves; whether it is so is for clearing to check, but for the digest, whose bytes are gone. */
export interface StatedControls {
  readonly exchange: Exchange;
  readonly date: string;
  readonly batch: number;
  readonly openingCount: number;
  readonly count: number;
  readonly totalPriceFen: bigint;
  readonly totalFeeFen: bigint;
  readonly digest: string;
  readonly isDigestRight: boolean;
}

/**
 * Books as they are read: rows in batches, in their order, and at the end the controls, or why the whole is no
 * statement. Holds one batch at a time, whatever the size of the books.
 */
export type StatementReader = AsyncGenerator<StatedBatch, Checked<StatedControls>, void>;

/**
 * The strict reading of one row already taken apart: what any reader's quick way does not recognise comes here.
 * Pointers of refusals name the row's unified fields.
 */
export function strictRow(exchange: Exchange, row: JsonObject, line: number, bytes: Uint8Array): StatedRow | BadRow {
  const zero = { amount: '0.00', currency: 'CNY' };
  const parsed = parseMessage({
    kind: 'statement',
    exchange,
    date: '2026-01-01',
    batch: 1,
    openingCount: 0,
    count: 1,
    totalPrice: zero,
    totalFee: zero,
    digest: '0'.repeat(64),
    rows: [row],
  });
  if (!parsed.ok) {
    const inRow = parsed.refusals.map((one) => ({ ...one, pointer: one.pointer.replace(/^\/rows\/0/, '') }));
    return { line, bytes, refusals: inRow, ...amountsOf(row) };
  }
  const [read] = (parsed.value as Statement).rows;
  const stated = {
    line,
    dealNumber: read!.dealNumber,
    homeDealNumber: read!.homeDealNumber,
    role: read!.role,
    counterExchange: read!.counterExchange,
    state: read!.state,
    buyer: read!.buyerCode,
    seller: read!.sellerCode,
    priceFen: fenOf(read!.price),
    feeFen: fenOf(read!.fee),
    businessDate: read!.businessDate,
  };
  return misfit(exchange, stated) ?? { ...stated };

  function misfit(owner: Exchange, one: StatedRow): BadRow | undefined {
    const { priceFen, feeFen } = one;
    const refusal = placeless(owner, one);
    return refusal && { line, bytes, refusals: [refusal], priceFen, feeFen };
  }
}

/** Why a row, readable as it is, belongs to no deal between two exchanges. */
export function placeless(owner: Exchange, row: StatedRow): Refusal | undefined {
  if (row.counterExchange === owner) return refuse('inconsistent', '/counterExchange', owner);
  if (row.role === 'host' && row.homeDealNumber === undefined) return refuse('missing-field', '/homeDealNumber');
  return undefined;
}

export function isBad(row: StatedRow | BadRow): row is BadRow {
  return 'refusals' in row;
}

/** A bad row of which only the bytes are left. */
export function unreadable(
  line: number,
  bytes: Uint8Array,
  refusals: readonly Refusal[],
  row: JsonObject = {},
): BadRow {
  return { line, bytes, refusals, ...amountsOf(row) };
}

function amountsOf(row: JsonObject): { readonly priceFen?: bigint; readonly feeFen?: bigint } {
  const [priceFen, feeFen] = [fenIn(row.price), fenIn(row.fee)];
  return { ...(priceFen === undefined ? {} : { priceFen }), ...(feeFen === undefined ? {} : { feeFen }) };
}

function fenIn(money: unknown): bigint | undefined {
  const amount = (money as { amount?: unknown } | undefined)?.amount;
  return typeof amount === 'string' && isYuan(amount) ? BigInt(amount.replace('.', '')) : undefined;
}

/** The controls out of a header in unified words. */
export function controlsOf(
  exchange: Exchange,
  head: JsonObject,
  digest: string,
  count = head.count as number,
): Checked<StatedControls> {
  const fen = (name: string) => fenIn(head[name]);
  const [totalPriceFen, totalFeeFen] = [fen('totalPrice'), fen('totalFee')];
  if (totalPriceFen === undefined) return refused(refuse('bad-money', '/totalPrice'));
  if (totalFeeFen === undefined) return refused(refuse('bad-money', '/totalFee'));
  return accepted({
    exchange,
    date: String(head.date),
    batch: head.batch as number,
    openingCount: head.openingCount as number,
    count,
    totalPriceFen,
    totalFeeFen,
    digest: String(head.digest),
    isDigestRight: head.digest === digest,
  });
}
