/** One mock exchange with its people, as a process of its own: `node exchange-process.js <json>`. Never killed: its books are the truth. */
import { randomBytes } from 'node:crypto';
import { mocks } from '../../adapters/mocks.ts';
import type { Exchange } from '../../src/contract/exchange.ts';
import type { BookEntry, MockAddress } from '../../src/contract/mock.ts';
import { openKeyStore } from '../../src/trust/keystore.ts';
import { type Order, openClerk } from './clerk.ts';
import { randomFrom } from './random.ts';

export interface ExchangeArguments {
  readonly exchange: Exchange;
  readonly keysFolder: string;
  /** Its clock is so far ahead of the machine's, ms. */
  readonly aheadMs: number;
  readonly seed: number;
}

export type ToExchange =
  | { readonly say: 'aim'; readonly url: string }
  | { readonly say: 'work'; readonly perSecond: number }
  | { readonly say: 'rest' }
  | { readonly say: 'look' }
  | { readonly say: 'books' };

export type FromExchange =
  | { readonly said: 'up'; readonly address: MockAddress }
  | { readonly said: 'looked'; readonly orders: number; readonly idle: boolean; readonly open: number }
  | { readonly said: 'books'; readonly books: Books };

/** What the exchange holds at the end, and what its people ordered. */
export interface Books {
  readonly received: readonly BookEntry[];
  /** Request id and number of effects, in the order in which they first took effect. */
  readonly effects: readonly (readonly [string, number])[];
  readonly turnedDown: readonly string[];
  readonly orders: readonly Order[];
}

const LOOK_MS = 150;

const { exchange, keysFolder, aheadMs, seed } = JSON.parse(process.argv[2] ?? '') as ExchangeArguments;
const nowMs = () => Date.now() + aheadMs;
const keys = await openKeyStore(keysFolder, { demo: true, nowMs });
const mock = mocks[exchange]();
const address = await mock.start({
  ...keys.mock(exchange),
  member: 'QIAO',
  port: 0,
  filePort: 0,
  nowMs,
  nonce: () => randomBytes(16).toString('hex'),
});
const clerk = openClerk({ exchange, mock, random: randomFrom(seed), nowMs });
const tell = (message: FromExchange) => void process.send?.(message);
let publishing: NodeJS.Timeout | undefined;
const looking = setInterval(() => clerk.look(), LOOK_MS);

process.on('message', (message: ToExchange) => {
  switch (message.say) {
    case 'aim':
      return mock.desk.aim(message.url);
    case 'work':
      publishing = setInterval(() => clerk.publish(), 1_000 / message.perSecond);
      return;
    case 'rest':
      clearInterval(publishing);
      return clerk.rest();
    case 'look':
      return tell({ said: 'looked', orders: clerk.orders.length, idle: mock.desk.idle(), open: clerk.open() });
    case 'books': {
      const { received, effects, turnedDown } = mock.book;
      const keysOf = turnedDown.map(({ key }) => key);
      // Through text: some fields are bigints.
      const entries = JSON.parse(
        JSON.stringify([...received.values()], (_, part) => (typeof part === 'bigint' ? String(part) : part)),
      ) as BookEntry[];
      const books = { received: entries, effects: [...effects], turnedDown: keysOf, orders: clerk.orders };
      return tell({ said: 'books', books });
    }
  }
});
// Whoever started us is gone, however that came about.
process.once('disconnect', () => {
  clearInterval(looking);
  process.exit(0);
});
tell({ said: 'up', address });
