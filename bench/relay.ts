/**
 * Listings per second through the whole gateway: three mock exchanges publish (in a process of their own), the gateway
 * (this process) relays each listing to the two others, on embedded stores, all on this machine.
 *
 * Measured: throughput (closed loop: as fast as it goes, with a bounded number on the way), then latency at half that
 * rate, from arrival at the gateway to both acceptances, read from the journal; CPU of this process; peak memory.
 * Every listing is then looked for in the mocks' books: a figure counts only what arrived.
 */
import type { Clock } from '../src/cli/federation.ts';
import type { Exchange } from '../src/contract/exchange.ts';
import type { Gateway } from '../src/gateway.ts';
import { type BareFigures, benchBare } from './bare.ts';
import { type Bound, boundOf, type SignaturesSeen } from './bound.ts';
import { type Flood, microsEach, processorTimes, sumOf, usedBetween } from './flood.ts';
import { onGround } from './ground.ts';
import { forkMocks, type Mocks } from './mocks-process.ts';
import { latencies, settled, wantLeaves } from './relay-journal.ts';

export interface RelayBench {
  readonly seconds: number;
  readonly redisUrl?: string;
  /** Listings on the way at once in the first phase. */
  readonly window: number;
  /** Where listings are published, in turn. */
  readonly from: readonly Exchange[];
  /** Lines without TLS, to see what it costs. */
  readonly plain?: boolean;
  progress(text: string): void;
}

export interface RelayFigures {
  readonly seconds: number;
  readonly listings: number;
  readonly listingsPerSecond: number;
  /** The same without Merkle log and receipts: no leaves made, none looked at again; measured half before and half after. */
  readonly withoutLogAndReceipts: { readonly listingsPerSecond: number; readonly gatewayCpuMicrosPerListing: number };
  readonly log: LogFigures;
  readonly halfRate: {
    readonly listingsPerSecond: number;
    readonly listings: number;
    readonly p50Ms: number;
    readonly p99Ms: number;
  };
  readonly gatewayCpuMicrosPerListing: number;
  /** They share the machine with the gateway; null where the system does not say (Linux only). */
  readonly othersCpuMicrosPerListing: { readonly postgres: number | null; readonly mocks: number | null };
  readonly peakMemoryMiB: number;
  readonly memoryMiB: { readonly afterWarmUp: number; readonly afterThroughput: number; readonly atEnd: number };
  readonly checkedInBooks: { readonly expected: number; readonly found: number };
  readonly queue: string;
  /** What the lines to the exchanges ran on. */
  readonly lines: 'mutual TLS' | 'plain';
  /** The same machine without a gateway, measured right before: verify, commit, sign, post. */
  readonly bare: BareFigures;
  readonly bound: Bound;
}

/** What the Merkle log costs while the listings of `listings` are relayed. */
export interface LogFigures {
  /** How much slower than without, in per cent; below 0: faster, so that the difference is noise. */
  readonly slowerPercent: number;
  readonly leaves: number;
  /** Rows without a leaf when the last listing was accepted. */
  readonly waiting: number;
}

export function benchRelay(options: RelayBench): Promise<RelayFigures> {
  return onGround(async (ground) => {
    const { embedded, keysFolder, clock } = ground;
    const mocks = forkMocks(keysFolder, clock.nowMs() - Date.now(), options.plain === true);
    ground.outlives(mocks.stop);
    const addresses = await mocks.ready;
    options.progress('本机基准 / the machine itself');
    const bare = await benchBare(embedded.url, addresses.bare, Math.min(5, options.seconds));
    const gateway = await ground.openGateway(addresses, { ...options, journalLog: 'later' });
    const lines = options.plain === true ? 'plain' : 'mutual TLS';
    const { perListing, ...figures } = await measure(gateway, mocks, embedded.pid, clock, options);
    return { ...figures, lines, bare, bound: boundOf(perListing, bare, figures.listingsPerSecond) };
  });
}

async function measure(
  gateway: Gateway,
  mocks: Mocks,
  postgres: number,
  clock: Clock,
  options: RelayBench,
): Promise<Omit<RelayFigures, 'bare' | 'bound' | 'lines'> & { readonly perListing: SignaturesSeen }> {
  mocks.send({ aim: gateway.exchangeUrl ?? gateway.url });
  const warmUpS = Math.min(15, options.seconds / 2);
  options.progress(`预热 / warm-up ${warmUpS} s`);
  // With the log: its thread, too, is measured when its code has been compiled.
  gateway.journalLog.start();
  let expected = await mocks.run({ ...options, seconds: warmUpS });
  await settled(gateway, expected);
  const afterWarmUp = memoryMiB();

  const pids = { postgres, mocks: mocks.pid };
  const flood = async (seconds: number): Promise<Flood> => {
    const before = processorTimes(pids);
    const began = performance.now();
    const listings = await mocks.run({ ...options, seconds });
    expected += listings;
    await settled(gateway, expected);
    const tookS = (performance.now() - began) / 1000;
    return { listings, tookS, ms: usedBetween(before, processorTimes(pids)) };
  };
  // Half before and half after: a machine that grows faster or slower meanwhile is no difference then.
  const withoutLog = async (which: string) => {
    await gateway.journalLog.sequence();
    await gateway.journalLog.pause();
    await wantLeaves(gateway, false);
    options.progress(
      `吞吐（无默克尔日志与回执）/ throughput without log and receipts, ${which}, ${options.seconds / 2} s`,
    );
    const flooded = await flood(options.seconds / 2);
    await wantLeaves(gateway, true);
    await gateway.journalLog.sequence();
    gateway.journalLog.start();
    return flooded;
  };
  const before = await withoutLog('1/2');
  const leavesBefore = await gateway.journalLog.size();

  options.progress(`吞吐 / throughput ${options.seconds} s`);
  const signedBefore = (await mocks.count()).signatures;
  const flooded = await flood(options.seconds);
  const rate = flooded.listings / flooded.tookS;
  const afterThroughput = memoryMiB();
  const { signatures } = await mocks.count();
  const signed = (exchange: Exchange) =>
    Math.round((100 * (signatures[exchange] - signedBefore[exchange])) / flooded.listings) / 100;
  const waiting = await gateway.journalLog.waiting();
  await gateway.journalLog.sequence();
  const leaves = (await gateway.journalLog.size()) - leavesBefore;

  options.progress(`半速延迟 / latency at half the rate (${Math.round(rate / 2)}/s) ${options.seconds} s`);
  const since = new Date(clock.nowMs());
  const paced = await mocks.run({ ...options, perSecond: rate / 2 });
  expected += paced;
  await settled(gateway, expected);
  const { p50, p99 } = await latencies(gateway, since);
  const without = sumOf(before, await withoutLog('2/2'));
  const rateWithout = without.listings / without.tookS;
  const { counted: found } = await mocks.count();
  return {
    seconds: options.seconds,
    listings: flooded.listings,
    listingsPerSecond: round(rate),
    withoutLogAndReceipts: {
      listingsPerSecond: round(rateWithout),
      gatewayCpuMicrosPerListing: microsEach(without, 'gateway') ?? 0,
    },
    log: {
      slowerPercent: round(100 * (1 - rate / rateWithout)),
      leaves: Number(leaves),
      waiting: Number(waiting),
    },
    halfRate: {
      listingsPerSecond: round(paced / options.seconds),
      listings: paced,
      p50Ms: round(p50),
      p99Ms: round(p99),
    },
    gatewayCpuMicrosPerListing: microsEach(flooded, 'gateway') ?? 0,
    othersCpuMicrosPerListing: { postgres: microsEach(flooded, 'postgres'), mocks: microsEach(flooded, 'mocks') },
    peakMemoryMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    memoryMiB: { afterWarmUp, afterThroughput, atEnd: memoryMiB() },
    checkedInBooks: { expected: expected * 2, found },
    queue: options.redisUrl === undefined ? 'BullMQ on PostgreSQL' : 'BullMQ on Redis',
    perListing: { ctex: signed('ctex'), stex: signed('stex'), szse: signed('szse') },
  };
}

function memoryMiB(): number {
  return Math.round(process.memoryUsage.rss() / 1_048_576);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
