import type { Exchange } from '../../src/contract/exchange.ts';
import { exchanges } from '../../src/contract/exchange.ts';
import type { BookEntry } from '../../src/contract/mock.ts';
import { named, type Order } from './clerk.ts';
import type { Books } from './exchange-process.ts';

/** One row of the outbox. */
export interface DeliveryRow {
  readonly no: number;
  readonly message: string;
  readonly exchange: Exchange;
  readonly lane: string;
  readonly kind: string;
  readonly state: string;
}

/** What the gateway's tables say, read once it is at rest. */
export interface Tables {
  readonly deliveries: readonly DeliveryRow[];
  /** What was turned down, with its bytes: whoever sent it was told. */
  readonly refusals: readonly {
    readonly exchange: Exchange;
    readonly key: string;
    readonly native: string;
    readonly codes: string;
  }[];
  /** Deals with their co-signature; `cosigned`: it stands in the journal, and both signatures hold. */
  readonly deals: readonly { readonly id: string; readonly status: string; readonly cosigned: boolean }[];
  readonly funds: readonly { readonly id: string; readonly amountFen: string }[];
  /** Messages that stand in the journal more than once with the same bytes of an exchange. */
  readonly repeated: readonly string[];
  /** Signatures, receipts and chains that do not hold; rows without a leaf in the log. */
  readonly faults: readonly string[];
}

/** Everything that must not be, each with what it is about. */
export interface Findings {
  /** Answered as received, and without effect at an exchange it was meant for. */
  readonly lost: readonly string[];
  /** More than one effect of one message. */
  readonly doubled: readonly string[];
  readonly outOfOrder: readonly string[];
  /** Nobody knows, or nobody has been told. */
  readonly inDoubt: readonly string[];
  /** Certified without both signatures. */
  readonly unsigned: readonly string[];
  /** Money that one side booked and another did not, or not so. */
  readonly money: readonly string[];
  readonly journal: readonly string[];
  /** Refused with a reason, and known as refused to whoever sent it: no fault by itself. */
  readonly turnedDown: readonly string[];
  readonly refused: number;
}

/** Judges a run by the books of the exchanges and the gateway's tables alone. */
export function judge(books: Readonly<Record<Exchange, Books>>, tables: Tables): Findings {
  const orders = exchanges.flatMap((exchange) => books[exchange].orders);
  const kept = orders.filter((order) => turningDown(order, books[order.from], tables) === undefined);
  const turned = orders.flatMap((order) => turningDown(order, books[order.from], tables) ?? []);
  const perExchange = exchanges.map((exchange) => judgeEffects(exchange, books[exchange], tables));
  return {
    lost: [...kept.flatMap((order) => missing(order, books)), ...perExchange.flatMap(({ lost }) => lost)],
    doubled: [
      ...perExchange.flatMap(({ doubled }) => doubled),
      ...exchanges.flatMap((exchange) => twice(exchange, books[exchange])),
      ...tables.repeated.map((id) => `journal ${id}`),
    ],
    outOfOrder: [...perExchange.flatMap(({ outOfOrder }) => outOfOrder), ...wrongStates(kept, books)],
    inDoubt: tables.deliveries
      .filter(({ state }) => state !== 'accepted' && state !== 'refused')
      .map(({ no, exchange, kind, state }) => `${exchange} delivery ${no} ${kind}: ${state}`),
    unsigned: unsigned(kept, tables),
    money: money(kept, books, tables),
    journal: tables.faults,
    turnedDown: turned,
    refused: tables.deliveries.filter(({ state }) => state === 'refused').length,
  };
}

export const findingNames = ['lost', 'doubled', 'outOfOrder', 'inDoubt', 'unsigned', 'money', 'journal'] as const;

/** Where the message was turned down the exchange has the refusal in hand; what it never heard of is lost. */
function turningDown(order: Order, books: Books, { refusals }: Tables): string | undefined {
  const told = refusals
    .filter(({ exchange, native }) => exchange === order.from && isAbout(order, native))
    // stex fetches no answers: what is refused there is refused in the table alone.
    .find(
      ({ key, native }) => order.from === 'stex' || books.turnedDown.some((one) => one === key || native.includes(one)),
    );
  return told && `${order.from} ${order.kind} ${order.number}: ${told.codes}`;
}

function isAbout({ marks, notMarks = [] }: Order, native: string): boolean {
  return marks.every((mark) => native.includes(mark)) && !notMarks.some((mark) => native.includes(mark));
}

/** Each exchange's effects, in the order in which they took place, against the outbox. */
function judgeEffects(exchange: Exchange, { effects }: Books, { deliveries }: Tables) {
  const lost: string[] = [];
  const doubled: string[] = [];
  const outOfOrder: string[] = [];
  const own = new Map(deliveries.filter((row) => row.exchange === exchange).map((row) => [requestOf(row), row]));
  const counted = new Map(effects);
  const lastOf = new Map<string, number>();
  for (const [id, count] of effects) {
    const row = own.get(id);
    if (row === undefined) doubled.push(`${exchange} ${id}: no message asked for it`);
    else if (count > 1) doubled.push(`${exchange} ${id}: ${count} effects`);
    if (row === undefined) continue;
    if (row.no < (lastOf.get(row.lane) ?? 0))
      outOfOrder.push(`${exchange} ${row.lane}: delivery ${row.no} (${row.kind})`);
    lastOf.set(row.lane, Math.max(row.no, lastOf.get(row.lane) ?? 0));
  }
  for (const [id, row] of own) {
    const done = counted.has(id);
    if (row.state === 'accepted' && !done) lost.push(`${exchange} ${row.kind} ${id}: accepted without effect`);
    if (row.state === 'refused' && done) lost.push(`${exchange} ${row.kind} ${id}: refused, and done there`);
  }
  return { lost, doubled, outOfOrder };
}

function requestOf({ exchange, message }: DeliveryRow): string {
  return `${exchange}-${message}`;
}

function twice(exchange: Exchange, { received }: Books): readonly string[] {
  const seen = new Set<string>();
  return received.flatMap(({ kind, exchange: from, foreignNumber }) => {
    if (foreignNumber === undefined) return [];
    const name = `${exchange} ${kind} ${from?.toLowerCase()}:${foreignNumber}`;
    if (seen.has(name)) return [name];
    seen.add(name);
    return [];
  });
}

/** Where the books of a recipient do not show what it was told. */
function missing(order: Order, books: Readonly<Record<Exchange, Books>>): readonly string[] {
  return order.to
    .filter((exchange) => entryOf(order, books[exchange]) === undefined)
    .map((exchange) => `${order.from} → ${exchange} ${order.kind} ${order.number}`);
}

/** What an order has led to in a recipient's books. */
function entryOf({ kind, from, number }: Order, { received }: Books): BookEntry | undefined {
  if (kind === 'interest-decision' || kind === 'deal-confirmed') {
    return received.find((entry) => entry.kind === kind && entry.number === number);
  }
  const shownAs = kind === 'listing-state' ? 'listing' : kind === 'certificate' ? 'deal' : kind;
  const entry = received.find(
    (one) =>
      one.kind === shownAs &&
      one.foreignNumber === number &&
      one.exchange !== undefined &&
      named(one.exchange) === from,
  );
  return kind === 'certificate' && !CERTIFIED.has(entry?.state ?? '') ? undefined : entry;
}

const CERTIFIED: ReadonlySet<string> = new Set(['CERTIFIED', '2']);
const SUSPENDED: ReadonlySet<string> = new Set(['SUSPENDED', '2']);

/** The last word on a listing's state must be what every mirror shows. */
function wrongStates(orders: readonly Order[], books: Readonly<Record<Exchange, Books>>): readonly string[] {
  const last = new Map<string, Order>();
  for (const order of orders) if (order.kind === 'listing-state') last.set(`${order.from}:${order.number}`, order);
  return [...last].flatMap(([listing, order]) =>
    order.to.flatMap((exchange) => {
      const entry = entryOf(order, books[exchange]);
      if (entry === undefined || SUSPENDED.has(entry.state ?? '') === !order.open) return [];
      return [`${exchange} shows ${listing} as ${entry.state}`];
    }),
  );
}

function unsigned(orders: readonly Order[], { deals }: Tables): readonly string[] {
  const cosigned = new Set(deals.filter((deal) => deal.cosigned).map(({ id }) => id));
  const certified = [
    ...orders.filter(({ kind }) => kind === 'certificate').map(({ from, number }) => `${from}:${number}`),
    ...deals.filter(({ status }) => status === 'certified').map(({ id }) => id),
  ];
  return [...new Set(certified)].filter((id) => !cosigned.has(id));
}

/** Paid, booked and journaled must be the same amounts, payment by payment. */
function money(
  orders: readonly Order[],
  books: Readonly<Record<Exchange, Books>>,
  { funds }: Tables,
): readonly string[] {
  const journaled = new Map(funds.map(({ id, amountFen }) => [id, amountFen]));
  const paid = orders.filter(({ kind }) => kind === 'funds');
  const wrong = paid.flatMap((order) => {
    const id = `${order.from}:${order.number}`;
    const entries = order.to.map((exchange) => fenOf(entryOf(order, books[exchange])));
    const all = [order.amountFen, journaled.get(id), ...entries];
    journaled.delete(id);
    return all.every((fen) => fen === order.amountFen) ? [] : [`${id}: ${all.map(String).join(', ')} fen`];
  });
  return [...wrong, ...[...journaled.keys()].map((id) => `${id}: nobody paid it`)];
}

/** ctex `amount` and stex `JE` have two decimals, szse 20086 counts fen: without signs in between it is fen in all three. */
function fenOf(entry: BookEntry | undefined): string | undefined {
  const amount = entry?.fields.amount ?? entry?.fields.JE ?? entry?.fields['20086'];
  return amount === undefined ? undefined : String(amount).replaceAll(/\D/g, '');
}
