import { isDate, isInstant } from '../src/contract/dates.ts';
import type { Exchange } from '../src/contract/exchange.ts';
import { exchanges } from '../src/contract/exchange.ts';
import { isObject, type Json } from '../src/contract/json.ts';
import type { DeskDeal, DeskFunds, DeskListing, DeskParty, MockExchange, MockFault } from '../src/contract/mock.ts';
import { parseFen } from '../src/contract/money.ts';
import { type Refusal, refuse, step } from '../src/contract/refusal.ts';

/** Reads one value; what is wrong with it goes into `found`, and the value given then is never used. */
type Read<T> = (value: Json | undefined, pointer: string, found: Refusal[]) => T;

type Shape = Readonly<Record<string, Read<unknown>>>;
type Told<S extends Shape> = { readonly [Key in keyof S]: ReturnType<S[Key]> };

/** What the people at a mock exchange's desk may order over HTTP, by the last part of the path. Amounts are in yuan. */
export const deskOrders: Readonly<Record<string, (mock: MockExchange, body: Json) => readonly Refusal[]>> = {
  aim: order({ gateway: text(2048) }, ({ desk }, { gateway }) => desk.aim(gateway)),
  publish: (mock, body) => onListing(body, (listing) => mock.desk.publish(listing)),
  change: (mock, body) => onListing(body, (listing) => mock.desk.change(listing)),
  state: order(
    { number: text(64), version: whole, state: oneOf('suspended', 'resumed', 'withdrawn'), reason: text(200) },
    ({ desk }, { number, version, state, reason }) => desk.setState(number, version, state, reason),
  ),
  interest: order(
    { number: text(64), mirror: text(64), buyer: party, offer: optional(fen), at: instant },
    ({ desk }, { offer, ...rest }) => desk.registerInterest({ ...rest, ...given({ offerFen: offer }) }),
  ),
  decide: order({ number: text(64), accept: flag, reason: text(200) }, ({ desk }, { number, accept, reason }) =>
    desk.decideInterest(number, accept, reason),
  ),
  bid: order(
    { number: text(64), mirror: text(64), buyer: party, amount: fen, at: instant },
    ({ desk }, { amount, ...rest }) => desk.bid({ ...rest, amountFen: amount }),
  ),
  conclude: order(
    {
      number: text(64),
      version: whole,
      listingNumber: text(64),
      seller: party,
      buyer: party,
      buyerExchange: optional(oneOf<Exchange>(...exchanges)),
      dealType: text(32),
      mode: text(32),
      price: fen,
      technology: fen,
      sellerFee: fen,
      buyerFee: fen,
      plan: text(32),
      instalments: optional(instalments),
      signedAt: instant,
    },
    ({ desk }, { price, technology, sellerFee, buyerFee, ...rest }) =>
      desk.conclude(
        given({
          ...rest,
          priceFen: price,
          technologyFen: technology,
          sellerFeeFen: sellerFee,
          buyerFeeFen: buyerFee,
        }) as unknown as DeskDeal,
      ),
  ),
  certify: order({ number: text(64), version: whole, certificate: text(64) }, ({ desk }, it) =>
    desk.certify(it.number, it.version, it.certificate),
  ),
  cancel: order({ number: text(64), version: whole, reason: text(200) }, ({ desk }, it) =>
    desk.cancel(it.number, it.version, it.reason),
  ),
  confirm: order({ number: text(64) }, ({ desk }, { number }) => desk.confirm(number)),
  pay: order(
    {
      number: text(64),
      deal: optional(text(64)),
      interest: optional(text(64)),
      leg: oneOf('deposit-held', 'deposit-returned', 'price-paid', 'fee-paid', 'refund'),
      payer: text(200),
      payee: text(200),
      amount: fen,
      valueDate: date,
      bankRef: text(64),
    },
    ({ desk }, { amount, ...rest }) => desk.pay(given({ ...rest, amountFen: amount }) as DeskFunds),
  ),
  fail: order(
    {
      operation: text(64),
      fault: oneOf<MockFault>('busy', 'system-error', 'lost-answer', 'refuse', 'bad-signature'),
      count: whole,
    },
    (mock, { operation, fault, count }) => mock.fail(operation, fault, count),
  ),
};

const listingShape = {
  number: text(64),
  version: whole,
  title: text(200),
  summary: optional(text(2000)),
  direction: optional(oneOf('supply', 'demand')),
  dealType: text(32),
  licenseScope: optional(oneOf('exclusive', 'sole', 'ordinary')),
  mode: text(32),
  objectType: text(32),
  ipNumber: optional(text(64)),
  ipTitle: optional(text(200)),
  field: text(2),
  industry: optional(text(8)),
  maturity: optional(whole),
  seller: party,
  priceKind: oneOf('fixed', 'reserve', 'negotiable'),
  price: optional(fen),
  deposit: optional(fen),
  publishedAt: instant,
  startsOn: date,
  endsOn: date,
  notice: optional(shape({ startsOn: date, endsOn: date, objections: flag })),
  plan: oneOf('lump-sum', 'instalments', 'royalty', 'upfront-and-royalty'),
  instalments: optional(instalments),
  exportControl: optional(oneOf('none', 'restricted', 'prohibited')),
};

/** Codes of the trade (deal type, mode …) are not checked here: a mock must be able to say what a gateway refuses. */
function onListing(body: Json, act: (listing: DeskListing) => void): readonly Refusal[] {
  return order(listingShape, (_, { price, deposit, ...rest }) =>
    act(given({ ...rest, priceFen: price, depositFen: deposit }) as unknown as DeskListing),
  )(undefined as never, body);
}

function order<S extends Shape>(fields: S, act: (mock: MockExchange, told: Told<S>) => void) {
  const read = shape(fields);
  return (mock: MockExchange, body: Json): readonly Refusal[] => {
    const found: Refusal[] = [];
    const told = read(body, '', found);
    if (found.length === 0) act(mock, told);
    return found;
  };
}

function shape<S extends Shape>(fields: S): Read<Told<S>> {
  return (value, pointer, found) => {
    const told: Record<string, unknown> = {};
    if (!isObject(value)) {
      found.push(refuse(value === undefined ? 'missing-field' : 'wrong-type', pointer));
      return told as Told<S>;
    }
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(fields, key)) found.push(refuse('unknown-field', pointer + step(key)));
    }
    for (const [key, read] of Object.entries(fields)) {
      const one = read(value[key], pointer + step(key), found);
      if (one !== undefined) told[key] = one;
    }
    return told as Told<S>;
  };
}

function optional<T>(read: Read<T>): Read<T | undefined> {
  return (value, pointer, found) => (value === undefined ? undefined : read(value, pointer, found));
}

function text(max: number): Read<string> {
  return (value, pointer, found) => {
    if (typeof value === 'string' && value.length >= 1 && value.length <= max) return value;
    found.push(refuse(value === undefined ? 'missing-field' : 'bad-format', pointer));
    return '';
  };
}

function oneOf<T extends string>(...words: readonly T[]): Read<T> {
  return (value, pointer, found) => {
    if (!words.includes(value as T))
      found.push(refuse(value === undefined ? 'missing-field' : 'unknown-code', pointer));
    return value as T;
  };
}

function whole(value: Json | undefined, pointer: string, found: Refusal[]): number {
  if (typeof value === 'number' && value >= 0) return value;
  found.push(refuse(value === undefined ? 'missing-field' : 'bad-number', pointer));
  return 0;
}

function flag(value: Json | undefined, pointer: string, found: Refusal[]): boolean {
  if (typeof value !== 'boolean') found.push(refuse(value === undefined ? 'missing-field' : 'wrong-type', pointer));
  return value === true;
}

function fen(value: Json | undefined, pointer: string, found: Refusal[]): bigint {
  if (value === undefined) found.push(refuse('missing-field', pointer));
  const read = parseFen(value, 'yuan', pointer);
  if (read.ok) return read.value;
  if (value !== undefined) found.push(...read.refusals);
  return 0n;
}

function date(value: Json | undefined, pointer: string, found: Refusal[]): string {
  if (typeof value === 'string' && isDate(value)) return value;
  found.push(refuse(value === undefined ? 'missing-field' : 'bad-date', pointer));
  return '';
}

function instant(value: Json | undefined, pointer: string, found: Refusal[]): string {
  if (typeof value === 'string' && isInstant(value)) return value;
  found.push(refuse(value === undefined ? 'missing-field' : 'bad-date', pointer));
  return '';
}

function party(value: Json | undefined, pointer: string, found: Refusal[]): DeskParty {
  return given(partyShape(value, pointer, found)) as unknown as DeskParty;
}

const partyShape = shape({
  name: text(200),
  uscc: optional(text(18)),
  nature: text(32),
  region: optional(text(6)),
  country: text(3),
});

function instalments(value: Json | undefined, pointer: string, found: Refusal[]) {
  if (!Array.isArray(value) || value.length > 60) {
    found.push(refuse('wrong-type', pointer));
    return [];
  }
  return value.map((one, i) => instalment(one, `${pointer}/${i}`, found));
}

const instalment = shape({ percent: whole, dueDays: whole });

/** Without the keys that hold undefined. */
function given<T extends object>(from: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(from).filter(([, value]) => value !== undefined)) as never;
}
