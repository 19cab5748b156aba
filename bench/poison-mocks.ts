/** The other side of the poison bench: three mock exchanges with open listings, in a process of their own. */
import { randomBytes } from 'node:crypto';
import { mocks } from '../adapters/mocks.ts';
import { sampleListing } from '../src/cli/sample-trade.ts';
import { type Exchange, exchanges } from '../src/contract/exchange.ts';
import type { MockAddress, MockExchange, MockFault } from '../src/contract/mock.ts';
import { openKeyStore } from '../src/trust/keystore.ts';
import { mockTlsOf } from '../src/trust/tls-material.ts';
import { POISONED } from './poison-lane.ts';

/** What the bench asks of this process; the names of functions and what they take go over the channel. */
export interface Market {
  addresses(): Readonly<Record<Exchange, MockAddress>>;
  aim(gateway: string): void;
  /** Publishes so many listings in turn at the three; resolves when the gateway has taken all. */
  list(listings: number, window: number): Promise<void>;
  /**
   * Suspends and resumes them, one after the other, for so many seconds; the first listing, whose stream is poisoned
   * now and then, besides at once and every second. Gives how many of the others were told.
   */
  tell(seconds: number, window: number): Promise<number>;
  /** The first listing's next state alone. */
  tellFirst(): Promise<void>;
  /** From now on every message about the first listing goes wrong at the host in that way; undefined: none. */
  poison(fault: MockFault | undefined): void;
  books(): Books;
}

/** What the three hold of each other. */
export interface Books {
  /** Effects there must be: two hosts for each message told, but for what a host refused. */
  readonly expected: number;
  /** Effects at the hosts. */
  readonly found: number;
  /** Requests with more than one effect. */
  readonly twice: number;
  /** Mirrors that do not show what their home said last. */
  readonly notLast: number;
}

interface Open {
  readonly home: Exchange;
  readonly number: string;
  version: number;
  last: 'published' | 'suspended' | 'resumed';
}

const [, , keysFolder = '', ahead = '0'] = process.argv;
/** The gateway's clock runs on another day; both processes count from the same one. */
const nowMs = () => Date.now() + Number(ahead);
const keys = await openKeyStore(keysFolder, { demo: true, nowMs });
const opened = {} as Record<Exchange, MockExchange>;
const addresses = {} as Record<Exchange, MockAddress>;
for (const exchange of exchanges) {
  opened[exchange] = mocks[exchange]();
  addresses[exchange] = await opened[exchange].start({
    ...keys.mock(exchange),
    tls: mockTlsOf(keys, exchange),
    member: 'QIAO',
    port: 0,
    filePort: 0,
    nowMs,
    nonce: () => randomBytes(16).toString('hex'),
  });
}

const listings: Open[] = [];
let turn = 0;
let told = 0;
let fault: MockFault | undefined;
const ordered = new Set<MockFault>();

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const effects = () => exchanges.reduce((sum, exchange) => sum + opened[exchange].book.effects.size, 0);

function publish(): void {
  const home = exchanges[listings.length % exchanges.length]!;
  const listing = sampleListing(home, listings.length + 1, nowMs());
  listings.push({ home, number: listing.number, version: 1, last: 'published' });
  opened[home].desk.publish(listing);
  told += 1;
}

function tellNext(listing: Open): void {
  listing.version += 1;
  listing.last = listing.last === 'suspended' ? 'resumed' : 'suspended';
  opened[listing.home].desk.setState(listing.number, listing.version, listing.last, '卖方要求');
  told += 1;
}

/** Calls `next` until it says that it was the last, never with more than `window` messages on the way. */
async function flow(next: () => boolean, window: number): Promise<void> {
  const before = { told, effects: effects() };
  for (let steps = 1; ; steps++) {
    if ((told - before.told) * 2 - (effects() - before.effects) >= window * 2) await pause(1);
    else if (!next()) break;
    if (steps % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await taken();
}

/** The gateway has answered everything that was told. */
async function taken(): Promise<void> {
  while (exchanges.some((exchange) => !opened[exchange].desk.idle())) await pause(2);
}

/** The poisoned listing's number at the host that falls over it: what messages about it name there. */
function mirrorOfFirst(): string | undefined {
  for (const { kind, number, exchange, foreignNumber } of opened[POISONED.host].book.received.values()) {
    if (kind === 'listing' && exchange === POISONED.home && foreignNumber === POISONED.number) return number;
  }
  return undefined;
}

/** The hosts' words for a mirror that is suspended. */
const SUSPENDED: ReadonlySet<string | undefined> = new Set(['SUSPENDED', '2']);

function notLast(): number {
  const wordOf = new Map(listings.map(({ home, number, last }) => [`${home}:${number}`, last]));
  const mirrors = exchanges.flatMap((host) => [...opened[host].book.received.values()]);
  return mirrors.filter(({ kind, exchange = '', foreignNumber, state }) => {
    if (kind !== 'listing') return false;
    const last = wordOf.get(`${exchange.toLowerCase()}:${foreignNumber}`);
    return last === undefined || (last === 'suspended') !== SUSPENDED.has(state);
  }).length;
}

const market: Market = {
  addresses: () => addresses,
  aim: (gateway) => {
    for (const exchange of exchanges) opened[exchange].desk.aim(gateway);
  },
  list: (count, window) =>
    flow(() => {
      if (listings.length === count) return false;
      publish();
      return true;
    }, window),
  tell: async (seconds, window) => {
    const began = performance.now();
    let others = 0;
    let firstTold = 0;
    await flow(() => {
      const elapsedS = (performance.now() - began) / 1000;
      if (elapsedS >= seconds) return false;
      if (elapsedS >= firstTold) {
        firstTold += 1;
        tellNext(listings[0]!);
      }
      turn = (turn % (listings.length - 1)) + 1;
      tellNext(listings[turn]!);
      others += 1;
      return true;
    }, window);
    return others;
  },
  tellFirst: async () => {
    tellNext(listings[0]!);
    await taken();
  },
  poison: (wanted) => {
    fault = wanted;
    if (wanted === undefined || ordered.has(wanted)) return;
    const mirror = mirrorOfFirst();
    if (mirror === undefined) throw new Error(`${POISONED.host} shows no ${POISONED.number}`);
    ordered.add(wanted);
    opened[POISONED.host].fail('*', wanted, Number.POSITIVE_INFINITY, (request) => {
      // Looked for in either case, so that the host has the same work in both.
      const isFirst = Buffer.from(request).includes(mirror);
      return isFirst && fault === wanted;
    });
  },
  books: () => {
    const counts = exchanges.flatMap((exchange) => [...opened[exchange].book.effects.values()]);
    return {
      // What was refused is known to the gateway alone.
      expected: told * 2,
      found: counts.length,
      twice: counts.filter((count) => count > 1).length,
      notLast: notLast(),
    };
  },
};

/** One call over the channel, and its answer. */
export interface Call {
  readonly no: number;
  readonly name: keyof Market;
  readonly input: readonly unknown[];
}
export interface Answer {
  readonly no: number;
  readonly value?: unknown;
  readonly error?: string;
}

process.on('message', async ({ no, name, input }: Call) => {
  try {
    const value = await (market[name] as (...input: readonly unknown[]) => unknown)(...input);
    process.send?.({ no, value } satisfies Answer);
  } catch (error) {
    process.send?.({ no, error: String(error) } satisfies Answer);
  }
});
process.once('disconnect', () => {
  void Promise.all(exchanges.map((exchange) => opened[exchange].stop())).finally(() => process.exit(0));
});
