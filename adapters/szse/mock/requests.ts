import type { BookEntry } from '../../../src/contract/mock.ts';
import { enter, type Floor, nextNumber, type Trade } from './floor.ts';
import type { Fields } from './shapes.ts';

/** What SZSE decides about a request: its own number for it, or why not. */
export type Ruling = { readonly number?: string } | { readonly reason: 1 | 2 | 4; readonly text: string };

type Rule = (floor: Floor, fields: Fields, type: string) => Ruling;

/** What each request does, by message type. Fields have been checked. */
export const rules: Readonly<Record<string, Rule>> = {
  UN: mirror,
  US: mirrorState,
  UI: (floor, fields) => {
    const listing = floor.listings.get(fields[20001]!);
    if (listing === undefined) return unknown('20001');
    if (listing.state !== '1') return { reason: 2, text: 'listing is not open' };
    return received(floor, fields, 'interest', 'YX');
  },
  UJ: (floor, fields) => {
    const interest = floor.interests.get(fields[20060]!);
    if (interest === undefined) return unknown('20060');
    if (interest.decided !== undefined) return { reason: 2, text: 'decided already' };
    interest.decided = fields[20061]!;
    book(floor, 'interest-decision', fields[20060]!, fields, { state: fields[20061]! });
    return { number: fields[20060]! };
  },
  UB: (floor, fields) => {
    const listing = floor.listings.get(fields[20001]!);
    if (listing === undefined) return unknown('20001');
    if (listing.state !== '1' || listing.mode !== 'B') return { reason: 2, text: 'takes no bids' };
    return received(floor, fields, 'bid', 'BJ');
  },
  UD: deal,
  UE: deal,
  UC: deal,
  UK: (floor, fields) => {
    const trade = floor.deals.get(fields[20070]!);
    if (trade === undefined || trade.home !== undefined) return unknown('20070');
    book(floor, 'deal-confirmed', fields[20070]!, fields, {
      exchange: fields[20078]!,
      version: Number(fields[20002]),
      ...(fields[20081] === undefined ? {} : { foreignNumber: fields[20081] }),
    });
    return { number: fields[20070]! };
  },
  UF: (floor, fields) => {
    const about = fields[20070] ?? fields[20060];
    if (about === undefined || (fields[20070] !== undefined) === (fields[20060] !== undefined)) {
      return { reason: 4, text: 'one of 20070, 20060' };
    }
    const trade = floor.deals.get(about);
    const isKnown = fields[20070] === undefined ? knowsInterest(floor, about) : trade !== undefined;
    if (!isKnown) return unknown(fields[20070] === undefined ? '20060' : '20070');
    if (trade !== undefined) pay(trade, fields[20083]!, BigInt(fields[20086]!));
    return received(floor, fields, 'funds', 'ZJ');
  },
};

/** What has been paid of a deal's price. */
export function pay(trade: Trade, leg: string, fen: bigint): void {
  if (leg === '3') trade.paidFen += fen;
  if (leg === '5') trade.paidFen -= fen;
}

function unknown(tag: string): Ruling {
  return { reason: 1, text: `unknown ${tag}` };
}

function mirror(floor: Floor, fields: Fields): Ruling {
  const home = `UN ${fields[20080]} ${fields[20081]}`;
  const version = Number(fields[20002]);
  const known = floor.numberOf.get(home);
  const number = fields[20089] ?? nextNumber(floor, 'JX');
  if (fields[20089] === undefined) {
    if (known !== undefined) return { reason: 2, text: `shown already as ${known}` };
    floor.numberOf.set(home, number);
    floor.mirrors.set(number, { home, version, state: '1' });
  } else {
    const shown = floor.mirrors.get(number);
    if (shown === undefined || shown.home !== home) return unknown('20089');
    if (version <= shown.version) return { reason: 2, text: `version ${shown.version} is shown` };
    shown.version = version;
    shown.state = '1';
  }
  const { 20080: exchange, 20081: foreignNumber } = fields;
  book(floor, 'listing', number, fields, { exchange: exchange!, foreignNumber: foreignNumber!, version, state: '1' });
  return { number };
}

function mirrorState(floor: Floor, fields: Fields): Ruling {
  const number = fields[20089]!;
  const shown = floor.mirrors.get(number);
  if (shown === undefined) return unknown('20089');
  if (shown.state === '4') return { reason: 2, text: 'withdrawn' };
  const state = fields[20004] === '3' ? '1' : fields[20004]!;
  shown.state = state;
  const entry = floor.received.get(number);
  if (entry !== undefined) floor.received.set(number, { ...entry, state });
  return { number };
}

const STATES = { UD: '1', UE: '2', UC: '3' } as const;

function deal(floor: Floor, fields: Fields, type: string): Ruling {
  const key = `UD ${fields[20080]} ${fields[20081]}`;
  const state = STATES[type as keyof typeof STATES];
  const version = Number(fields[20002]);
  const known = floor.numberOf.get(key);
  if (!floor.mirrors.has(fields[20089]!)) return unknown('20089');
  const number = known ?? nextNumber(floor, 'DJ');
  const trade = floor.deals.get(number);
  if (trade !== undefined) {
    if (version < trade.version || trade.state === '3') return { reason: 2, text: `version ${trade.version} is held` };
    trade.version = version;
    trade.state = state;
  } else {
    floor.numberOf.set(key, number);
    enter(floor, {
      number,
      home: { exchange: fields[20080]!, number: fields[20081]! },
      counter: fields[20080]!,
      listing: fields[20089]!,
      version,
      state,
      buyerCode: fields[20064] ?? '-',
      sellerCode: fields[20031] ?? '-',
      priceFen: BigInt(fields[20071]!),
      feeFen: BigInt(fields[20074] ?? '0'),
      day: fields[20076]!.slice(0, 8),
      paidFen: 0n,
      fields: [],
    });
  }
  book(floor, 'deal', number, fields, {
    exchange: fields[20080]!,
    foreignNumber: fields[20081]!,
    version,
    state,
  });
  return { number };
}

function received(floor: Floor, fields: Fields, kind: BookEntry['kind'], letters: 'YX' | 'BJ' | 'ZJ'): Ruling {
  const key = `${kind} ${fields[20080]} ${fields[20081]}`;
  const known = floor.numberOf.get(key);
  if (known !== undefined) return { reason: 2, text: `held already as ${known}` };
  const number = nextNumber(floor, letters);
  floor.numberOf.set(key, number);
  book(floor, kind, number, fields, { exchange: fields[20080]!, foreignNumber: fields[20081]! });
  return { number };
}

function knowsInterest(floor: Floor, number: string): boolean {
  return floor.interests.has(number) || floor.received.get(number)?.kind === 'interest';
}

/** Decisions and confirmations are about things under our own numbers: they stand beside them. */
function book(floor: Floor, kind: BookEntry['kind'], number: string, fields: Fields, more: Partial<BookEntry>): void {
  const beside = kind === 'interest-decision' || kind === 'deal-confirmed' ? `${number} ${kind}` : number;
  floor.received.set(beside, { kind, number, ...more, fields: { ...fields } });
}
