import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Link } from './contract/adapter.ts';
import { instantAt } from './contract/dates.ts';
import type { Exchange } from './contract/exchange.ts';
import type { Faults } from './faults.ts';
import type { GatewayParts, Log } from './gateway.ts';
import { type Line, openLine } from './gateway-lines.ts';
import { reachOf } from './gateway-links.ts';
import type { Rules } from './gateway-rulebooks.ts';
import type { Alarm } from './http/parts.ts';
import type { Database } from './journal/database.ts';
import { callOut, openHearing } from './journal/hearing.ts';
import { keepRefusals } from './journal/inbox.ts';
import { nextDueAt } from './journal/outbox.ts';
import { type ClockState, openClocks } from './relay/clocks.ts';
import { openFinisher } from './relay/finish.ts';
import { openIntakeQueue } from './relay/intake-queue.ts';
import { redecide } from './relay/redecide.ts';
import type { Seals } from './relay/seal.ts';
import { type TakenStatement, takeStatement } from './relay/statements.ts';
import { openWakes, type Wakes } from './relay/wakes.ts';
import { type Opened, stepOf } from './start-failure.ts';
import type { TlsSide } from './trust/tls.ts';

/** What the relay stands on. */
export interface Ground {
  readonly database: Database;
  readonly seals: Seals;
  readonly rules: Rules;
  /** Absent: exchanges are reached by plain addresses only. */
  readonly tls: TlsSide | undefined;
  readonly faults: Faults;
  readonly opened: Opened;
  readonly log: Log;
  nowMs(): number;
}

/** Intake, lanes and links, joined: everything between two exchanges. */
export interface Relay {
  readonly links: ReadonlyMap<Exchange, Link>;
  readonly wakes: Wakes;
  /** Theirs as compared with ours. */
  clocks(): readonly ClockState[];
  alarms(): readonly Alarm[];
  /** Connects to the exchanges and decides again what an earlier start held back. */
  start(): Promise<void>;
  sweep(): Promise<void>;
  takeStatement(exchange: Exchange, date: string): Promise<TakenStatement>;
  idle(): Promise<boolean>;
  /** Lanes before links: links wait for what lanes have under way. */
  stopSending(): Promise<void>;
  /** Once nothing can arrive any more. */
  stopTaking(): Promise<void>;
}

/** What the relay takes from its surroundings: the queue, what gateways call out to each other, and chance. */
export interface Surroundings {
  readonly openWakes: typeof openWakes;
  readonly openHearing: typeof openHearing;
  readonly callOut: typeof callOut;
  /** This gateway, among those on one database. */
  readonly holder: string;
  newId(): string;
  nonce(): string;
}

const thisMachine = (): Surroundings => ({
  ...{ openWakes, openHearing, callOut, newId: randomUUID },
  holder: `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`,
  nonce: () => randomBytes(16).toString('hex'),
});

export async function openRelay(
  parts: GatewayParts,
  ground: Ground,
  surroundings: Surroundings = thisMachine(),
): Promise<Relay> {
  const { config, adapters, keys } = parts;
  const { limits } = config;
  const { database, seals, rules, tls, faults, opened, log, nowMs } = ground;
  const { holder, newId, nonce } = surroundings;
  const exchanges = adapters.map(({ exchange }) => exchange);
  const lines = new Map<Exchange, Line>();
  const links = new Map<Exchange, Link>();
  const clocks = openClocks({
    alarmMs: limits.clockAlarmMs,
    nowMs,
    onAlarm: ({ exchange, offMs }) => log('error', 'clock-skew', { exchange, offMs }),
  });

  const wakes = await stepOf(queueOn(config.redisUrl), () =>
    surroundings.openWakes({
      databaseUrl: parts.databaseUrl,
      redisUrl: config.redisUrl,
      onWake: (exchange) => lines.get(exchange)?.drain(),
      onFault: faults.of('wakes'),
    }),
  );
  opened.add(() => wakes.close());
  const hearing = surroundings.openHearing(
    database,
    'qiao_wakes',
    (exchange) => lines.get(exchange as Exchange)?.drain(),
    faults.of('hearing'),
  );
  opened.add(() => hearing.stop());
  const wake = (woken: ReadonlySet<Exchange>) => {
    for (const exchange of woken) {
      const line = lines.get(exchange);
      // Of one line for all gateways, whoever holds it is told; a sweep would find it, too.
      if (line?.isSingle === true && !line.mayUse()) {
        surroundings.callOut(database, 'qiao_wakes', exchange).catch(faults.of('hearing'));
      }
      // One that is busy here only needs to be told to look once more.
      else if (line !== undefined && (line.isSingle || line.underWay > 0)) line.drain();
      else wakes.wake(exchange);
    }
  };

  const relay = { database, exchanges, seals, trust: keys.trust, rules: rules.desk, nowMs, newId, wake };
  const byExchange = new Map(adapters.map((adapter) => [adapter.exchange, adapter]));
  const intake = openIntakeQueue(
    { ...relay, adapters: byExchange, patienceMs: limits.patienceMs },
    { batch: limits.intakeBatch, lingerMs: limits.lingerMs, waiting: limits.intakeWaiting },
    faults.of('intake'),
  );
  const finisher = openFinisher({
    ...relay,
    ...limits,
    random: parts.random ?? Math.random,
    onFault: faults.of('finish'),
    batch: limits.intakeBatch,
  });

  for (const adapter of adapters) {
    const { exchange } = adapter;
    const line = openLine({
      ...{ adapter, ...reachOf(config, exchange), database, holder, limits, finisher, faults, log, nowMs, nonce },
      random: parts.random ?? Math.random,
      ports: {
        ...keys.link(exchange),
        ...(tls === undefined ? {} : { tls: tls.port(exchange) }),
        heardClock: (theirMs) => clocks.heard(exchange, theirMs),
        clocksDiffer: () => clocks.alarmed(exchange),
        receive: (arrival) => intake.submit(arrival),
        keepRefused: async (arrival, refusal) => keepRefusals(database, [{ arrival, refusals: [refusal] }]),
      },
    });
    lines.set(exchange, line);
    links.set(exchange, line.link);
    opened.add(() => line.link.stop());
  }

  const again = { ...relay, batch: limits.sweepBatch };
  return {
    links,
    wakes,
    clocks: () => clocks.states(),
    alarms: () => clocks.alarms().map(({ atMs, ...alarm }) => ({ ...alarm, at: instantAt(atMs) })),
    start: async () => {
      await redecide(again, true);
      for (const [exchange, link] of links) {
        link.start().catch((error: unknown) => log('error', 'link-start', { exchange, error }));
      }
    },
    sweep: async () => {
      await rules.refresh(() => redecide(again, true));
      await redecide(again, false);
      for (const line of lines.values()) await line.sweep();
    },
    takeStatement: (exchange, date) => takeStatement(byExchange.get(exchange)!, links.get(exchange)!, date, relay),
    idle: async () => {
      if (intake.waiting > 0 || [...lines.values()].some(({ underWay }) => underWay > 0)) return false;
      const due = await Promise.all(exchanges.map((exchange) => nextDueAt(database, exchange)));
      return due.every((at) => at === undefined);
    },
    stopSending: async () => {
      await Promise.all([...lines.values()].map((line) => line.stop()));
      await Promise.all([...links.values()].map((link) => link.stop()));
    },
    stopTaking: async () => {
      await intake.stop();
      await hearing.stop();
    },
  };
}

function queueOn(redisUrl: string | undefined) {
  if (redisUrl === undefined) return { zh: '无法在数据库上建立队列', en: 'the queue cannot be set up in the database' };
  return {
    zh: 'Redis 无应答，请检查 REDIS_URL，或去掉它以使用 PostgreSQL 队列',
    en: 'Redis does not answer: check REDIS_URL, or unset it to queue in PostgreSQL',
  };
}
