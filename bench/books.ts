import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { formatFen } from '../src/contract/money.ts';

/** One business day in files, as the exchanges and the journal would write it, with breaks whose key is kept apart. */
export interface BookFilesMade {
  readonly date: string;
  readonly journal: string;
  readonly statements: { readonly ctex: string; readonly stex: string; readonly szse: string };
  /** `<deal id> <code> <side or ->` of every break put in, sorted. */
  readonly key: readonly string[];
}

const DATE = '2026-03-02';
const sides = ['ctex', 'stex', 'szse'] as const;
type Side = (typeof sides)[number];
const PAIRS = sides.flatMap((home) => sides.filter((host) => host !== home).map((host) => [home, host] as const));

/** One deal in so many has a break, each kind in turn. */
const FAULT_EVERY = 200;
const FAULTS = [
  'P101',
  'P011',
  'P110',
  'P001',
  'P100',
  'P010',
  'AMT+',
  'AMT-',
  'AMT2',
  'FEE',
  'PTY',
  'STS',
  'DAT',
  'DUP',
];

/** Deal `i` is a function of `i` alone: nothing is held in memory, and every file can be written twice. */
function dealOf(i: number) {
  const [home, host] = PAIRS[mixed(i) % PAIRS.length]!;
  const price = 1_000_000 + (mixed(i + 0x10000000) % 900_000_000);
  const fault = i % FAULT_EVERY === 7 ? FAULTS[Math.floor(i / FAULT_EVERY) % FAULTS.length]! : '';
  return {
    i,
    home,
    host,
    price,
    homeFee: Math.floor(price * 0.003),
    hostFee: Math.floor(price * 0.002),
    seller: `91110108MA${String(mixed(i + 1) % 30_000).padStart(8, '0')}`,
    buyer: `91440305MA${String(mixed(i + 2) % 30_000).padStart(8, '0')}`,
    state: (['signed', 'certified', 'certified', 'cancelled'] as const)[mixed(i + 3) % 4]!,
    fault,
  };
}
type Deal = ReturnType<typeof dealOf>;

/** The finaliser of MurmurHash3: spreads neighbouring numbers. */
function mixed(i: number): number {
  let h = i + 0x9e3779b9;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const PREFIX = { ctex: 'CJ2026-', stex: '沪技成2026-', szse: 'DJ' } as const;
const numberOf = (side: Side, i: number) => `${PREFIX[side]}${String(i).padStart(10, '0')}`;
const idOf = (deal: Deal) => `${deal.home}:${numberOf(deal.home, deal.i)}`;

/** One line of one book. */
interface Line {
  readonly number: string;
  readonly homeNumber: string | undefined;
  readonly counter: Side;
  readonly state: Deal['state'];
  readonly buyer: string;
  readonly seller: string;
  readonly price: number;
  readonly fee: number;
  readonly date: string;
}

function linesOf(side: Side, deal: Deal): readonly Line[] {
  const isHome = deal.home === side;
  if (!isHome && deal.host !== side) return [];
  const { fault } = deal;
  if (fault === 'P001' || fault === (isHome ? 'P011' : 'P101') || fault === (isHome ? 'P010' : 'P100')) return [];
  const own = !isHome;
  const line: Line = {
    number: numberOf(side, isHome ? deal.i : deal.i + 5_000_000_000),
    homeNumber: isHome ? undefined : numberOf(deal.home, deal.i),
    counter: isHome ? deal.host : deal.home,
    state: own && fault === 'STS' ? (deal.state === 'signed' ? 'certified' : 'signed') : deal.state,
    buyer: own && fault === 'PTY' ? `${deal.buyer.slice(0, -1)}X` : deal.buyer,
    seller: deal.seller,
    price: deal.price + (fault === 'AMT2' ? 13_004 : own && fault === 'AMT+' ? 777 : own && fault === 'AMT-' ? -1 : 0),
    fee: (isHome ? deal.homeFee : deal.hostFee) + (own && fault === 'FEE' ? 641 : 0),
    date: own && fault === 'DAT' ? '2026-03-03' : DATE,
  };
  return own && fault === 'DUP' ? [line, line] : [line];
}

function keyOf(deal: Deal): string {
  const { fault } = deal;
  const code = fault === 'STS' && deal.state === 'cancelled' ? 'STS-REV' : fault;
  return `${idOf(deal)} ${code} ${/^P\d|^AMT2/.test(code) ? '-' : deal.host}`;
}

interface Totals {
  readonly count: number;
  readonly price: number;
  readonly fee: number;
}

interface Book {
  readonly file: string;
  /** The row as the exchange writes it, without what stands between rows. */
  row(line: Line): string;
  /** The row as the digest takes it, where that is another text. */
  digested?(line: Line): string;
  readonly digest: 'sha256' | 'sm3';
  /** Between rows in the digest and in the file. */
  readonly between: string;
  head(totals: Totals, digest: string): string;
  foot(totals: Totals, digest: string): string;
  readonly encoding: 'utf8' | 'latin1';
}

const yuan = (fen: number) => formatFen(BigInt(fen), 'yuan');
const grouped = (fen: number) => yuan(fen).replace(/\B(?=(\d{3})+\.)/g, ',');
const compact = (date: string) => date.replaceAll('-', '');
const stateNumber = { signed: 1, certified: 2, cancelled: 3 } as const;
/** 沪技成 in GB18030, a character a byte. */
const gb = (number: string) => number.replace('沪技成', '\xbb\xa6\xbc\xbc\xb3\xc9');

const books: Readonly<Record<Side, Book>> = {
  ctex: {
    file: 'ctex.jsonl',
    encoding: 'utf8',
    digest: 'sha256',
    between: ',',
    row: (line) =>
      `{"dealNo":"${line.number}",${line.homeNumber === undefined ? '' : `"homeDealId":"${line.homeNumber}",`}"role":"${
        line.homeNumber === undefined ? 'HOME' : 'HOST'
      }","counterExchange":"${line.counter.toUpperCase()}","state":"${line.state.toUpperCase()}","buyerCode":"${
        line.buyer
      }","sellerCode":"${line.seller}","dealPrice":"${yuan(line.price)}","fee":"${yuan(line.fee)}","bizDate":"${
        line.date
      }","fundState":"FULL"}`,
    // RFC 8785: members in the order of their names.
    digested: (line) =>
      `{"bizDate":"${line.date}","buyerCode":"${line.buyer}","counterExchange":"${line.counter.toUpperCase()}","dealNo":"${
        line.number
      }","dealPrice":"${yuan(line.price)}","fee":"${yuan(line.fee)}","fundState":"FULL",${
        line.homeNumber === undefined ? '' : `"homeDealId":"${line.homeNumber}",`
      }"role":"${line.homeNumber === undefined ? 'HOME' : 'HOST'}","sellerCode":"${
        line.seller
      }","state":"${line.state.toUpperCase()}"}`,
    head: ({ count, price, fee }) =>
      `{"date":"${DATE}","seq":1,"page":1,"pages":1,"count":${count},"totalPrice":"${yuan(price)}","totalFee":"${yuan(
        fee,
      )}","openingCount":0,"rows":[`,
    foot: (_, digest) => `],"digest":"${digest}"}\n`,
  },
  stex: {
    file: 'stex.xml',
    encoding: 'latin1',
    digest: 'sm3',
    between: '\n',
    row: (line) =>
      `<R><CJBH>${gb(line.number)}</CJBH>${
        line.homeNumber === undefined ? '<YCJBH/>' : `<YCJBH>${gb(line.homeNumber)}</YCJBH>`
      }<JS>${line.homeNumber === undefined ? 1 : 2}</JS><DFJYS>${line.counter.toUpperCase()}</DFJYS><ZT>${
        stateNumber[line.state]
      }</ZT><SRFDM>${line.buyer}</SRFDM><CRFDM>${line.seller}</CRFDM><CJJG>${grouped(line.price)}</CJJG><SXF>${grouped(
        line.fee,
      )}</SXF><YWRQ>${compact(line.date)}</YWRQ><ZJZT>2</ZJZT></R>`,
    head: ({ count, price, fee }, digest) =>
      `<?xml version="1.0" encoding="GB18030"?>\n<DZD RQ="${compact(DATE)}" PC="1" TS="${count}" JEHJ="${grouped(
        price,
      )}" SXFHJ="${grouped(fee)}" ZRTS="0" ZY="${digest}">\n`,
    foot: () => '\n</DZD>\n',
  },
  szse: {
    file: 'szse.txt',
    encoding: 'utf8',
    digest: 'sha256',
    between: '\n',
    row: (line) =>
      `D|${line.number}|${line.homeNumber ?? ''}|${line.homeNumber === undefined ? 1 : 2}|${line.counter.toUpperCase()}|${
        stateNumber[line.state]
      }|${line.buyer}|${line.seller}|${line.price}|${line.fee}|${compact(line.date)}|2`,
    head: () => `H|SZSE|${compact(DATE)}|1|0\n`,
    foot: ({ count, price, fee }, digest) => `\nT|${count}|${price}|${fee}|${digest}\n`,
  },
};

/** Rows of a book in pieces of some thousand, in another order than the deals'. */
function* rowsOf(
  side: Side,
  deals: number,
  form: 'row' | 'digested',
): Generator<{ readonly text: string; readonly lines: readonly Line[] }> {
  const { between, row, digested = row } = books[side];
  const write = form === 'row' ? row : digested;
  // Prime and larger than any number of deals: visits each once.
  const stride = 1_000_000_007 + { ctex: 0, stex: 2, szse: 90 }[side];
  let lines: Line[] = [];
  let isFirst = true;
  const piece = () => {
    const text = lines.map(write).join(between);
    const whole = isFirst ? text : `${between}${text}`;
    isFirst = false;
    return { text: whole, lines };
  };
  for (let k = 0; k < deals; k++) {
    lines.push(...linesOf(side, dealOf(Number((BigInt(k) * BigInt(stride)) % BigInt(deals)))));
    if (lines.length < 5000) continue;
    yield piece();
    lines = [];
  }
  if (lines.length > 0) yield piece();
}

async function writeBook(side: Side, deals: number, folder: string): Promise<string> {
  const book = books[side];
  const hash = createHash(book.digest);
  let totals: Totals = { count: 0, price: 0, fee: 0 };
  const [opening, closing] = side === 'ctex' ? ['[', ']'] : side === 'szse' ? [book.head(totals, ''), '\n'] : ['', ''];
  hash.update(opening);
  for (const { text, lines } of rowsOf(side, deals, 'digested')) {
    hash.update(text, book.encoding);
    for (const { price, fee } of lines) {
      totals = { count: totals.count + 1, price: totals.price + price, fee: totals.fee + fee };
    }
  }
  const digest = hash.update(closing).digest('hex');
  const file = join(folder, book.file);
  await pipeline(function* () {
    yield Buffer.from(book.head(totals, digest), book.encoding);
    for (const { text } of rowsOf(side, deals, 'row')) yield Buffer.from(text, book.encoding);
    yield Buffer.from(book.foot(totals, digest), book.encoding);
  }, createWriteStream(file));
  return file;
}

const STATUS = { signed: 'confirmed', certified: 'certified', cancelled: 'cancelled' } as const;

function journalLine(deal: Deal): string {
  const party = (uscc: string) => ({
    name: `示例企业${uscc.slice(-6)}`,
    kind: 'legal',
    uscc,
    nature: 'private',
    region: uscc.slice(2, 8),
    country: '142',
  });
  const money = (fen: number) => ({ amount: yuan(fen), currency: 'CNY' });
  return JSON.stringify({
    kind: 'deal',
    id: idOf(deal),
    version: 1,
    listing: { id: `${deal.home}:L${deal.i}`, version: 1 },
    home: deal.home,
    host: deal.host,
    status: STATUS[deal.state],
    dealType: 'transfer',
    mode: 'agreement',
    seller: party(deal.seller),
    buyer: party(deal.buyer),
    price: money(deal.price),
    technologyAmount: money(deal.price),
    payment: { plan: 'lump-sum' },
    fees: [
      { payer: 'seller', exchange: deal.home, amount: money(deal.homeFee) },
      { payer: 'buyer', exchange: deal.host, amount: money(deal.hostFee) },
    ],
    concludedAt: `${DATE}T10:00:00+08:00`,
  });
}

async function writeJournal(deals: number, folder: string): Promise<string> {
  const file = join(folder, 'journal.jsonl');
  await pipeline(function* () {
    for (let from = 0; from < deals; from += 2000) {
      let text = '';
      for (let i = from; i < Math.min(from + 2000, deals); i++) {
        const deal = dealOf(i);
        if (!['P110', 'P100', 'P010'].includes(deal.fault)) text += `${journalLine(deal)}\n`;
      }
      yield Buffer.from(text);
    }
  }, createWriteStream(file));
  return file;
}

export async function makeBookFiles(deals: number, folder: string): Promise<BookFilesMade> {
  const [ctex, stex, szse] = [
    await writeBook('ctex', deals, folder),
    await writeBook('stex', deals, folder),
    await writeBook('szse', deals, folder),
  ];
  const journal = await writeJournal(deals, folder);
  const key: string[] = [];
  for (let i = 7; i < deals; i += FAULT_EVERY) key.push(keyOf(dealOf(i)));
  return { date: DATE, journal, statements: { ctex, stex, szse }, key: key.sort() };
}
