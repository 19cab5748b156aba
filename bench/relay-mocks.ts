/** The other side of the relay bench: three mock exchanges that publish, in a process of their own. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mocks } from '../adapters/mocks.ts';
import { sampleListing } from '../src/cli/sample-trade.ts';
import { type Exchange, exchanges } from '../src/contract/exchange.ts';
import type { MockAddress, MockExchange } from '../src/contract/mock.ts';
import { openKeyStore } from '../src/trust/keystore.ts';
import { mockTlsOf } from '../src/trust/tls-material.ts';
import { counted, type SignaturesSeen } from './bound.ts';

export type ToMocks =
  | { readonly aim: string }
  | {
      readonly run: {
        readonly seconds: number;
        readonly window: number;
        readonly perSecond?: number;
        readonly from: readonly Exchange[];
      };
    }
  | { readonly count: true };

/** The three exchanges, and a plain server that answers every POST with nothing. */
export type MockAddresses = Readonly<Record<Exchange, MockAddress>> & { readonly bare: string };

export type FromMocks =
  | { readonly ready: MockAddresses }
  | { readonly published: number }
  | { readonly counted: number; readonly signatures: SignaturesSeen };

/** The gateway's clock runs on another day; both processes count from the same one. */
const aheadMs = Number(process.argv[3] ?? 0);
const nowMs = () => Date.now() + aheadMs;
const keys = await openKeyStore(process.argv[2] ?? '', { demo: true, nowMs });
const opened = new Map<Exchange, MockExchange>();
const addresses = {} as Record<Exchange, MockAddress>;
const signatures = { ctex: 0, stex: 0, szse: 0 };
for (const exchange of exchanges) {
  const mock = mocks[exchange]();
  opened.set(exchange, mock);
  addresses[exchange] = await mock.start({
    ...counted(keys.mock(exchange), () => {
      signatures[exchange] += 1;
    }),
    ...(process.argv[4] === 'plain' ? {} : { tls: mockTlsOf(keys, exchange) }),
    member: 'QIAO',
    port: 0,
    filePort: 0,
    nowMs,
    nonce: () => randomBytes(16).toString('hex'),
  });
}
let serial = 0;

/** Publishes in turn at the exchanges named: as fast as the window allows, or at a steady pace. */
async function run(
  seconds: number,
  window: number,
  perSecond: number | undefined,
  from: readonly Exchange[],
): Promise<number> {
  const began = performance.now();
  const first = serial;
  const mirrorsBefore = mirrors();
  while (performance.now() - began < seconds * 1000) {
    const elapsedS = (performance.now() - began) / 1000;
    const due = perSecond === undefined ? Number.POSITIVE_INFINITY : elapsedS * perSecond;
    const published = serial - first;
    const onTheWay = published * 2 - (mirrors() - mirrorsBefore);
    if (published < due && onTheWay < window * 2) {
      const exchange = from[serial % from.length]!;
      serial += 1;
      opened.get(exchange)!.desk.publish(sampleListing(exchange, serial, nowMs()));
      if (serial % 8 !== 0) continue;
    }
    await new Promise((resolve) => setImmediate(resolve));
    if (published >= due || onTheWay >= window * 2) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return serial - first;
}

/** Mirrors held by all three: each listing must end as two. */
function mirrors(): number {
  let count = 0;
  for (const mock of opened.values()) count += mock.book.received.size;
  return count;
}

process.on('message', (message: ToMocks) => {
  if ('aim' in message) for (const mock of opened.values()) mock.desk.aim(message.aim);
  else if ('count' in message) process.send?.({ counted: mirrors(), signatures } satisfies FromMocks);
  else {
    const { seconds, window, perSecond, from } = message.run;
    void run(seconds, window, perSecond, from).then((published) => process.send?.({ published } satisfies FromMocks));
  }
});
process.once('disconnect', () => {
  void Promise.all([...opened.values()].map((mock) => mock.stop())).finally(() => process.exit(0));
});
const plain = createServer((request, response) => {
  request.resume().on('end', () => response.end());
});
await new Promise<void>((resolve) => {
  plain.listen(0, '127.0.0.1', resolve);
});
const bare = `http://127.0.0.1:${(plain.address() as AddressInfo).port}`;
process.send?.({ ready: { ...addresses, bare } } satisfies FromMocks);
