import { remembering } from '../contract/blocks.ts';
import { isDate } from '../contract/dates.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { JournalRow } from './journal-row.ts';
import { type BookRow, rowStateOfDeal } from './row.ts';

/**
 * The text of a deal as programs write it: the schema's order, no escapes, paid at once, no extensions. It is recognised as a
 * whole, so that nothing in it is left unread, without making a tree of it; every other text is read
 * strictly (journal-lines.ts), and both ways give the same row.
 */
const QUICK = (() => {
  const text = '"[^"\\\\\\u0000-\\u001f]*"';
  const number = '[^"\\\\\\u0000-\\u001f\\u007f\\ufffe\\uffff]{1,64}';
  const yuan = '(?:0|[1-9]\\d{0,12})\\.\\d\\d';
  const object = (...members: readonly string[]) => `\\{${members.join(', ?')}\\}`;
  const member = (name: string, value: string) => `"${name}": ?${value}`;
  const optional = (name: string, value: string) => `(?:"${name}": ?${value}, ?)?`;
  const money = (amount: string) => object(member('amount', `"${amount}"`), member('currency', '"CNY"'));
  const exchange = '(?:ctex|stex|szse)';
  const fee = object(
    member('payer', '"(?:seller|buyer)"'),
    member('exchange', `"${exchange}"`),
    member('amount', money(yuan)),
  );
  const party = `\\{${member('name', '"([^"\\\\\\u0000-\\u001f]{1,200})"')}, ?${member('kind', text)}, ?${optional(
    'uscc',
    '"([0-9A-Z]{18})"',
  )}${member('nature', text)}, ?${optional('region', text)}${member('country', text)}\\}`;
  const head = [
    member('kind', '"deal"'),
    member('id', `"(${exchange}):(${number})"`),
    member('version', '([1-9]\\d{0,5})'),
    member('listing', object(member('id', `"(${number})"`), member('version', '[1-9]\\d{0,5}'))),
    member('home', `"(${exchange})"`),
    member('host', `"(${exchange})"`),
    member('status', '"([a-z-]+)"'),
    member('dealType', text),
    member('mode', text),
    member('seller', party),
    member('buyer', party),
    member('price', money(`(${yuan})`)),
    member('technologyAmount', money(yuan)),
    member('payment', object(member('plan', text))),
    member('fees', `\\[((?:${fee}(?:, ?${fee}){0,19})?)\\]`),
  ].join(', ?');
  const concludedAt = '"(\\d{4}-\\d\\d-\\d\\d)T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,3})?\\+08:00"';
  return new RegExp(
    `\\{${head}, ?${optional('certificate', text)}${member('concludedAt', concludedAt)}(?:, ?${member('cancelReason', text)})?\\}(?=\\n|$)`,
    'y',
  );
})();
const FEE = /"exchange": ?"(ctex|stex|szse)", ?"amount": ?\{"amount": ?"(\d+)\.(\d\d)"/g;

const isDay = remembering((text) => isDate(text));
const states: Readonly<Record<string, BookRow['state']>> = Object.assign(Object.create(null), rowStateOfDeal);

/** The deal that stands at `at` in the text, up to the end of its line, and where that is; undefined: not so written. */
export function quickJournalRow(
  text: string,
  at: number,
  line: number,
): { readonly row: JournalRow; readonly end: number } | undefined {
  QUICK.lastIndex = at;
  const f = QUICK.exec(text);
  if (f === null) return undefined;
  const end = QUICK.lastIndex;
  const [
    ,
    owner,
    number,
    version,
    listing,
    home,
    host,
    status,
    sellerName,
    sellerCode,
    buyerName,
    buyerCode,
    price,
    fees,
    day,
  ] = f;
  const state = states[status!];
  if (state === undefined || owner !== home || home === host || !isDay(day!)) return undefined;
  let [homeFeeFen, hostFeeFen] = [0n, 0n];
  for (const [, exchange, whole, fraction] of fees!.matchAll(FEE)) {
    const fen = BigInt(whole! + fraction!);
    if (exchange === home) homeFeeFen += fen;
    else if (exchange === host) hostFeeFen += fen;
    else return undefined;
  }
  const row: BookRow = {
    side: 'journal',
    dealId: `${home}:${number}`,
    ordinal: 1,
    home: home as Exchange,
    host: host as Exchange,
    role: null,
    state,
    buyer: buyerCode ?? buyerName!.slice(0, 64),
    seller: sellerCode ?? sellerName!.slice(0, 64),
    priceFen: BigInt(price!.replace('.', '')),
    feeFen: homeFeeFen + hostFeeFen,
    homeFeeFen,
    hostFeeFen,
    businessDate: day!,
    inFlight: status === 'concluded',
    listing: listing!,
    nativeNumber: number!,
    line,
  };
  return { row: { row, version: Number(version) }, end };
}
