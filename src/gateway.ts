import { randomUUID } from 'node:crypto';
import { type Access, openAccess } from './access/access.ts';
import type { Closing } from './clearing/cycle-close.ts';
import type { SettlementRules } from './clearing/settlement-rules.ts';
import { type Tolerance, toleratedBy } from './clearing/tolerance.ts';
import type { Config } from './config.ts';
import type { Adapter } from './contract/adapter.ts';
import type { Exchange, Participant } from './contract/exchange.ts';
import { openFaults, shownError } from './faults.ts';
import { openClearing } from './gateway-clearing.ts';
import { type JournalLog, openGatewayDatabase, openJournalLog } from './gateway-log.ts';
import { openRelay } from './gateway-relay.ts';
import { watchReplication } from './gateway-replication.ts';
import { adoptShipped, openRules } from './gateway-rulebooks.ts';
import { openStanding, type StandingCheck } from './gateway-standing.ts';
import { openSurface } from './gateway-surface.ts';
import { endsWithin, repeat } from './gateway-timing.ts';
import { openLinkTls } from './gateway-tls.ts';
import { openTrust } from './gateway-trust.ts';
import { openWitnessedLog, type WitnessedLog } from './gateway-witnessing.ts';
import type { Database } from './journal/database.ts';
import { dropExpired } from './journal/housekeeping.ts';
import { migrate } from './journal/migrate.ts';
import type { Seals } from './relay/seal.ts';
import type { TakenStatement } from './relay/statements.ts';
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
  /** Absent: amounts of the books agree with the journal's to the fen. */
  readonly tolerances?: readonly Tolerance[];
  /** Absent: those that come with the program, on sample accounts. */
  readonly settlementRules?: SettlementRules;
  readonly log: Log;
  readonly nowMs?: () => number;
  readonly random?: () => number;
  /** No leaves and no receipts but while {@link JournalLog.start} says so: for measuring what those cost, and nothing else. */
  readonly journalLog?: 'later';
}

export interface Gateway {
  readonly url: string;
  /** Where exchanges push to by mutual TLS; absent: nowhere. */
  readonly exchangeUrl?: string;
  readonly database: Database;
  readonly access: Access;
  /** Who confirms the log, and whether settlement may go on. */
  readonly witnessed: WitnessedLog;
  /** The Merkle log over everything that was said. */
  readonly journalLog: JournalLog;
  /** Looks for what is due now: retries, leases that ran out, new rulebooks, holds that have ended. */
  sweep(): Promise<void>;
  /** The close of each day. */
  readonly closing: Closing;
  /** The check between closes. */
  readonly standing: StandingCheck;
  /** Fetches an exchange's day-end books and journals them. */
  takeStatement(exchange: Exchange, date: string): Promise<TakenStatement>;
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

async function build(parts: GatewayParts, opened: Opened): Promise<Gateway> {
  const { config, adapters, keys } = parts;
  const log: Log = (level, event, { error, ...fields } = {}) =>
    parts.log(level, event, error === undefined ? fields : { ...fields, error: shownError(error) });
  const { limits } = config;
  const nowMs = parts.nowMs ?? Date.now;
  const exchanges = adapters.map(({ exchange }) => exchange);
  let stopping = false;
  const faults = openFaults(log, () => performance.now());

  await stepOf(DATABASE, () => migrate(parts.databaseUrl, (line) => log('info', 'migrated', { line })));
  const database = await stepOf(DATABASE, () =>
    openGatewayDatabase(parts.databaseUrl, limits, opened, (line) => {
      // Left connections may be ended from the other side before they are read as left.
      if (!stopping) faults.of('database')(line);
    }),
  );
  const replication = await watchReplication({
    database,
    everyMs: limits.sweepIntervalMs,
    log,
    onFault: faults.of('replication'),
  });
  opened.add(replication.stop);
  const seals: Seals = {
    signersOf: (participant: Participant, atMs) => keys.envelopeSigners(participant, atMs),
    giveReceipts: () => parts.journalLog !== 'later' || journalLog.isRunning(),
  };

  const trust = await openTrust({ database, keys, log, nowMs });
  const calendars = parts.calendars ?? libraryCalendars;
  await adoptShipped(database, adapters, { exchanges, seals, newId: randomUUID }, new Date(nowMs()));
  const rules = await openRules(database, exchanges, calendars);
  const tls = openLinkTls(config, keys, log, nowMs);
  opened.add(() => tls?.stop());
  const relay = await openRelay(parts, { database, seals, rules, tls: tls?.side, faults, opened, log, nowMs });
  const access = openAccess({
    database,
    limits,
    automationToken: config.operatorToken,
    openId: config.openId && {
      ...config.openId,
      publicUrl: String(config.publicUrl),
      timeoutMs: limits.exchangeTimeoutMs,
    },
    nowMs,
  });
  const journalLog = openJournalLog({
    database,
    databaseUrl: parts.databaseUrl,
    limits,
    faults,
    opened,
    log,
    nowMs,
  });
  const witnessed = await openWitnessedLog({
    config,
    keys,
    database,
    faults,
    opened,
    log,
    nowMs,
    random: parts.random ?? Math.random,
    ...(tls === undefined ? {} : { tls: (exchange) => tls.side.port(exchange) }),
  });
  const clearing = await openClearing(parts, {
    rules,
    calendars,
    journalLog,
    takeStatement: relay.takeStatement,
    settlementAllowed: witnessed.settlementAllowed,
    trust: () => keys.trust,
    seals,
    faults,
    opened,
    nowMs,
  });
  const standing = openStanding({
    config,
    database,
    toleratedFen: (home, host, amountFen) => toleratedBy(parts.tolerances ?? [], home, host)(amountFen),
    faults,
    opened,
    log,
    nowMs,
    ...(tls === undefined ? {} : { tls: (exchange) => tls.side.port(exchange) }),
  });
  const surface = await openSurface(parts, {
    database,
    exchanges,
    seals,
    trust,
    calendars,
    rules,
    relay,
    access,
    journalLog,
    witnessed,
    clearing,
    standing,
    replication,
    tls,
    faults,
    opened,
    log,
    nowMs,
    stopping: () => stopping,
  });

  const timers = [
    repeat(relay.sweep, limits.pollIntervalMs, faults.of('sweep')),
    repeat(trust.refresh, limits.trustPollMs, faults.of('trust')),
    repeat(
      () =>
        dropExpired(database, {
          once: new Date(nowMs() - 4 * limits.clockSkewMs),
          answers: new Date(nowMs() - limits.idempotencyKeptHours * 3_600_000),
        }),
      limits.sweepIntervalMs,
      faults.of('housekeeping'),
    ),
  ];
  timers.push(repeat(access.sweep, limits.sweepIntervalMs, faults.of('access')), replication.stop);
  for (const stop of timers) opened.add(stop);
  if (parts.journalLog !== 'later') journalLog.start();
  await relay.start();
  clearing.start();
  standing.start();
  log('info', 'gateway-up', { url: surface.url, queue: relay.wakes.backend });

  /** What feeds others ends before them: timers, then deliveries and requests, then links, then what they stand on. */
  const inOrder = async () => {
    await Promise.all(timers.map((stop) => stop()));
    const answered = surface.stop(limits.drainTimeoutMs);
    await relay.stopSending();
    await answered;
    await relay.stopTaking();
    await clearing.stop();
    await standing.stop();
    await witnessed.stop();
    await journalLog.stop();
    await tls?.stop();
    await relay.wakes.close();
    await database.close();
  };
  const end = async () => {
    stopping = true;
    const inTime = await endsWithin(limits.drainTimeoutMs, inOrder());
    if (!inTime) {
      log('warn', 'stop-cut', { afterMs: limits.drainTimeoutMs });
      surface.cut();
      await relay.wakes.close();
    }
    faults.flush();
    return inTime;
  };
  let ended: Promise<boolean> | undefined;

  return {
    url: surface.url,
    ...(surface.exchangeUrl === undefined ? {} : { exchangeUrl: surface.exchangeUrl }),
    database,
    access,
    witnessed,
    journalLog,
    sweep: relay.sweep,
    closing: clearing.desk.closing,
    standing,
    takeStatement: relay.takeStatement,
    idle: relay.idle,
    stop: () => {
      ended ??= end();
      return ended;
    },
  };
}
