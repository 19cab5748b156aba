import { isInstant } from '../contract/dates.ts';
import { type Exchange, isExchange } from '../contract/exchange.ts';
import { isObject, type JsonObject } from '../contract/json.ts';
import { isYuan } from '../contract/money.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import { type BookRow, rowStateOfDeal } from './row.ts';

/** A unified deal as a row of the journal, and which version of the deal it is. */
export interface JournalRow {
  readonly row: BookRow;
  readonly version: number;
}

const states: Readonly<Record<string, BookRow['state']>> = Object.assign(Object.create(null), rowStateOfDeal);
// biome-ignore lint/suspicious/noControlCharactersInRegex: schemas/common.schema.json, nativeId
const NUMBER = /^[^\u0000-\u001f\u007f\ufffe\uffff]{1,64}$/;

/**
 * A unified deal → the journal's row. Reads only what clearing compares, and refuses what of that is not as the schema
 * says (schemas/deal.schema.json); `isConfirmed`: the host's co-signature was journaled beside it.
 */
export function journalRowOf(deal: JsonObject, line: number, isConfirmed = false): Checked<JournalRow> {
  const { id, home, host, version, status, listing, concludedAt } = deal;
  if (deal.kind !== 'deal') return refused(refuse('unknown-kind', '/kind'));
  if (!isExchange(home)) return refused(refuse('unknown-code', '/home'));
  if (!isExchange(host) || host === home) return refused(refuse('unknown-code', '/host'));
  if (typeof id !== 'string' || !id.startsWith(`${home}:`) || !NUMBER.test(id.slice(home.length + 1))) {
    return refused(refuse('bad-format', '/id'));
  }
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1 || version > 1_000_000) {
    return refused(refuse('bad-number', '/version'));
  }
  const state = typeof status === 'string' ? states[status] : undefined;
  if (state === undefined) return refused(refuse('unknown-code', '/status'));
  if (typeof concludedAt !== 'string' || !isInstant(concludedAt)) return refused(refuse('bad-date', '/concludedAt'));
  const [buyer, seller] = [partyCode(deal.buyer), partyCode(deal.seller)];
  if (buyer === undefined) return refused(refuse('missing-field', '/buyer'));
  if (seller === undefined) return refused(refuse('missing-field', '/seller'));
  const priceFen = fenOf(deal.price);
  if (priceFen === undefined) return refused(refuse('bad-money', '/price'));
  const fees = feesOf(deal.fees, home, host);
  if (fees === undefined) return refused(refuse('bad-money', '/fees'));
  const { homeFeeFen, hostFeeFen } = fees;
  const listingId =
    isObject(listing) && typeof listing.id === 'string' && NUMBER.test(listing.id) ? listing.id : undefined;
  if (listingId === undefined) return refused(refuse('missing-field', '/listing'));
  return accepted({
    version,
    row: {
      side: 'journal',
      dealId: id,
      ordinal: 1,
      home,
      host,
      role: null,
      state,
      buyer,
      seller,
      priceFen,
      feeFen: homeFeeFen + hostFeeFen,
      homeFeeFen,
      hostFeeFen,
      businessDate: concludedAt.slice(0, 10),
      inFlight: status === 'concluded' && !isConfirmed,
      listing: listingId,
      nativeNumber: id.slice(home.length + 1),
      line,
    },
  });
}

/** The code under which books name a party: 统一社会信用代码, or its name where it has none. */
function partyCode(party: unknown): string | undefined {
  if (!isObject(party)) return undefined;
  const code = party.uscc ?? party.name;
  return typeof code === 'string' && code !== '' ? code.slice(0, 64) : undefined;
}

function feesOf(
  fees: unknown,
  home: Exchange,
  host: Exchange,
): { readonly homeFeeFen: bigint; readonly hostFeeFen: bigint } | undefined {
  if (!Array.isArray(fees)) return undefined;
  let [homeFeeFen, hostFeeFen] = [0n, 0n];
  for (const fee of fees as readonly unknown[]) {
    const fen = isObject(fee) ? fenOf(fee.amount) : undefined;
    if (!isObject(fee) || fen === undefined) return undefined;
    if (fee.exchange === home) homeFeeFen += fen;
    else if (fee.exchange === host) hostFeeFen += fen;
    else return undefined;
  }
  return { homeFeeFen, hostFeeFen };
}

function fenOf(money: unknown): bigint | undefined {
  if (!isObject(money) || money.currency !== 'CNY') return undefined;
  const { amount } = money;
  return typeof amount === 'string' && isYuan(amount) ? BigInt(amount.replace('.', '')) : undefined;
}
