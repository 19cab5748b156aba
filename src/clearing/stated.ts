import type { StatedRow } from '../contract/books.ts';
import { type Exchange, idOf } from '../contract/exchange.ts';
import type { BookRow } from './row.ts';

/** What an exchange states, as a row of its book: its ordinal is 1 until another of the same deal is found before it. */
export function bookRowOf(side: Exchange, row: StatedRow): BookRow {
  const isHome = row.role === 'home';
  const home = isHome ? side : row.counterExchange;
  return {
    side,
    dealId: idOf(home, isHome ? row.dealNumber : row.homeDealNumber!),
    ordinal: 1,
    home,
    host: isHome ? row.counterExchange : side,
    role: row.role,
    state: row.state,
    buyer: row.buyer,
    seller: row.seller,
    priceFen: row.priceFen,
    feeFen: row.feeFen,
    businessDate: row.businessDate,
    inFlight: false,
    nativeNumber: row.dealNumber,
    line: row.line,
    ...(row.listing === undefined ? {} : { listing: row.listing }),
    ...(row.further === undefined ? {} : { further: row.further }),
  };
}
