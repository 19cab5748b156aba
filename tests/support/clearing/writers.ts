import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import iconv from 'iconv-lite';
import type { Row, Side, State, TrueDeal } from './truth.ts';

const PAGE_ROWS = 500;
const EXCHANGE: Readonly<Record<Side, string>> = { ctex: 'CTEX', stex: 'STEX', szse: 'SZSE' };
const DIGIT: Readonly<Record<State, string>> = { signed: '1', certified: '2', cancelled: '3' };
const compact = (date: string) => date.replaceAll('-', '');
const sum = (amounts: readonly bigint[]) => amounts.reduce((total, amount) => total + amount, 0n);

export interface Edition {
  readonly date: string;
  readonly batch: number;
}

/** A day's book in the exchange's own file format, from its profile alone. */
export const writeBook: Readonly<Record<Side, (rows: readonly Row[], edition: Edition) => Buffer>> = {
  /** One page's `data` object a line; the digest over the canonical JSON of the rows of all pages. */
  ctex(rows, { date, batch }) {
    const written = rows.map((row) => ({
      dealNo: row.dealNumber,
      ...(row.homeDealNumber === undefined ? {} : { homeDealId: row.homeDealNumber }),
      role: row.role.toUpperCase(),
      counterExchange: EXCHANGE[row.counter],
      state: row.state.toUpperCase(),
      buyerCode: row.buyer,
      sellerCode: row.seller,
      dealPrice: yuan(row.price),
      fee: yuan(row.fee),
      bizDate: row.date,
      fundState: (['NONE', 'PART', 'FULL'] as const)[row.funds],
    }));
    const pages = Math.max(1, Math.ceil(rows.length / PAGE_ROWS));
    const digest = createHash('sha256').update(canonicalize(written)!).digest('hex');
    const lines = Array.from({ length: pages }, (_, i) =>
      JSON.stringify({
        date,
        seq: batch,
        page: i + 1,
        pages,
        count: rows.length,
        totalPrice: yuan(sum(rows.map(({ price }) => price))),
        totalFee: yuan(sum(rows.map(({ fee }) => fee))),
        openingCount: 0,
        rows: written.slice(i * PAGE_ROWS, (i + 1) * PAGE_ROWS),
        digest,
      }),
    );
    return Buffer.from(`${lines.join('\n')}\n`);
  },
  /** One GB18030 document; the digest over the R elements' exact bytes, joined by line feeds. */
  stex(rows, { date, batch }) {
    const elements = rows.map((row) =>
      iconv.encode(
        `<R><CJBH>${row.dealNumber}</CJBH>${
          row.homeDealNumber === undefined ? '<YCJBH/>' : `<YCJBH>${row.homeDealNumber}</YCJBH>`
        }<JS>${row.role === 'home' ? 1 : 2}</JS><DFJYS>${EXCHANGE[row.counter]}</DFJYS><ZT>${DIGIT[row.state]}</ZT><SRFDM>${
          row.buyer
        }</SRFDM><CRFDM>${row.seller}</CRFDM><CJJG>${grouped(row.price)}</CJJG><SXF>${grouped(row.fee)}</SXF><YWRQ>${compact(
          row.date,
        )}</YWRQ><ZJZT>${row.funds}</ZJZT></R>`,
        'gb18030',
      ),
    );
    const digest = createHash('sm3').update(joined(elements)).digest('hex');
    const head = `<?xml version="1.0" encoding="GB18030"?>\n<DZD RQ="${compact(date)}" PC="${batch}" TS="${
      rows.length
    }" JEHJ="${grouped(sum(rows.map(({ price }) => price)))}" SXFHJ="${grouped(
      sum(rows.map(({ fee }) => fee)),
    )}" ZRTS="0" ZY="${digest}">\n`;
    return Buffer.concat([Buffer.from(head), joined(elements), Buffer.from('\n</DZD>\n')]);
  },
  /** Pipe-delimited, in fen, with a trailer. */
  szse(rows, { date, batch }) {
    const lines = rows.map((row) =>
      [
        'D',
        row.dealNumber,
        row.homeDealNumber ?? '',
        row.role === 'home' ? '1' : '2',
        EXCHANGE[row.counter],
        DIGIT[row.state],
        row.buyer,
        row.seller,
        row.price,
        row.fee,
        compact(row.date),
        row.funds,
      ].join('|'),
    );
    const body = `${[`H|SZSE|${compact(date)}|${batch}|0`, ...lines].join('\n')}\n`;
    const digest = createHash('sha256').update(body).digest('hex');
    const totals = [rows.length, sum(rows.map(({ price }) => price)), sum(rows.map(({ fee }) => fee))].join('|');
    return Buffer.from(`${body}T|${totals}|${digest}\n`);
  },
};

/** The journal's side: unified deals, JSON lines. */
export function writeJournal(deals: readonly TrueDeal[]): Buffer {
  const money = (fen: bigint) => ({ amount: yuan(fen), currency: 'CNY' });
  const party = (uscc: string) => ({
    name: `示例企业${uscc.slice(-6)}`,
    kind: 'legal',
    uscc,
    nature: 'private',
    region: uscc.slice(2, 8),
    country: '142',
  });
  const lines = deals.map((deal) =>
    JSON.stringify({
      kind: 'deal',
      id: deal.id,
      version: 1,
      listing: { id: `${deal.home}:L${deal.homeNumber.slice(-7)}`, version: 1 },
      home: deal.home,
      host: deal.host,
      status: deal.status,
      dealType: 'transfer',
      mode: 'agreement',
      seller: party(deal.seller),
      buyer: party(deal.buyer),
      price: money(deal.price),
      technologyAmount: money(deal.price / 2n),
      payment: { plan: 'lump-sum' },
      fees: [
        { payer: 'seller', exchange: deal.home, amount: money(deal.homeFee) },
        { payer: 'buyer', exchange: deal.host, amount: money(deal.hostFee) },
      ],
      ...(/^(certified|registered|reversed)$/.test(deal.status) ? { certificate: `JZ-${deal.homeNumber}` } : {}),
      ...(/^(cancelled|reversed)$/.test(deal.status) ? { cancelReason: '双方协商解除' } : {}),
      concludedAt: deal.concludedAt,
    }),
  );
  return Buffer.from(lines.map((line) => `${line}\n`).join(''));
}

function joined(elements: readonly Buffer[]): Buffer {
  return Buffer.concat(elements.flatMap((element, i) => (i === 0 ? [element] : [Buffer.from('\n'), element])));
}

function yuan(fen: bigint): string {
  const digits = fen.toString().padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

function grouped(fen: bigint): string {
  const [whole, cents] = yuan(fen).split('.');
  return `${whole!.replace(/\B(?=(\d{3})+$)/g, ',')}.${cents}`;
}
