import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Limits } from '../../src/config-limits.ts';
import { type Exchange, exchanges } from '../../src/contract/exchange.ts';
import { type Database, openDatabase } from '../../src/journal/database.ts';
import { type KeyStore, openKeyStore } from '../../src/trust/keystore.ts';
import { putDemoKeys } from '../support/demo-keys.ts';
import { type Findings, judge } from './audit.ts';
import { buildInto } from './build.ts';
import { type Field, openField } from './field.ts';
import { inject } from './inject.ts';
import type { Mutant } from './mutants/mutants.ts';
import { type FaultKind, faultKinds, scheduleOf } from './schedule.ts';
import { hasRedisServer } from './stores.ts';
import { readTables } from './tables.ts';

export interface CrashOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly gateways: number;
  /** Listings a second at each exchange; the rest follows from them. */
  readonly perSecond: number;
  /** Between two faults on average, ms. */
  readonly everyMs: number;
  /** How long it may take after the last fault until nothing is under way. */
  readonly settleSeconds: number;
  readonly mutant?: Mutant;
  /** Only these; all that this machine can do by default. */
  readonly kinds?: readonly FaultKind[];
  /** Ends the run early, in order; {@link runCrash} then throws. */
  readonly signal?: AbortSignal;
  progress(text: string): void;
}

export interface CrashReport {
  readonly seed: number;
  readonly seconds: number;
  readonly gateways: number;
  readonly mutant?: string;
  readonly messages: number;
  readonly deliveries: number;
  readonly certifiedDeals: number;
  readonly crashes: number;
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
  /** What this machine cannot do, and why. */
  readonly left: readonly string[];
  /** Of one gateway killed while nothing else is wrong: until it is up again, and until all it had under way is settled. */
  readonly recoverySeconds: { readonly up: number; readonly settled: number };
  /** Of all crashes of gateways: the longest until it was up again. */
  readonly longestOutageSeconds: number;
  /** After the last fault; undefined: not within the time given. */
  readonly quiescentSeconds: number | undefined;
  readonly findings: Findings;
}

/**
 * Seconds instead of minutes, so that many faults fit into a run; the proportions are those of the defaults: a lease is
 * longer than any call, retries go on for longer than any fault lasts.
 */
export const crashLimits: Partial<Limits> = {
  exchangeTimeoutMs: 2_500,
  leaseMs: 6_000,
  retryBaseMs: 200,
  retryCapMs: 3_000,
  retryAttempts: 1_000,
  poolSize: 10,
  statementTimeoutMs: 10_000,
  drainTimeoutMs: 10_000,
};

/** A day on which every exchange's calendar is known. */
const MORNING = Date.parse('2026-03-02T09:30:00+08:00');

/** A whole run: real processes, faults by the seed, rest, audit. Leaves no process and no file behind. */
export async function runCrash(options: CrashOptions): Promise<CrashReport> {
  const folder = mkdtempSync(join(tmpdir(), 'qiao-crash-'));
  chmodSync(folder, 0o711);
  let field: Field | undefined;
  let keys: KeyStore | undefined;
  try {
    const built = join(folder, 'built');
    buildInto(built, options.mutant);
    const aheadMs = MORNING - Date.now();
    const keysFolder = join(folder, 'keys');
    await putDemoKeys(keysFolder, MORNING);
    keys = await openKeyStore(keysFolder, { demo: true, nowMs: () => Date.now() + aheadMs });
    field = await openField({ folder, built, keysFolder, aheadMs, limits: crashLimits, ...options });
    return await Promise.race([measure(field, keys, options), interruption(options.signal)]);
  } finally {
    await field?.stop();
    await keys?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function interruption(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(new Error('interrupted')));
  });
}

async function measure(field: Field, keys: KeyStore, options: CrashOptions): Promise<CrashReport> {
  const { seconds, seed, gateways, everyMs, progress } = options;
  const { kinds, left } = kindsHere(field, options.kinds ?? faultKinds);
  const schedule = scheduleOf({ seed, ms: seconds * 1000, gateways, everyMs, kinds });
  const counts: Partial<Record<FaultKind, number>> = {};
  const lasting = new Set<Promise<void>>();
  for (const exchange of exchanges) field.exchanges[exchange].say({ say: 'work', perSecond: options.perSecond });

  const began = performance.now();
  const elapsed = () => performance.now() - began;
  let toldAt = 0;
  for (const { atMs, fault } of schedule) {
    while (elapsed() < atMs) {
      if (elapsed() - toldAt > 5_000) {
        toldAt = elapsed();
        progress(await stateOf(field, elapsed(), counts));
      }
      await sleep(Math.min(1_000, Math.max(0, atMs - elapsed())));
    }
    const ended = inject(field, fault);
    if (ended === undefined) continue;
    counts[fault.kind] = (counts[fault.kind] ?? 0) + 1;
    lasting.add(ended);
    void ended.finally(() => lasting.delete(ended));
  }
  await sleep(Math.max(0, seconds * 1000 - elapsed()));
  await Promise.all(lasting);
  field.heal();
  await Promise.all(field.gateways.map((gateway) => gateway.whenUp()));

  progress('恢复 / recovery: kill -9');
  const recoverySeconds = await recover(field);
  for (const exchange of exchanges) field.exchanges[exchange].say({ say: 'rest' });
  const quiescentSeconds = await settled(field, options.settleSeconds, progress);
  progress('审计 / audit');
  const database = openDatabase(field.database.url(), { max: 2 });
  try {
    const tables = await readTables(database, keys);
    const books = await booksOf(field);
    const { rows } = await database.query<{ messages: bigint }>('select count(*) as messages from message');
    return {
      ...{ seed, seconds, gateways },
      ...(options.mutant === undefined ? {} : { mutant: options.mutant.name }),
      messages: Number(rows[0]!.messages),
      deliveries: tables.deliveries.length,
      certifiedDeals: tables.deals.filter(({ status }) => status === 'certified').length,
      crashes: field.crashes(),
      faults: counts,
      left,
      recoverySeconds,
      longestOutageSeconds: Math.max(0, ...field.gateways.flatMap(({ outagesMs }) => outagesMs)) / 1000,
      quiescentSeconds,
      findings: judge(books, tables),
    };
  } finally {
    await database.close();
  }
}

function kindsHere(field: Field, wanted: readonly FaultKind[]): { kinds: FaultKind[]; left: string[] } {
  const left: string[] = [];
  if (!hasRedisServer) {
    left.push(
      '未找到 redis-server：没有 Redis 故障 / NO redis-server FOUND: the queue is on PostgreSQL, no Redis faults',
    );
  }
  if (!field.database.canFill)
    left.push('不能挂载 tmpfs（需 root）：没有磁盘写满 / no tmpfs here (needs root): no full disk');
  const kinds = wanted.filter(
    (kind) => (hasRedisServer || !kind.startsWith('redis')) && (field.database.canFill || kind !== 'disk-full'),
  );
  return { kinds, left };
}

/** One line for whoever watches. The database may be away just now. */
async function stateOf(field: Field, ms: number, counts: Partial<Record<FaultKind, number>>): Promise<string> {
  const { messages, open } = await countsOf(field).catch(() => ({ messages: '?', open: '?' }));
  const faults = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return `${Math.round(ms / 1000)} s · 消息 messages ${messages} · 未了 open ${open} · 崩溃 crashes ${field.crashes()} · 故障 faults ${faults}`;
}

async function countsOf(field: Field): Promise<{ messages: number; open: number; underWay: readonly number[] }> {
  return await withDatabase(field, async (database) => {
    const { rows } = await database.query<{ messages: bigint; open: bigint; sending: string[] | null }>(
      `select (select count(*) from message) as messages, (select count(*) from delivery where open) as open,
              (select array_agg(no::text) from delivery where open and state = 'sending') as sending`,
    );
    const { messages, open, sending } = rows[0]!;
    return { messages: Number(messages), open: Number(open), underWay: (sending ?? []).map(Number) };
  });
}

/** The database is up again, but on a busy machine a look may take longer than its limit: it is taken again. */
async function countsAtLast(field: Field): ReturnType<typeof countsOf> {
  const began = performance.now();
  for (;;) {
    try {
      return await countsOf(field);
    } catch (error) {
      if (performance.now() - began > RECOVERY_LIMIT_MS) throw error;
      await sleep(100);
    }
  }
}

async function withDatabase<Result>(field: Field, work: (database: Database) => Promise<Result>): Promise<Result> {
  const database = openDatabase(field.database.url(), { max: 1, connectTimeoutMs: 2_000 });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

const RECOVERY_LIMIT_MS = 60_000;

/** Kills the first gateway in the middle of its work, with nothing else wrong. */
async function recover(field: Field): Promise<CrashReport['recoverySeconds']> {
  const [gateway] = field.gateways;
  // Its own deliveries, where it has any under way just now.
  for (let looks = 0; looks < 50 && (await countsAtLast(field)).underWay.length === 0; looks += 1) await sleep(50);
  gateway!.kill();
  const began = performance.now();
  const before = new Set((await countsAtLast(field)).underWay);
  await gateway!.whenUp();
  const upMs = performance.now() - began;
  for (;;) {
    const { underWay } = await countsAtLast(field);
    const seconds = (performance.now() - began) / 1000;
    if (!underWay.some((no) => before.has(no)) || seconds * 1000 > RECOVERY_LIMIT_MS) {
      return { up: round(upMs / 1000), settled: round(seconds) };
    }
    await sleep(100);
  }
}

/** Looks until desks and outbox have been idle several times in a row: a message may be between the two. */
async function settled(
  field: Field,
  withinSeconds: number,
  progress: (text: string) => void,
): Promise<number | undefined> {
  const began = performance.now();
  let toldAt = began;
  let ordered = -1;
  for (let calm = 0; ; ) {
    const looked = await Promise.all(exchanges.map((exchange) => field.exchanges[exchange].look()));
    const counted = await countsOf(field).catch(() => undefined);
    const waiting = await withDatabase(field, async (database) => {
      const { rows } = await database.query<{ waiting: bigint }>('select count(*) as waiting from leaf_waiting');
      return Number(rows[0]!.waiting);
    }).catch(() => 1);
    const idle = looked.every((one) => one.idle) && counted?.open === 0 && waiting === 0;
    // An order given meanwhile: its people have just seen something in their books.
    const orders = looked.reduce((sum, one) => sum + one.orders, 0);
    calm = idle && orders === ordered ? calm + 1 : 0;
    ordered = orders;
    const seconds = (performance.now() - began) / 1000;
    if (calm === 4) return round(seconds);
    if (seconds > withinSeconds) return undefined;
    if (performance.now() - toldAt > 5_000) {
      toldAt = performance.now();
      const busy = looked.map(({ open, idle }, i) => `${exchanges[i]} ${idle ? 'idle' : 'busy'} ${open}`).join(', ');
      progress(`静候 / settling ${Math.round(seconds)} s · 未了 open ${counted?.open ?? '?'} · ${busy}`);
    }
    await sleep(250);
  }
}

async function booksOf(field: Field) {
  const books = await Promise.all(
    exchanges.map(async (exchange) => [exchange, await field.exchanges[exchange].books()] as const),
  );
  return Object.fromEntries(books) as Record<Exchange, (typeof books)[number][1]>;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
