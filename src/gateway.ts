import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Config } from './config.ts';
import type { Adapter, Link } from './contract/adapter.ts';
import { instantAt } from './contract/dates.ts';
import type { Exchange, Participant } from './contract/exchange.ts';
import type { Statement } from './contract/message.ts';
import type { Checked } from './contract/refusal.ts';
import { openFaults, shownError } from './faults.ts';
import { linkNotConfigured, reachOf } from './gateway-links.ts';
import { adoptShipped } from './gateway-rulebooks.ts';
import { endsWithin, repeat } from './gateway-timing.ts';
import { createApp } from './http/app.ts';
import { openMetrics } from './http/metrics.ts';
import { type Listening, listen } from './http/server.ts';
import { type Database, migrate, openDatabase, ping } from './journal/database.ts';
import { dropExpired, missingMigrations } from './journal/housekeeping.ts';
import { keepRefusals } from './journal/inbox.ts';
import { openLinkMemory } from './journal/link-memory.ts';
import { nextDueAt, redrive } from './journal/outbox.ts';
import { rulebookCount } from './journal/rulebooks.ts';
import { openFinisher } from './relay/finish.ts';
import type { IntakeParts } from './relay/intake.ts';
import { openIntakeQueue } from './relay/intake-queue.ts';
import { type Lane, openLane } from './relay/lane.ts';
import { redecide } from './relay/redecide.ts';
import type { RuleDesk } from './relay/rule-desk.ts';
import { adoptRulebook, type Histories, openRuleDesk, readHistories } from './relay/rulebooks.ts';
import type { Seals } from './relay/seal.ts';
import { takeStatement } from './relay/statements.ts';
import { openWakes } from './relay/wakes.ts';
import { type Calendars, libraryCalendars } from './rules/calendar.ts';
import { type Opened, openedSoFar, stepOf } from './start-failure.ts';
import type { KeyStore } from './trust/keystore.ts';

export type Log = (level: 'info' | 'warn' | 'error', event: string, fields?: Readonly<Record<string, unknown>>) => void;

/** What a gateway is made of; everything that differs between a demo, a test and production is handed in. */
export interface GatewayParts {
  readonly config: Config;
  readonly adapters: readonly Adapter[];
  readonly keys: KeyStore;
  /** The database in use, embedded or not. */
  readonly databaseUrl: string;
  readonly calendars?: Calendars;
  readonly log: Log;
  readonly nowMs?: () => number;
  readonly random?: () => number;
}

export interface Gateway {
  readonly url: string;
  readonly database: Database;
  /** Looks for what is due now: retries, leases that ran out, new rulebooks, holds that have ended. */
  sweep(): Promise<void>;
  /** Fetches an exchange's day-end books and journals them. */
  takeStatement(exchange: Exchange, date: string): Promise<Checked<Statement>>;
  /** Nothing waiting, nothing under way. */
  idle(): Promise<boolean>;
  /**
   * Finishes what is under way and closes everything, within `limits.drainTimeoutMs`; false when that did not suffice
   * and something was cut. May be called twice.
   */
  stop(): Promise<boolean>;
}

/**
 * Builds everything once, in dependency order, and starts it. Throws {@link StartFailure} for what the operator can
 * mend, and closes what it opened when any step fails.
 */
export async function openGateway(parts: GatewayParts): Promise<Gateway> {
  const opened = openedSoFar();
  try {
    return await build(parts, opened);
  } catch (error) {
    await opened.closeAll();
    throw error;
  }
}

const DATABASE = {
  zh: '无法使用数据库，请检查 DATABASE_URL',
  en: 'the database cannot be used: check DATABASE_URL',
};

function queueOn(redisUrl: string | undefined) {
  if (redisUrl === undefined) return { zh: '无法在数据库上建立队列', en: 'the queue cannot be set up in the database' };
  return {
    zh: 'Redis 无应答，请检查 REDIS_URL，或去掉它以使用 PostgreSQL 队列',
    en: 'Redis does not answer: check REDIS_URL, or unset it to queue in PostgreSQL',
  };
}

async function build(parts: GatewayParts, opened: Opened): Promise<Gateway> {
  const { config, adapters, keys } = parts;
  const log: Log = (level, event, { error, ...fields } = {}) =>
    parts.log(level, event, error === undefined ? fields : { ...fields, error: shownError(error) });
  const { limits } = config;
  const nowMs = parts.nowMs ?? Date.now;
  const newId = randomUUID;
  const exchanges = adapters.map(({ exchange }) => exchange);
  let stopping = false;
  const faults = openFaults(log, () => performance.now());
  const fault = faults.of;

  await stepOf(DATABASE, () => migrate(parts.databaseUrl, (line) => log('info', 'migrated', { line })));
  const database = openDatabase(parts.databaseUrl, {
    max: limits.poolSize,
    // Left connections may be ended from the other side before they are read as left.
    log: (line) => {
      if (!stopping) fault('database')(line);
    },
  });
  opened.add(() => database.close());
  const seals: Seals = { signerOf: (participant: Participant) => keys.envelopeSigner(participant) };

  let histories: Histories = new Map();
  const calendars = parts.calendars ?? libraryCalendars;
  let desk: RuleDesk = openRuleDesk(histories, calendars);
  let rulebooksKnown = -1;
  await adoptShipped(database, adapters, { exchanges, seals, newId }, new Date(nowMs()));
  const refreshRules = async (): Promise<boolean> => {
    const count = await rulebookCount(database);
    if (count === rulebooksKnown) return false;
    histories = await readHistories(database, exchanges);
    desk = openRuleDesk(histories, calendars);
    rulebooksKnown = count;
    return true;
  };
  await refreshRules();

  const lanes = new Map<Exchange, Lane>();
  const wakes = await stepOf(queueOn(config.redisUrl), () =>
    openWakes({
      databaseUrl: parts.databaseUrl,
      redisUrl: config.redisUrl,
      onWake: (exchange) => void lanes.get(exchange)?.drain(),
      onFault: fault('wakes'),
    }),
  );
  opened.add(() => wakes.close());
  const wake = (woken: ReadonlySet<Exchange>) => {
    for (const exchange of woken) {
      // A lane that is busy here only needs to be told to look once more.
      if ((lanes.get(exchange)?.underWay ?? 0) > 0) void lanes.get(exchange)?.drain();
      else wakes.wake(exchange);
    }
  };

  const relay = { database, exchanges, seals, rules: () => desk, nowMs, newId, wake };
  const intakeParts: IntakeParts = {
    ...relay,
    adapters: new Map(adapters.map((adapter) => [adapter.exchange, adapter])),
    patienceMs: limits.patienceMs,
  };
  const intake = openIntakeQueue(
    intakeParts,
    { batch: limits.intakeBatch, lingerMs: limits.lingerMs, waiting: limits.intakeWaiting },
    fault('intake'),
  );
  const finisher = openFinisher({
    ...relay,
    random: parts.random ?? Math.random,
    onFault: fault('finish'),
    retryBaseMs: limits.retryBaseMs,
    retryCapMs: limits.retryCapMs,
    retryAttempts: limits.retryAttempts,
    batch: limits.intakeBatch,
    lingerMs: limits.lingerMs,
  });

  const links = new Map<Exchange, Link>();
  for (const adapter of adapters) {
    const { exchange } = adapter;
    const { settings, missing } = reachOf(config, exchange);
    const own = adapter.openLink(settings, {
      ...keys.link(exchange),
      memory: openLinkMemory(database, exchange),
      nowMs,
      nonce: () => randomBytes(16).toString('hex'),
      receive: (arrival) => intake.submit(arrival),
      keepRefused: async (arrival, refusal) => keepRefusals(database, [{ arrival, refusals: [refusal] }]),
      log: (level, event, fields) => log(level, event, { exchange, ...fields }),
    });
    const link = missing === undefined ? own : linkNotConfigured(own, missing);
    links.set(exchange, link);
    opened.add(() => link.stop());
    // Without an address deliveries are not even leased: they wait, however long, and never run out of attempts.
    if (missing !== undefined) {
      log('warn', 'link-not-configured', { exchange, variable: missing });
      continue;
    }
    lanes.set(
      exchange,
      openLane({
        exchange,
        adapter,
        link,
        database,
        nowMs,
        instant: instantAt,
        finished: (attempt) => finisher.finish(exchange, attempt),
        onFault: fault('lane'),
        batch: limits.deliveryBatch,
        concurrency: limits.deliveryConcurrency,
        leaseMs: limits.leaseMs,
        lingerMs: limits.lingerMs,
      }),
    );
  }

  const metrics = openMetrics({
    database,
    links: [...links].map(([exchange, link]) => ({ exchange, state: () => link.state() })),
  });
  const app = createApp({
    database,
    metrics,
    webhooks: [...links.values()].flatMap(({ webhook }) => webhook ?? []),
    links: [...links].map(([exchange, link]) => ({ exchange, state: () => link.state() })),
    rulebooks: (exchange) => histories.get(exchange) ?? [],
    calendars,
    adoptRulebook: (connection, json, at) => adoptRulebook(connection, json, at, { exchanges, seals, newId }),
    redrive: async (connection, no, at) => (await redrive(connection, no, at)) !== undefined,
    checks: [
      { name: 'database', check: () => ping(database) },
      {
        name: 'queue',
        check: async () => {
          if (!(await wakes.ready())) throw new Error('the queue does not answer');
        },
      },
      {
        name: 'migrations',
        check: async () => {
          const missing = await missingMigrations(database);
          if (missing.length > 0) throw new Error(`not applied: ${missing.join(', ')}`);
        },
      },
    ],
    stopping: () => stopping,
    operatorToken: config.operatorToken,
    cursorKey: cursorKey(keys),
    limits,
    nowMs,
    newId,
    log,
  });
  const server: Listening = await stepOf(
    {
      zh: `无法监听 ${config.host}:${config.port}，请换用 HOST 或 PORT（0 为任意空闲端口）`,
      en: `cannot listen on ${config.host}:${config.port}: choose another HOST or PORT (0 takes any free port)`,
    },
    () => listen(app, { ...limits, host: config.host, port: config.port }),
  );
  opened.add(() => server.stop(0));

  const sweep = async () => {
    const changed = await refreshRules();
    const again = { ...relay, batch: limits.sweepBatch };
    if (changed) await redecide(again, true);
    await redecide(again, false);
    for (const [exchange, lane] of lanes) {
      const due = await nextDueAt(database, exchange);
      if (due !== undefined && due.getTime() <= nowMs()) void lane.drain();
    }
  };
  const timers = [
    repeat(sweep, limits.pollIntervalMs, fault('sweep')),
    repeat(
      () =>
        dropExpired(database, {
          once: new Date(nowMs() - 4 * limits.clockSkewMs),
          answers: new Date(nowMs() - limits.idempotencyKeptHours * 3_600_000),
        }),
      limits.sweepIntervalMs,
      fault('housekeeping'),
    ),
  ];
  for (const stop of timers) opened.add(stop);
  // A rulebook shipped with this start may let go what an earlier start held back.
  await redecide({ ...relay, batch: limits.sweepBatch }, true);
  for (const [exchange, link] of links)
    link.start().catch((error: unknown) => log('error', 'link-start', { exchange, error }));
  log('info', 'gateway-up', { url: server.url, queue: wakes.backend });

  /** What feeds others ends before them: timers, then deliveries and requests, then links, then what they stand on. */
  const inOrder = async () => {
    await Promise.all(timers.map((stop) => stop()));
    const answered = server.stop(limits.drainTimeoutMs);
    await Promise.all([...lanes.values()].map((lane) => lane.stop()));
    await Promise.all([...links.values()].map((link) => link.stop()));
    await answered;
    await intake.stop();
    await wakes.close();
    await database.close();
  };
  const end = async () => {
    stopping = true;
    const inTime = await endsWithin(limits.drainTimeoutMs, inOrder());
    if (!inTime) {
      log('warn', 'stop-cut', { afterMs: limits.drainTimeoutMs });
      server.server.closeAllConnections();
      await wakes.close();
    }
    faults.flush();
    return inTime;
  };
  let ended: Promise<boolean> | undefined;

  return {
    url: server.url,
    database,
    sweep,
    takeStatement: (exchange, date) =>
      takeStatement(intakeParts.adapters.get(exchange)!, links.get(exchange)!, date, relay),
    idle: async () => {
      if (intake.waiting > 0 || [...lanes.values()].some(({ underWay }) => underWay > 0)) return false;
      const due = await Promise.all(exchanges.map((exchange) => nextDueAt(database, exchange)));
      return due.every((at) => at === undefined);
    },
    stop: () => {
      ended ??= end();
      return ended;
    },
  };
}

/** Signs the cursors of pages. It comes from our own key, so that it is secret and the same after every start. */
function cursorKey(keys: KeyStore): Uint8Array {
  return createHash('sha256')
    .update(keys.envelopeSigner('qiao').sign(Buffer.from('cursors of pages, 1')))
    .digest();
}
