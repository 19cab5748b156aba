import { type Chance, chanceOf } from './random.ts';

export type Side = 'ctex' | 'stex' | 'szse';
export type State = 'signed' | 'certified' | 'cancelled';

/** One deal as it really was. Amounts in fen. */
export interface TrueDeal {
  /** `<home>:<home's number>`. */
  readonly id: string;
  readonly home: Side;
  readonly host: Side;
  readonly homeNumber: string;
  readonly hostNumber: string;
  readonly seller: string;
  readonly buyer: string;
  readonly price: bigint;
  readonly homeFee: bigint;
  readonly hostFee: bigint;
  /** Of the journal: concluded (in flight), confirmed, funded, certified, registered, cancelled, reversed. */
  readonly status: string;
  readonly concludedAt: string;
}

/** One row of an exchange's book for the day, as its engineers would see it. */
export interface Row {
  dealNumber: string;
  homeDealNumber: string | undefined;
  role: 'home' | 'host';
  counter: Side;
  state: State;
  buyer: string;
  seller: string;
  price: bigint;
  fee: bigint;
  /** `2026-03-02` */
  date: string;
  funds: 0 | 1 | 2;
}

export const sides: readonly Side[] = ['ctex', 'stex', 'szse'];
const PAIRS = sides.flatMap((home) => sides.filter((host) => host !== home).map((host) => [home, host] as const));
const NUMBER: Readonly<Record<Side, (n: number, role: 'home' | 'host') => string>> = {
  ctex: (n, role) => `CJ2026-${role === 'home' ? '0' : '5'}${String(n).padStart(7, '0')}`,
  stex: (n, role) => `沪技成2026-${role === 'home' ? '0' : '5'}${String(n).padStart(7, '0')}`,
  szse: (n, role) => `DJ${role === 'home' ? '000' : '500'}${String(n).padStart(8, '0')}`,
};
const CODE_PREFIX: Readonly<Record<Side, string>> = { ctex: '91110108MA', stex: '91310110MA', szse: '91440305MA' };
const FINAL = ['confirmed', 'confirmed', 'confirmed', 'funded', 'certified', 'certified', 'registered'];

/**
 * A day of deals: log-normal amounts, few parties with many deals (Zipf), most of the day's deals before noon and a
 * crowd at the cut-off, 8 % cancelled or reversed, 2 % still in flight, and some twins that differ in their number only.
 */
export function trueDeals(seed: number, count: number, date: string): TrueDeal[] {
  const chance = chanceOf(seed);
  const deals: TrueDeal[] = [];
  for (let n = 0; n < count; n++) {
    const twinOf = deals.at(-1);
    if (twinOf !== undefined && chance.unit() < 0.01) {
      deals.push({ ...twinOf, ...numbersOf(n, twinOf.home, twinOf.host) });
      continue;
    }
    const [home, host] = chance.pick(PAIRS);
    const price = BigInt(Math.max(1, Math.round(Math.exp(17.5 + 1.6 * chance.normal()))));
    deals.push({
      ...numbersOf(n, home, host),
      home,
      host,
      seller: party(home, chance),
      buyer: party(host, chance),
      price,
      homeFee: (price * 3n) / 1000n,
      hostFee: (price * 2n) / 1000n,
      status: statusOf(chance),
      concludedAt: `${date}T${timeOf(chance)}+08:00`,
    });
  }
  return deals;
}

/** Both books as they should be, each in no particular order (exchanges sort as they please). */
export function viewsOf(deals: readonly TrueDeal[], chance: Chance): Record<Side, Row[]> {
  const books: Record<Side, Row[]> = { ctex: [], stex: [], szse: [] };
  for (const deal of deals) {
    const common = {
      state: stateOf(deal.status),
      buyer: deal.buyer,
      seller: deal.seller,
      price: deal.price,
      date: deal.concludedAt.slice(0, 10),
    };
    // A deal in flight may have come to one book, to both or to none.
    const isInFlight = deal.status === 'concluded';
    if (!isInFlight || chance.unit() < 0.6) {
      const own = { dealNumber: deal.homeNumber, homeDealNumber: undefined, role: 'home', counter: deal.host } as const;
      books[deal.home].push({ ...common, ...own, fee: deal.homeFee, funds: chance.pick([0, 1, 2]) });
    }
    if (!isInFlight || chance.unit() < 0.4) {
      const own = { dealNumber: deal.hostNumber, homeDealNumber: deal.homeNumber, role: 'host' } as const;
      books[deal.host].push({
        ...common,
        ...own,
        counter: deal.home,
        fee: deal.hostFee,
        funds: chance.pick([0, 1, 2]),
      });
    }
  }
  for (const side of sides) shuffle(books[side], chance);
  return books;
}

function numbersOf(n: number, home: Side, host: Side) {
  const homeNumber = NUMBER[home](n, 'home');
  return { id: `${home}:${homeNumber}`, homeNumber, hostNumber: NUMBER[host](n, 'host') };
}

/** Of a few hundred parties, the first ones most often. */
function party(at: Side, chance: Chance): string {
  const rank = Math.min(499, Math.floor(1 / (chance.unit() + 0.002)));
  return withCheck(`${CODE_PREFIX[at]}${String(rank).padStart(7, '0')}`);
}

/** GB 32100: the 18th character of a 统一社会信用代码, from weights 3^i and the 31-character alphabet. */
function withCheck(first17: string): string {
  const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY';
  let weight = 1;
  let total = 0;
  for (const letter of first17) {
    total += alphabet.indexOf(letter) * weight;
    weight = (weight * 3) % 31;
  }
  return `${first17}${alphabet[(31 - (total % 31)) % 31]}`;
}

function statusOf(chance: Chance): string {
  const drawn = chance.unit();
  if (drawn < 0.02) return 'concluded';
  if (drawn < 0.08) return 'cancelled';
  return drawn < 0.1 ? 'reversed' : chance.pick(FINAL);
}

function stateOf(status: string): State {
  if (status === 'cancelled' || status === 'reversed') return 'cancelled';
  return status === 'certified' || status === 'registered' ? 'certified' : 'signed';
}

function timeOf(chance: Chance): string {
  const hour = chance.unit() < 0.15 ? 16 : chance.whole(9, 15);
  return [hour, chance.whole(0, 59), chance.whole(0, 59)].map((part) => String(part).padStart(2, '0')).join(':');
}

function shuffle<T>(list: T[], chance: Chance): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = chance.whole(0, i);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
}
