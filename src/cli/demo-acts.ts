import { readdirSync, readFileSync } from 'node:fs';
import { adapters } from '../../adapters/all.ts';
import { type Exchange, exchanges } from '../contract/exchange.ts';
import type { Act } from './demo-report.ts';
import { sampleListing } from './sample-trade.ts';
import { runTrade } from './trade.ts';

const DAY_MS = 86_400_000;

/** Every listing among the samples goes out from its exchange, byte for byte; then time passes and what was held goes. */
export async function playListings({ federation, say }: Act): Promise<void> {
  for (const { exchange, decode } of adapters) {
    const folder = new URL(`../../adapters/${exchange}/samples/`, import.meta.url);
    // Interests, deals and the like name numbers that only a running exchange gives: the desks play those.
    const listings = readdirSync(folder).flatMap((name) => {
      const bytes = readFileSync(new URL(name, folder));
      const decoded = decode(bytes);
      return decoded.ok && decoded.value.kind === 'listing' ? [{ name, bytes, listing: decoded.value }] : [];
    });
    listings.sort((a, b) => a.listing.version - b.listing.version);
    for (const { name, bytes, listing } of listings) {
      federation.mocks[exchange].desk.send(bytes);
      await say(`  ${exchange}  adapters/${exchange}/samples/${name}  ${listing.title}`);
    }
  }
  await federation.settle();
  const held = await count(federation.gateway, 'hold');
  // To a Monday, for the day is closed at the end.
  federation.clock.advance(21 * DAY_MS);
  await federation.gateway.sweep();
  await federation.settle();
  const after = await count(federation.gateway, 'hold');
  await say(
    `  时间前移 21 天：暂缓 ${held} 项，其中 ${held - after} 项因公示期满自行放行 / 21 days on: ${held} held, ${held - after} went out by themselves`,
  );
}

async function count(gateway: Act['federation']['gateway'], verdict: string): Promise<number> {
  const { rows } = await gateway.database.query<{ count: bigint }>(
    'select count(*) from decision where current and verdict = $1',
    [verdict],
  );
  return Number(rows[0]!.count);
}

/** Who buys from whom. Not in a ring: of equal deals in a ring the fees would net to nothing. */
export const HOSTS = { ctex: 'stex', stex: 'szse', szse: 'stex' } as const satisfies Record<Exchange, Exchange>;

/** One trade for each home: agreement by listing, by bid, and one that is cancelled. */
export async function playTrades({ federation, say }: Act): Promise<void> {
  let serial = 900_000;
  for (const home of exchanges) {
    const host = HOSTS[home];
    const bidding = home === 'stex';
    const listing = sampleListing(
      home,
      ++serial,
      federation.clock.nowMs(),
      bidding ? { mode: 'bidding', priceKind: 'reserve' } : {},
    );
    federation.mocks[home].desk.publish(listing);
    await federation.settle();
    const deal = await runTrade(federation, home, host, listing, {
      allFunds: true,
      ...(bidding ? { bidFen: 131_000_000n } : {}),
    });
    await say(`  ${home} → ${host}  ${listing.title}  ${deal.number}  已鉴证 / certified`);
  }
}
