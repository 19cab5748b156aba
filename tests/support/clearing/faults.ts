import type { Chance } from './random.ts';
import type { Row, Side, TrueDeal } from './truth.ts';

/** One difference that an honest engine must find, and what it must say about it. */
export interface KeyEntry {
  readonly dealId: string;
  /** A code of the taxonomy, `AMT` standing for both signs. */
  readonly code: string;
  /** The side whose book deviates; null where a code concerns no single side. */
  readonly exchange: Side | null;
  /** Book − journal in fen where an amount differs. */
  readonly delta: bigint | null;
}

/** What is being spoilt. Deals in `touched` are left alone by later faults. */
export interface Day {
  readonly deals: TrueDeal[];
  readonly books: Record<Side, Row[]>;
  readonly key: KeyEntry[];
  readonly touched: Set<string>;
}

type Fault = (day: Day, deal: TrueDeal, chance: Chance) => void;

const removed = <T>(list: T[], item: T) => list.splice(list.indexOf(item), 1);
const homeRow = (day: Day, deal: TrueDeal) =>
  day.books[deal.home].find((row) => row.role === 'home' && row.dealNumber === deal.homeNumber)!;
const hostRow = (day: Day, deal: TrueDeal) =>
  day.books[deal.host].find(
    (row) => row.role === 'host' && row.counter === deal.home && row.homeDealNumber === deal.homeNumber,
  )!;
const dropHome = (day: Day, deal: TrueDeal) => removed(day.books[deal.home], homeRow(day, deal));
const dropHost = (day: Day, deal: TrueDeal) => removed(day.books[deal.host], hostRow(day, deal));
const dropJournal = (day: Day, deal: TrueDeal) => removed(day.deals, deal);
const expectBreak = (day: Day, dealId: string, code: string, exchange: Side | null, delta: bigint | null = null) =>
  day.key.push({ dealId, code, exchange, delta });

/** One of the two rows of a deal, and whose it is. */
function oneRow(day: Day, deal: TrueDeal, chance: Chance): readonly [Row, Side] {
  return chance.unit() < 0.5 ? [homeRow(day, deal), deal.home] : [hostRow(day, deal), deal.host];
}

/** A fen, a small or a large difference, never zero and never below zero as a whole. */
function shiftOf(amount: bigint, chance: Chance): bigint {
  const size = BigInt(chance.pick([1, chance.whole(2, 999), chance.whole(1_000, 900_000)]));
  return chance.unit() < 0.5 && amount > size ? -size : size;
}

function otherParty(code: string): string {
  return code.endsWith('0') ? `${code.slice(0, -1)}1` : `${code.slice(0, -1)}0`;
}

/** The faults of one deal, by what they are called in the key of a score. */
export const faults: Readonly<Record<string, Fault>> = {
  onlyJournal(day, deal) {
    dropHome(day, deal);
    dropHost(day, deal);
    expectBreak(day, deal.id, 'P001', null);
  },
  hostMissing(day, deal) {
    dropHost(day, deal);
    expectBreak(day, deal.id, 'P101', null);
  },
  homeMissing(day, deal) {
    dropHome(day, deal);
    expectBreak(day, deal.id, 'P011', null);
  },
  journalMissing(day, deal) {
    dropJournal(day, deal);
    expectBreak(day, deal.id, 'P110', null);
  },
  onlyHome(day, deal) {
    dropJournal(day, deal);
    dropHost(day, deal);
    expectBreak(day, deal.id, 'P100', null);
  },
  onlyHost(day, deal) {
    dropJournal(day, deal);
    dropHome(day, deal);
    expectBreak(day, deal.id, 'P010', null);
  },
  amount(day, deal, chance) {
    const [row, side] = oneRow(day, deal, chance);
    const delta = shiftOf(row.price, chance);
    row.price += delta;
    expectBreak(day, deal.id, 'AMT', side, delta);
  },
  amountOfBoth(day, deal, chance) {
    const delta = shiftOf(deal.price, chance);
    homeRow(day, deal).price += delta;
    hostRow(day, deal).price += delta;
    expectBreak(day, deal.id, 'AMT2', null, delta);
  },
  amountsApart(day, deal) {
    homeRow(day, deal).price += 5n;
    hostRow(day, deal).price += 8n;
    expectBreak(day, deal.id, 'AMT', deal.home, 5n);
    expectBreak(day, deal.id, 'AMT', deal.host, 8n);
  },
  fee(day, deal, chance) {
    const [row, side] = oneRow(day, deal, chance);
    const delta = shiftOf(row.fee, chance);
    row.fee += delta;
    expectBreak(day, deal.id, 'FEE', side, delta);
  },
  state(day, deal, chance) {
    const [row, side] = oneRow(day, deal, chance);
    const wasCancelled = row.state === 'cancelled';
    row.state = row.state === 'certified' ? 'signed' : 'certified';
    expectBreak(day, deal.id, wasCancelled ? 'STS-REV' : 'STS', side);
  },
  reversedHereOnly(day, deal, chance) {
    const [row, side] = oneRow(day, deal, chance);
    if (row.state === 'cancelled') return;
    row.state = 'cancelled';
    expectBreak(day, deal.id, 'STS-REV', side);
  },
  party(day, deal, chance) {
    const [row, side] = oneRow(day, deal, chance);
    if (chance.unit() < 0.5) row.buyer = otherParty(row.buyer);
    else row.seller = otherParty(row.seller);
    expectBreak(day, deal.id, 'PTY', side);
  },
  twice(day, deal, chance) {
    const [row, side] = oneRow(day, deal, chance);
    for (let copies = chance.whole(1, 3); copies > 0; copies--) day.books[side].push({ ...row });
    expectBreak(day, deal.id, 'DUP', side);
  },
  twiceUnderANewNumber(day, deal) {
    const row = homeRow(day, deal);
    const dealNumber = `${row.dealNumber}-9`;
    day.books[deal.home].push({ ...row, dealNumber });
    expectBreak(day, `${deal.home}:${dealNumber}`, 'DUP~', deal.home);
  },
  otherDay(day, deal, chance) {
    const [row, side] = oneRow(day, deal, chance);
    const at = new Date(Date.parse(`${row.date}T00:00:00Z`) + chance.pick([-1, 1]) * 86_400_000);
    row.date = at.toISOString().slice(0, 10);
    expectBreak(day, deal.id, 'DAT', side);
  },
  wrongReference(day, deal) {
    const unknown = `${deal.homeNumber}-7`;
    hostRow(day, deal).homeDealNumber = unknown;
    expectBreak(day, deal.id, 'P101', null);
    expectBreak(day, `${deal.home}:${unknown}`, 'P010', null);
  },
};

/** Several faults on one deal: one break for each side, its primary code the first in the order of evaluation. */
export const compoundFaults: Readonly<Record<string, Fault>> = {
  bothSides(day, deal) {
    homeRow(day, deal).price += 3n;
    const host = hostRow(day, deal);
    host.buyer = otherParty(host.buyer);
    expectBreak(day, deal.id, 'AMT', deal.home, 3n);
    expectBreak(day, deal.id, 'PTY', deal.host);
  },
  partyBeforeAmount(day, deal) {
    const row = homeRow(day, deal);
    row.seller = otherParty(row.seller);
    row.price += 11n;
    expectBreak(day, deal.id, 'PTY', deal.home, 11n);
  },
  stateBeforeFee(day, deal) {
    const row = hostRow(day, deal);
    row.state = row.state === 'certified' ? 'signed' : 'certified';
    row.fee += 2n;
    expectBreak(day, deal.id, deal.status === 'cancelled' || deal.status === 'reversed' ? 'STS-REV' : 'STS', deal.host);
  },
  missingAndWrong(day, deal) {
    dropHost(day, deal);
    homeRow(day, deal).price += 100n;
    expectBreak(day, deal.id, 'P101', null);
    expectBreak(day, deal.id, 'AMT', deal.home, 100n);
  },
  twiceAndWrong(day, deal) {
    const row = homeRow(day, deal);
    row.fee += 1n;
    day.books[deal.home].push({ ...row });
    expectBreak(day, deal.id, 'DUP', deal.home);
  },
};

/** Faults of two deals that look like none, or like each other's. */
export const pairFaults: Readonly<Record<string, (day: Day, one: TrueDeal, other: TrueDeal) => void>> = {
  /** +x and −x in one book: its totals stay right. */
  compensating(day, one, other) {
    homeRow(day, one).price += 777n;
    homeRow(day, other).price -= 777n;
    expectBreak(day, one.id, 'AMT', one.home, 777n);
    expectBreak(day, other.id, 'AMT', other.home, -777n);
  },
  /** The host gave each the other's number. Amounts are equal, so that nothing but the parties tells. */
  swappedReferences(day, one, other) {
    for (const deal of [one, other]) {
      homeRow(day, deal).price = one.price;
      hostRow(day, deal).price = one.price;
    }
    const [first, second] = [hostRow(day, one), hostRow(day, other)];
    [first.homeDealNumber, second.homeDealNumber] = [second.homeDealNumber, first.homeDealNumber];
    if (other.price !== one.price) expectBreak(day, other.id, 'AMT2', null, one.price - other.price);
    expectBreak(day, one.id, 'PTY', one.host);
    expectBreak(day, other.id, 'PTY', other.host);
  },
};
