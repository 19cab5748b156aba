/**
 * What one poisoned stream costs the others: thousands of streams (a listing at one host) carry messages through the
 * whole gateway on embedded stores; in every other window one host falls over the messages of one of them.
 *
 * Windows with and without it alternate in one run, in an order that turns round, and are compared in pairs: what else
 * the machine does falls on both alike. The poisoned stream is told the same in both.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { extname } from 'node:path';
import type { MockFault } from '../src/contract/mock.ts';
import { onGround } from './ground.ts';
import { judged, type Loss, lossOf } from './paired.ts';
import { type DeadLetter, openPoisoned, type Poisoned } from './poison-lane.ts';
import type { Answer, Books, Market } from './poison-mocks.ts';

/** Below this the others are called undisturbed, per cent. */
const BOUND_PERCENT = 1;

export interface PoisonBench {
  /** All windows together; at least six pairs are taken. */
  readonly minutes: number;
  /** One window, without its end. */
  readonly seconds: number;
  readonly streams: number;
  /** Messages told at once at most; each is one for either host. */
  readonly window: number;
  readonly fault: Extract<MockFault, 'dropped' | 'busy' | 'refuse'>;
  readonly redisUrl?: string;
  progress(text: string): void;
}

interface Compared {
  readonly without: number;
  readonly with: number;
}

export interface PoisonFigures {
  readonly streams: number;
  readonly pairs: number;
  readonly windowSeconds: number;
  /** Messages accepted by the hosts of all other streams in the windows. */
  readonly messages: number;
  readonly messagesPerSecond: Compared;
  readonly slowerPercent: Loss;
  /** Of the gateway's process, all threads; and of the whole machine: database, mock exchanges, and strangers. */
  readonly gatewayCpuMicrosPerMessage: Compared;
  readonly gatewayCpuMorePercent: Loss;
  readonly machineCpuMicrosPerMessage: Compared;
  readonly machineCpuMorePercent: Loss;
  readonly poison: {
    readonly fault: string;
    /** In all windows with it. */
    readonly attempts: number;
    readonly attemptsPer10000Messages: number;
    /** What became of it in the end; absent where the host refuses it, for then nothing is left over. */
    readonly deadLetter?: DeadLetter;
  };
  readonly books: Books;
  /** Deliveries accepted before an earlier one of their stream. */
  readonly outOfOrder: number;
  readonly verdict: ReturnType<typeof judged>;
}

interface Window {
  readonly messages: number;
  readonly perSecond: number;
  readonly gatewayMicros: number;
  readonly machineMicros: number;
}

export function benchPoison(options: PoisonBench): Promise<PoisonFigures> {
  return onGround(async (ground) => {
    const { keysFolder, clock } = ground;
    const market = forkMarket([keysFolder, String(clock.nowMs() - Date.now())]);
    ground.outlives(market.stop);
    const gateway = await ground.openGateway(await market.ask('addresses'), options);
    await market.ask('aim', gateway.exchangeUrl ?? gateway.url);
    return await measure(openPoisoned(gateway, clock.nowMs), market, options);
  });
}

async function measure(lane: Poisoned, market: Asked, options: PoisonBench): Promise<PoisonFigures> {
  const { minutes, seconds, fault, window } = options;
  const listings = Math.ceil(options.streams / 2);
  options.progress(`发布 ${listings} 个项目，${listings * 2} 条流 / ${listings} listings, ${listings * 2} streams`);
  await market.ask('list', listings, window);
  await lane.othersDelivered();
  await lane.mended();
  await market.ask('tell', seconds, window);
  await lane.mended();

  let attempts = 0;
  const take = async (isPoisoned: boolean): Promise<Window> => {
    await market.ask('poison', isPoisoned ? fault : undefined);
    const [cpu, machine, began] = [process.cpuUsage(), machineMicros(), performance.now()];
    const messages = (await market.ask('tell', seconds, window)) * 2;
    await lane.othersDelivered();
    const tookS = (performance.now() - began) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const figures = {
      messages,
      perSecond: messages / tookS,
      gatewayMicros: (user + system) / messages,
      machineMicros: (machineMicros() - machine) / messages,
    };
    if (isPoisoned) attempts += await lane.attempts();
    await market.ask('poison', undefined);
    await lane.mended();
    return figures;
  };

  const pairs: (readonly [without: Window, with_: Window])[] = [];
  const until = performance.now() + minutes * 60_000;
  while (pairs.length < 6 || performance.now() < until) {
    const isTurned = pairs.length % 2 === 1;
    const first = await take(isTurned);
    const second = await take(!isTurned);
    pairs.push(isTurned ? [second, first] : [first, second]);
    const [without, with_] = pairs.at(-1)!;
    options.progress(`${pairs.length}: ${round(without.perSecond)} → ${round(with_.perSecond)} 条/秒 messages/s`);
  }

  const deadLetter = fault === 'refuse' ? undefined : await driveToDeath(lane, market, fault);
  // Its host's last word of it must be its home's, whatever was refused before.
  await market.ask('tellFirst');
  await lane.mended();

  const books = await market.ask('books');

  const compared = (of: keyof Window): Compared => ({
    without: round(median(pairs.map(([without]) => without[of]))),
    with: round(median(pairs.map(([, with_]) => with_[of]))),
  });
  const loss = (figureOf: (window: Window) => number) =>
    rounded(lossOf(pairs.map(([without, with_]) => [figureOf(without), figureOf(with_)])));
  const messages = pairs.flat().reduce((sum, one) => sum + one.messages, 0);
  const withPoison = pairs.reduce((sum, [, with_]) => sum + with_.messages, 0);
  const slowerPercent = loss(({ perSecond }) => perSecond);
  return {
    streams: listings * 2,
    pairs: pairs.length,
    windowSeconds: seconds,
    messages,
    messagesPerSecond: compared('perSecond'),
    slowerPercent,
    gatewayCpuMicrosPerMessage: compared('gatewayMicros'),
    gatewayCpuMorePercent: loss(({ gatewayMicros }) => 1 / gatewayMicros),
    machineCpuMicrosPerMessage: compared('machineMicros'),
    machineCpuMorePercent: loss(({ machineMicros: micros }) => 1 / micros),
    poison: {
      fault,
      attempts,
      attemptsPer10000Messages: round((10_000 * attempts) / withPoison),
      ...(deadLetter === undefined ? {} : { deadLetter }),
    },
    books: { ...books, expected: books.expected - (await lane.refused()) },
    outOfOrder: await lane.outOfOrder(),
    verdict: judged(slowerPercent, BOUND_PERCENT),
  };
}

/** The message is tried until it is dead, others of its stream behind it; then the host is mended and it is redriven. */
async function driveToDeath(lane: Poisoned, market: Asked, fault: MockFault): Promise<DeadLetter> {
  await market.ask('poison', fault);
  for (let told = 0; told < 3; told++) await market.ask('tellFirst');
  const deadLetter = await lane.died();
  await market.ask('poison', undefined);
  await lane.redriven();
  return deadLetter;
}

/** Time that all processors of the machine were busy since it started, µs. */
function machineMicros(): number {
  return cpus().reduce((sum, { times }) => sum + (times.user + times.nice + times.sys + times.irq) * 1_000, 0);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

function rounded(loss: Loss): Loss {
  return Object.fromEntries(
    Object.entries(loss).map(([name, value]) => [name, Math.round(100 * value) / 100]),
  ) as unknown as Loss;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

interface Asked {
  ask<Name extends keyof Market>(
    name: Name,
    ...input: Parameters<Market[Name]>
  ): Promise<Awaited<ReturnType<Market[Name]>>>;
  stop(): Promise<void>;
}

function forkMarket(args: readonly string[]): Asked {
  const child = fork(new URL(`./poison-mocks${extname(import.meta.filename)}`, import.meta.url), args, {
    stdio: ['ignore', 2, 2, 'ipc'],
    // JSON would make null of undefined.
    serialization: 'advanced',
  });
  const ended = once(child, 'exit');
  const waiting = new Map<number, (answer: Answer) => void>();
  child.on('message', (answer: Answer) => waiting.get(answer.no)?.(answer));
  void ended.then(() => {
    for (const [no, resolve] of waiting) resolve({ no, error: 'the mock exchanges ended' });
  });
  let no = 0;
  return {
    ask: async (name, ...input) => {
      no += 1;
      const mine = no;
      const answered = new Promise<Answer>((resolve) => waiting.set(mine, resolve));
      child.send({ no: mine, name, input });
      const { value, error } = await answered;
      waiting.delete(mine);
      if (error !== undefined) throw new Error(error);
      return value as never;
    },
    stop: async () => {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
