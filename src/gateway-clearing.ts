import { randomUUID } from 'node:crypto';
import { verifyPosted } from './clearing/break-verify.ts';
import { comparePart, type Part } from './clearing/compare-part.ts';
import { openClosing } from './clearing/cycle-close.ts';
import { dropEvents } from './clearing/cycle-events.ts';
import { settlingSteps } from './clearing/cycle-settling.ts';
import { comparingSteps } from './clearing/cycle-steps.ts';
import { BookFetching } from './clearing/fetch-books.ts';
import type { LoadParts } from './clearing/load.ts';
import type { Adapter } from './contract/adapter.ts';
import { type Exchange, exchanges } from './contract/exchange.ts';
import type { TrustList } from './envelope/jws.ts';
import type { Faults } from './faults.ts';
import type { GatewayParts } from './gateway.ts';
import type { JournalLog } from './gateway-log.ts';
import type { Rules } from './gateway-rulebooks.ts';
import { repeat } from './gateway-timing.ts';
import type { ClearingDesk } from './http/parts.ts';
import { openDatabase } from './journal/database.ts';
import { GATEWAY_ROLE } from './journal/roles.ts';
import { openClearingJobs } from './relay/clearing-jobs.ts';
import type { SettlementGate } from './relay/finality.ts';
import { say } from './relay/say.ts';
import type { Seals } from './relay/seal.ts';
import { recordSettled } from './relay/settled.ts';
import type { TakenStatement } from './relay/statements.ts';
import type { Calendars } from './rules/calendar.ts';
import { cutOffOn } from './rules/cut-off.ts';
import { inForce } from './rules/rulebook.ts';
import type { Opened } from './start-failure.ts';

export interface ClearingGround {
  readonly rules: Rules;
  readonly calendars: Calendars;
  readonly journalLog: Pick<JournalLog, 'alarms'>;
  takeStatement(exchange: Exchange, date: string): Promise<TakenStatement>;
  settlementAllowed(): SettlementGate;
  trust(): TrustList;
  readonly seals: Seals;
  readonly faults: Faults;
  readonly opened: Opened;
  nowMs(): number;
}

/** Clearing, joined: the close of each day with everything its steps need. */
export interface Clearing {
  readonly desk: ClearingDesk;
  /** From now on days are closed by the clock, where that is how it is set. */
  start(): void;
  /** Waits for the step under way. */
  stop(): Promise<void>;
}

export async function openClearing(parts: GatewayParts, ground: ClearingGround): Promise<Clearing> {
  const { limits } = parts.config;
  const { rules, calendars, faults, opened, nowMs } = ground;
  const onFault = faults.of('clearing');
  // A million rows take longer than any other statement may.
  const database = openDatabase(parts.databaseUrl, {
    max: limits.clearingJobs + 4,
    role: GATEWAY_ROLE,
    statementTimeoutMs: limits.clearingTimeoutMs,
    lockTimeoutMs: limits.lockTimeoutMs,
    log: onFault,
  });
  opened.add(() => database.close());
  const jobs = await openClearingJobs({
    databaseUrl: parts.databaseUrl,
    redisUrl: parts.config.redisUrl,
    atOnce: limits.clearingJobs,
    lockMs: limits.clearingLockMs,
    pollMs: limits.clearingPollMs,
    perform: (part) => comparePart(database, part as Part),
    onFault,
  });
  opened.add(() => jobs.close());
  const readers = new Map<Exchange, Adapter>(parts.adapters.map((adapter) => [adapter.exchange, adapter]));
  const cutOff = (exchange: Exchange, date: string) => {
    const rulebook = inForce(rules.history(exchange), date);
    return rulebook && cutOffOn(date, rulebook, calendars);
  };
  const loading: LoadParts = {
    url: parts.databaseUrl,
    limits: {
      timeoutMs: limits.clearingTimeoutMs,
      lockTimeoutMs: limits.clearingTimeoutMs,
      role: GATEWAY_ROLE,
      quarantineRows: limits.quarantineRows,
      quarantineBytes: limits.quarantineBytes,
    },
    nowMs,
    newId: randomUUID,
  };
  const read = (exchange: Exchange, bytes: AsyncIterable<Uint8Array>) => readers.get(exchange)!.readStatement(bytes);
  const fetching = new BookFetching({
    ...loading,
    database,
    read,
    cutOff: (exchange, date) => cutOff(exchange, date) ?? undefined,
    fetch: async (exchange, date) => {
      const { bytes, message } = await ground.takeStatement(exchange, date);
      return { bytes, ...(message === undefined ? {} : { message }) };
    },
    retry: { baseMs: limits.bookRetryBaseMs, capMs: limits.bookRetryCapMs },
  });
  const comparing = comparingSteps({
    ...loading,
    database,
    jobs,
    tolerances: parts.tolerances ?? [],
    cutOff,
    fetching,
    read,
    integrity: () => ground.journalLog.alarms().map(({ zh, en }) => ({ zh, en })),
    trust: ground.trust,
    onFault,
  });
  const engine = { database, calendar: calendars.statutory, limits, nowMs, newId: randomUUID };
  const settlementRules = parts.settlementRules === undefined ? {} : { rules: parts.settlementRules };
  const settling = settlingSteps({
    ...settlementRules,
    samplesRefused: parts.config.production,
    database,
    engine,
    calendars,
    settlementAllowed: ground.settlementAllowed,
    nowMs,
  });
  const closing = openClosing({
    database,
    steps: { ...comparing, ...settling },
    isBusinessDay: (date) => {
      const times = exchanges.map((exchange) => cutOff(exchange, date));
      return times.includes(undefined) ? undefined : times.some((time) => time !== null);
    },
    nowMs,
  });
  const look = async () => {
    await closing.sweep();
    await dropEvents(database, new Date(nowMs() - limits.eventKeptHours * 3_600_000));
  };
  const underWay = new Set<Promise<unknown>>();
  let stopLooking: (() => Promise<void>) | undefined;
  opened.add(async () => stopLooking?.());
  return {
    desk: {
      closing,
      loading,
      maxBookBytes: limits.bookUploadBytes,
      read,
      limits,
      verify: () => verifyPosted(engine),
      trust: ground.trust,
      asking: {
        calendar: calendars.statutory,
        say: (connection, word, atMs) =>
          say(connection, word, atMs, { seals: ground.seals, rules: rules.desk, newId: randomUUID }),
      },
      settling: {
        ...settlementRules,
        settlementAllowed: ground.settlementAllowed,
        recordSettled: (connection, settled) =>
          recordSettled(connection, settled, {
            seals: ground.seals,
            nowMs,
            settlementAllowed: ground.settlementAllowed,
          }),
      },
      later: (work) => {
        const running = work()
          .catch(onFault)
          .finally(() => underWay.delete(running));
        underWay.add(running);
      },
    },
    start: () => {
      if (parts.config.clearing === 'clock') stopLooking = repeat(look, limits.clearingIntervalMs, onFault);
    },
    stop: async () => {
      await stopLooking?.();
      await Promise.all(underWay);
      await jobs.close();
      await database.close();
    },
  };
}
