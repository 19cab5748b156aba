import { createHash } from 'node:crypto';
import type { Books, Deal } from './books.ts';
import type { Fields } from './checks.ts';
import { yuan } from './words.ts';

const PAGE_ROWS = 500;

interface Edition {
  readonly seq: number;
  readonly rows: readonly Fields[];
  readonly totals: Fields;
}

/** Day-end books, page by page. Asking for the first page closes the books afresh; the others follow that edition. `slipFen`: how much too high the last deal is booked. */
export function openStatements(books: Books) {
  const editions = new Map<string, Edition>();

  return (date: string, page: number, slipFen = 0n): Fields | undefined => {
    const last = editions.get(date);
    let edition = last;
    if (page === 1 || edition === undefined) {
      const booked = bookedOn(books, date, slipFen);
      const rows = booked.map(([number, deal]) => rowOf(number, deal));
      const totals = totalsOf(books, date, booked, rows);
      const isSame = last !== undefined && last.totals.digest === totals.digest;
      edition = isSame ? last : { seq: (last?.seq ?? 0) + 1, rows, totals };
      editions.set(date, edition);
    }
    const pages = Math.max(1, Math.ceil(edition.rows.length / PAGE_ROWS));
    if (!Number.isInteger(page) || page < 1 || page > pages) return undefined;
    const { digest, ...totals } = edition.totals;
    const rows = edition.rows.slice((page - 1) * PAGE_ROWS, page * PAGE_ROWS);
    return { date, seq: edition.seq, page, pages, ...totals, rows, digest };
  };
}

/** The books of every day from `since` on as they are now, each as the answers that its pages would be; no edition is kept. */
export function pagesSince(books: Books, since: string): readonly (readonly Uint8Array[])[] {
  const statement = openStatements(books);
  const days = [...books.dealsOfDay.keys()].filter((day) => day >= since).sort();
  return days.map((day) => {
    const first = statement(day, 1)!;
    const others = Array.from({ length: Number(first.pages) - 1 }, (_, i) => statement(day, i + 2)!);
    return [first, ...others].map((data) => Buffer.from(JSON.stringify({ code: '0000', data })));
  });
}

function bookedOn(books: Books, date: string, slipFen: bigint): readonly (readonly [string, Deal])[] {
  const numbers = books.dealsOfDay.get(date) ?? [];
  return numbers.map((number, i) => {
    const deal = books.deals.get(number)!;
    return [number, i === numbers.length - 1 ? { ...deal, priceFen: deal.priceFen + slipFen } : deal];
  });
}

function rowOf(dealNo: string, deal: Deal): Fields {
  const [buyer, seller] = [deal.fields.buyer as Fields, deal.fields.seller as Fields];
  return {
    dealNo,
    ...(deal.role === 'HOST' ? { homeDealId: deal.homeDealNo } : {}),
    role: deal.role,
    counterExchange: deal.counter,
    state: deal.state,
    buyerCode: buyer.creditCode ?? String(buyer.name).slice(0, 64),
    sellerCode: seller.creditCode ?? String(seller.name).slice(0, 64),
    dealPrice: yuan(deal.priceFen),
    fee: yuan(deal.feeFen),
    bizDate: deal.day,
    fundState: deal.paidFen === 0n ? 'NONE' : deal.paidFen < deal.priceFen ? 'PART' : 'FULL',
  };
}

function totalsOf(
  books: Books,
  date: string,
  booked: readonly (readonly [string, Deal])[],
  rows: readonly Fields[],
): Fields {
  let [price, fee, opening] = [0n, 0n, 0];
  for (const [, deal] of booked) {
    price += deal.priceFen;
    fee += deal.feeFen;
  }
  for (const [day, numbers] of books.dealsOfDay) if (day < date) opening += numbers.length;
  // RFC 8785 for flat objects of strings: keys sorted, no white space.
  const canonical = rows.map((row) => JSON.stringify(row, Object.keys(row).sort()));
  const digest = createHash('sha256')
    .update(`[${canonical.join(',')}]`)
    .digest('hex');
  return { count: rows.length, totalPrice: yuan(price), totalFee: yuan(fee), openingCount: opening, digest };
}
