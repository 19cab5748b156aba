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
import { openDatabase } from '../src/journal/database.ts';
import { type BareFigures, benchBare } from './bare.ts';
import { onGround } from './ground.ts';
import { forkMocks, type Mocks } from './mocks-process.ts';
import { processorMs } from './processes.ts';

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
  /** The same without the Merkle log: no leaves made, none looked at again; measured before, in the same run. */
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
  readonly memoryMiB: { readonly afterWarmUp: number; readonly atEnd: number };
  readonly checkedInBooks: { readonly expected: number; readonly found: number };
  readonly queue: string;
  /** What the lines to the exchanges ran on. */
  readonly lines: 'mutual TLS' | 'plain';
  /** The same machine without a gateway, measured right before: verify, commit, sign, post. */
  readonly bare: BareFigures;
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
    return { ...(await measure(gateway, mocks, embedded.pid, clock, options)), lines, bare };
  });
}

async function measure(
  gateway: Gateway,
  mocks: Mocks,
  postgres: number,
  clock: Clock,
  options: RelayBench,
): Promise<Omit<RelayFigures, 'bare' | 'lines'>> {
  mocks.send({ aim: gateway.exchangeUrl ?? gateway.url });
  await wantLeaves(gateway, false);
  const warmUpS = Math.min(5, options.seconds / 4);
  options.progress(`预热 / warm-up ${warmUpS} s`);
  let expected = await mocks.run({ ...options, seconds: warmUpS });
  await settled(gateway, expected);
  const afterWarmUp = memoryMiB();

  const pids = { postgres, mocks: mocks.pid };
  const flood = async () => {
    const before = processorTimes(pids);
    const began = performance.now();
    const listings = await mocks.run(options);
    expected += listings;
    await settled(gateway, expected);
    const tookS = (performance.now() - began) / 1000;
    const after = processorTimes(pids);
    const perListing = (of: keyof ProcessorTimes) => {
      const [from, to] = [before[of], after[of]];
      return from === undefined || to === undefined ? null : Math.round((1000 * (to - from)) / listings);
    };
    const cpuMicros = {
      gateway: perListing('gateway') ?? 0,
      postgres: perListing('postgres'),
      mocks: perListing('mocks'),
    };
    return { listings, rate: listings / tookS, cpuMicros };
  };
  options.progress(`吞吐（无默克尔日志与回执）/ throughput without the Merkle log and receipts ${options.seconds} s`);
  const without = await flood();
  await wantLeaves(gateway, true);
  await gateway.journalLog.sequence();
  gateway.journalLog.start();
  const leavesBefore = await gateway.journalLog.size();

  options.progress(`吞吐 / throughput ${options.seconds} s`);
  const { listings: flooded, rate, cpuMicros } = await flood();
  const waiting = await gateway.journalLog.waiting();
  await gateway.journalLog.sequence();
  const leaves = (await gateway.journalLog.size()) - leavesBefore;

  options.progress(`半速延迟 / latency at half the rate (${Math.round(rate / 2)}/s) ${options.seconds} s`);
  const since = new Date(clock.nowMs());
  const paced = await mocks.run({ ...options, perSecond: rate / 2 });
  expected += paced;
  await settled(gateway, expected);
  const { p50, p99 } = await latencies(gateway, since);
  const found = await mocks.count();
  return {
    seconds: options.seconds,
    listings: flooded,
    listingsPerSecond: round(rate),
    withoutLogAndReceipts: {
      listingsPerSecond: round(without.rate),
      gatewayCpuMicrosPerListing: without.cpuMicros.gateway,
    },
    log: {
      slowerPercent: round(100 * (1 - rate / without.rate)),
      leaves: Number(leaves),
      waiting: Number(waiting),
    },
    halfRate: {
      listingsPerSecond: round(paced / options.seconds),
      listings: paced,
      p50Ms: round(p50),
      p99Ms: round(p99),
    },
    gatewayCpuMicrosPerListing: cpuMicros.gateway,
    othersCpuMicrosPerListing: { postgres: cpuMicros.postgres, mocks: cpuMicros.mocks },
    peakMemoryMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    memoryMiB: { afterWarmUp, atEnd: memoryMiB() },
    checkedInBooks: { expected: expected * 2, found },
    queue: options.redisUrl === undefined ? 'BullMQ on PostgreSQL' : 'BullMQ on Redis',
  };
}

interface ProcessorTimes {
  readonly gateway: number;
  readonly postgres: number | undefined;
  readonly mocks: number | undefined;
}

/** Milliseconds so far, of the gateway (this process), the database and the mock exchanges. */
function processorTimes(pids: { readonly postgres: number; readonly mocks: number }): ProcessorTimes {
  const { user, system } = process.cpuUsage();
  return { gateway: (user + system) / 1000, postgres: processorMs(pids.postgres), mocks: processorMs(pids.mocks) };
}

/**
 * Switches off, as the owner of the tables, that rows want leaves, and on again: what came meanwhile then wants its own,
 * so that nothing is missing afterwards.
 */
async function wantLeaves(gateway: Gateway, wanted: boolean): Promise<void> {
  const owner = openDatabase(gateway.database.url, { max: 1 });
  for (const source of ['message', 'receipt']) {
    await owner.query(`alter table ${source} ${wanted ? 'enable' : 'disable'} trigger ${source}_leaf`);
    if (!wanted) continue;
    await owner.query(
      `insert into leaf_waiting (source, no) select '${source}', no from ${source} r
        where not exists (select from leaf_waiting w where w.source = '${source}' and w.no = r.no) order by no`,
    );
  }
  await owner.close();
}

/** Both acceptances of every listing are in the journal. */
async function settled(gateway: Gateway, listings: number): Promise<void> {
  const deadline = performance.now() + 120_000;
  for (;;) {
    const { rows } = await gateway.database.query<{ done: bigint; other: bigint }>(
      `select count(*) filter (where state = 'accepted') as done, count(*) filter (where state in ('refused', 'dead')) as other
         from delivery where kind = 'listing'`,
    );
    const { done, other } = rows[0]!;
    if (other > 0n) throw new Error(`${other} listings were refused or are dead: the figures would mean nothing`);
    if (Number(done) >= listings * 2) return;
    if (performance.now() > deadline) throw new Error(`${done} of ${listings * 2} acceptances after two minutes`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function latencies(gateway: Gateway, since: Date): Promise<{ p50: number; p99: number }> {
  const { rows } = await gateway.database.query<{ p50: number; p99: number }>(
    `select percentile_cont(0.5) within group (order by ms) as p50, percentile_cont(0.99) within group (order by ms) as p99
       from (select extract(epoch from max(d.finished_at) - min(i.arrived_at)) * 1000 as ms
               from message m join inbox i on i.message = m.id join delivery d on d.message = m.id
              where m.kind = 'listing' and m.recorded_at >= $1 group by m.id) as each`,
    [since],
  );
  return { p50: Number(rows[0]!.p50), p99: Number(rows[0]!.p99) };
}

function memoryMiB(): number {
  return Math.round(process.memoryUsage.rss() / 1_048_576);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
