import type { BookEntry } from '../../../src/contract/mock.ts';
import type { Ledger } from './ledger.ts';
import { sm3 } from './seal.ts';
import { fenOf, yuanOf } from './values.ts';
import { gb18030, tag, XML_DECLARATION } from './xml.ts';

interface Row {
  /** YYYYMMDD of signing. */
  readonly day: string;
  readonly xml: string;
  readonly priceFen: bigint;
  readonly feeFen: bigint;
}

/** Day-end books. The same date asked again gets a higher batch once anything in them has changed. */
export interface Books {
  /** `day`: yyyyMMdd; `slipFen`: how much too high the last deal is booked. */
  statement(day: string, slipFen?: bigint): Uint8Array;
  /** Those of every day from `day` on. */
  since(day: string): readonly (readonly Uint8Array[])[];
}

export function openBooks(ledger: Ledger): Books {
  const batches = new Map<string, { batch: number; digest: string }>();
  const books: Books = {
    statement(day, slipFen = 0n) {
      const all = [...ownRows(ledger), ...hostRows(ledger)];
      const booked = all.filter((row) => row.day === day);
      const rows = booked.map((row, i) => (i === booked.length - 1 ? misposted(row, slipFen) : row));
      const opening = all.filter((row) => row.day < day).length;
      const digest = sm3(gb18030(rows.map(({ xml }) => xml).join('\n')));
      const last = batches.get(day);
      const batch = last === undefined ? 1 : last.digest === digest ? last.batch : last.batch + 1;
      batches.set(day, { batch, digest });
      const price = rows.reduce((sum, { priceFen }) => sum + priceFen, 0n);
      const fee = rows.reduce((sum, { feeFen }) => sum + feeFen, 0n);
      const totals = `TS="${rows.length}" JEHJ="${yuanOf(price)}" SXFHJ="${yuanOf(fee)}" ZRTS="${opening}"`;
      const head = `<DZD RQ="${day}" PC="${batch}" ${totals} ZY="${digest}">`;
      return gb18030(`${XML_DECLARATION}${head}\n${rows.map(({ xml }) => xml).join('\n')}\n</DZD>`);
    },
    since(from) {
      const days = new Set([...ownRows(ledger), ...hostRows(ledger)].map(({ day }) => day));
      return [...days]
        .filter((day) => day >= from)
        .sort()
        .map((day) => [books.statement(day)]);
    },
  };
  return books;
}

function misposted(row: Row, slipFen: bigint): Row {
  const priceFen = row.priceFen + slipFen;
  return { ...row, priceFen, xml: row.xml.replace(tag('CJJG', yuanOf(row.priceFen)), tag('CJJG', yuanOf(priceFen))) };
}

function* ownRows(ledger: Ledger): Iterable<Row> {
  for (const { deal, state } of ledger.deals.values()) {
    const counter = deal.buyerExchange ?? 'stex';
    // The seller pays at home; the buyer too where the buyer is ours.
    const feeFen = deal.sellerFeeFen + (counter === 'stex' ? deal.buyerFeeFen : 0n);
    const day = deal.signedAt.slice(0, 10).replaceAll('-', '');
    const parties = { buyer: deal.buyer.uscc ?? deal.buyer.name, seller: deal.seller.uscc ?? deal.seller.name };
    const paid = paidOf(ledger, deal.number, deal.priceFen);
    const row = { number: deal.number, home: '', role: '1', counter, state, ...parties, paid, day };
    yield { day, xml: rowOf({ ...row, priceFen: deal.priceFen, feeFen }), priceFen: deal.priceFen, feeFen };
  }
}

function* hostRows(ledger: Ledger): Iterable<Row> {
  for (const entry of ledger.received.values()) {
    if (entry.kind !== 'deal') continue;
    const field = (name: string) => String(entry.fields[name] ?? '');
    const priceFen = fenOf(field('CJJG'));
    const feeFen = field('SRFYJ') === '' ? 0n : fenOf(field('SRFYJ'));
    const day = field('QYSJ').slice(0, 8);
    const row = {
      number: entry.number,
      home: entry.foreignNumber ?? '',
      role: '2',
      counter: entry.exchange ?? '',
      state: entry.state ?? '1',
      buyer: codeOf(entry, 'SRF'),
      seller: codeOf(entry, 'CRF'),
      paid: paidOf(ledger, entry.number, priceFen),
      day,
    };
    yield { day, xml: rowOf({ ...row, priceFen, feeFen }), priceFen, feeFen };
  }
}

/** A natural person has no code and stands under the name. */
function codeOf(entry: BookEntry, party: string): string {
  const code = String(entry.fields[`${party}.XYDM`] ?? '');
  return code === '' ? String(entry.fields[`${party}.MC`] ?? '') : code;
}

function paidOf(ledger: Ledger, number: string, priceFen: bigint): string {
  const paid = ledger.paidFen.get(number) ?? 0n;
  return paid === 0n ? '0' : paid < priceFen ? '1' : '2';
}

function rowOf(row: {
  readonly number: string;
  readonly home: string;
  readonly role: string;
  readonly counter: string;
  readonly state: string;
  readonly buyer: string;
  readonly seller: string;
  readonly priceFen: bigint;
  readonly feeFen: bigint;
  readonly day: string;
  readonly paid: string;
}): string {
  const parts = [
    tag('CJBH', row.number),
    tag('YCJBH', row.home),
    tag('JS', row.role),
    tag('DFJYS', row.counter.toUpperCase()),
    tag('ZT', row.state),
    tag('SRFDM', row.buyer.slice(0, 64)),
    tag('CRFDM', row.seller.slice(0, 64)),
    tag('CJJG', yuanOf(row.priceFen)),
    tag('SXF', yuanOf(row.feeFen)),
    tag('YWRQ', row.day),
    tag('ZJZT', row.paid),
  ];
  return `<R>${parts.join('')}</R>`;
}
