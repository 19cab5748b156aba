import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Config } from './config.ts';
import type { Adapter, Link, LinkSettings } from './contract/adapter.ts';
import { instantAt } from './contract/dates.ts';
import type { Exchange, Participant } from './contract/exchange.ts';
import type { Statement } from './contract/message.ts';
import type { Checked } from './contract/refusal.ts';
import { createApp } from './http/app.ts';
import { openMetrics } from './http/metrics.ts';
import { type Listening, listen } from './http/server.ts';
import { type Database, migrate, openDatabase, ping, transaction } from './journal/database.ts';
import { dropOldOnce, keepRefusals } from './journal/inbox.ts';
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
import type { Calendars } from './rules/calendar.ts';
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
  stop(): Promise<void>;
}

/** Builds everything once, in dependency order, and starts it. */
export async function openGateway(parts: GatewayParts): Promise<Gateway> {
  const { config, adapters, keys, log } = parts;
  const { limits } = config;
  const nowMs = parts.nowMs ?? Date.now;
  const newId = randomUUID;
  const exchanges = adapters.map(({ exchange }) => exchange);
  const fault = (room: string) => (error: unknown) => log('error', `${room}-fault`, { error });

  await migrate(parts.databaseUrl, (line) => log('info', 'migrated', { line }));
  const database = openDatabase(parts.databaseUrl, {
    max: limits.poolSize,
    log: (line) => log('warn', 'database', { line }),
  });
  const seals: Seals = { signerOf: (participant: Participant) => keys.envelopeSigner(participant) };

  let histories: Histories = new Map();
  let desk: RuleDesk = openRuleDesk(histories, parts.calendars);
  let rulebooksKnown = -1;
  await adoptShipped(database, adapters, { exchanges, seals, newId }, new Date(nowMs()));
  const refreshRules = async (): Promise<boolean> => {
    const count = await rulebookCount(database);
    if (count === rulebooksKnown) return false;
    histories = await readHistories(database, exchanges);
    desk = openRuleDesk(histories, parts.calendars);
    rulebooksKnown = count;
    return true;
  };
  await refreshRules();

  const lanes = new Map<Exchange, Lane>();
  const wakes = await openWakes({
    databaseUrl: parts.databaseUrl,
    redisUrl: config.redisUrl,
    onWake: (exchange) => void lanes.get(exchange)?.drain(),
    onFault: fault('wakes'),
  });
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
    const link = adapter.openLink(linkSettings(config, exchange), {
      ...keys.link(exchange),
      memory: openLinkMemory(database, exchange),
      nowMs,
      nonce: () => randomBytes(16).toString('hex'),
      receive: (arrival) => intake.submit(arrival),
      keepRefused: async (arrival, refusal) => keepRefusals(database, [{ arrival, refusals: [refusal] }]),
      log: (level, event, fields) => log(level, event, { exchange, ...fields }),
    });
    links.set(exchange, link);
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

  let stopping = false;
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
    ],
    stopping: () => stopping,
    operatorToken: config.operatorToken,
    cursorKey: createHash('sha256').update(`cursor ${parts.databaseUrl}`).digest(),
    limits,
    nowMs,
    newId,
    log,
  });
  const server: Listening = await listen(app, { ...limits, host: config.host, port: config.port });

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
      () => dropOldOnce(database, new Date(nowMs() - 4 * limits.clockSkewMs)),
      limits.sweepIntervalMs,
      fault('sweep'),
    ),
  ];
  // A rulebook shipped with this start may let go what an earlier start held back.
  await redecide({ ...relay, batch: limits.sweepBatch }, true);
  for (const [exchange, link] of links)
    link.start().catch((error: unknown) => log('error', 'link-start', { exchange, error }));
  log('info', 'gateway-up', { url: server.url, queue: wakes.backend });

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
    stop: async () => {
      stopping = true;
      await Promise.all(timers.map((stop) => stop()));
      const drained = server.stop(limits.drainTimeoutMs);
      await Promise.all([...links.values()].map((link) => link.stop()));
      await intake.stop();
      await drained;
      await wakes.close();
      await Promise.all([...lanes.values()].map((lane) => lane.stop()));
      await database.close();
    },
  };
}

/** The rulebooks that come with the adapters; one that says something else under a known version stops the start. */
async function adoptShipped(
  database: Database,
  adapters: readonly Adapter[],
  parts: Parameters<typeof adoptRulebook>[3],
  at: Date,
): Promise<void> {
  for (const { exchange, rulebooks } of adapters) {
    for (const rulebook of rulebooks) {
      const adopted = await transaction(database, (connection) => adoptRulebook(connection, rulebook, at, parts));
      const [first] = adopted.ok ? [] : adopted.refusals;
      if (first !== undefined && first.code !== 'version-conflict') {
        throw new Error(`adapters/${exchange}: ${first.pointer} ${first.zh} / ${first.en}`);
      }
    }
  }
}

function linkSettings(config: Config, exchange: Exchange): LinkSettings {
  const { limits, exchanges } = config;
  const url = { ctex: exchanges.ctexUrl, stex: exchanges.stexUrl, szse: exchanges.szseFilesUrl }[exchange];
  const session = exchange === 'szse' ? exchanges.szseAddress : undefined;
  return {
    member: config.member,
    ...(url === undefined ? {} : { url }),
    ...(session === undefined ? {} : { address: `${session.host}:${session.port}` }),
    timeoutMs: limits.exchangeTimeoutMs,
    maxAnswerBytes: limits.bodyLimitBytes,
    pollIntervalMs: limits.outboxPollMs,
    concurrency: limits.deliveryConcurrency,
    heartbeatS: 30,
  };
}

/** Runs `work` again and again, `everyMs` after it ended; gives what stops it. */
function repeat(work: () => Promise<unknown>, everyMs: number, onFault: (error: unknown) => void): () => Promise<void> {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> = Promise.resolve();
  const next = () => {
    if (stopped) return;
    timer = setTimeout(() => {
      running = work().catch(onFault).finally(next);
    }, everyMs);
  };
  next();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await running;
  };
}
