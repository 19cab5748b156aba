import { createHash, randomUUID } from 'node:crypto';
import type { Access } from './access/access.ts';
import type { Exchange } from './contract/exchange.ts';
import type { Faults } from './faults.ts';
import type { GatewayParts, Log } from './gateway.ts';
import type { Clearing } from './gateway-clearing.ts';
import type { JournalLog } from './gateway-log.ts';
import type { Relay } from './gateway-relay.ts';
import type { ReplicationWatch } from './gateway-replication.ts';
import type { Rules } from './gateway-rulebooks.ts';
import type { StandingCheck } from './gateway-standing.ts';
import { type LinkTls, openExchangeDoor } from './gateway-tls.ts';
import type { GatewayTrust } from './gateway-trust.ts';
import type { WitnessedLog } from './gateway-witnessing.ts';
import { createApp } from './http/app.ts';
import { measureClocks } from './http/clock-metrics.ts';
import { openEventFeed } from './http/events.ts';
import { measureLog } from './http/log-metrics.ts';
import { openMetrics } from './http/metrics.ts';
import type { Parts } from './http/parts.ts';
import { type Listening, listen } from './http/server.ts';
import { measureStanding } from './http/standing-metrics.ts';
import { measureTrust } from './http/trust-metrics.ts';
import { measureWitnesses } from './http/witness-metrics.ts';
import { type Database, ping } from './journal/database.ts';
import { missingMigrations } from './journal/housekeeping.ts';
import { adoptRulebook } from './relay/rulebooks.ts';
import type { Seals } from './relay/seal.ts';
import type { Calendars } from './rules/calendar.ts';
import { type Opened, stepOf } from './start-failure.ts';
import type { KeyStore } from './trust/keystore.ts';

/** The rooms that the surface shows. */
export interface SurfaceGround {
  readonly database: Database;
  readonly exchanges: readonly Exchange[];
  readonly seals: Seals;
  readonly trust: GatewayTrust;
  readonly calendars: Calendars;
  readonly rules: Rules;
  readonly relay: Relay;
  readonly access: Access;
  readonly journalLog: JournalLog;
  readonly witnessed: WitnessedLog;
  readonly clearing: Clearing;
  readonly standing: StandingCheck;
  readonly replication: ReplicationWatch;
  readonly tls: LinkTls | undefined;
  readonly faults: Faults;
  readonly opened: Opened;
  readonly log: Log;
  nowMs(): number;
  stopping(): boolean;
}

/** Both doors, for people and programs and for exchanges, with all that stands behind them; open. */
export interface Surface {
  readonly url: string;
  /** Absent: exchanges push to nowhere, or to the door of the others. */
  readonly exchangeUrl: string | undefined;
  /** Takes no more in; resolves when what is under way is answered, or has been cut after `ms`. */
  stop(ms: number): Promise<void>;
  /** Ends every connection at once. */
  cut(): void;
}

/** Opens what is seen from outside, last of all. Throws {@link StartFailure} where it cannot listen. */
export async function openSurface(parts: GatewayParts, ground: SurfaceGround): Promise<Surface> {
  const { config, keys } = parts;
  const { limits } = config;
  const { database, exchanges, seals, trust, calendars, rules, relay, access, tls, faults, opened, log, nowMs } =
    ground;
  const { journalLog, witnessed, clearing, standing, replication } = ground;
  const links = [...relay.links].map(([exchange, link]) => ({ exchange, state: () => link.state() }));
  const webhooks = new Map(
    [...relay.links].flatMap(([exchange, { webhook }]) => (webhook ? [[exchange, webhook]] : [])),
  );
  const events = openEventFeed({ database, limits, onFault: faults.of('events') });
  opened.add(async () => events.stop());
  const metrics = openMetrics({ database, links });
  measureTrust(metrics.registry, trust.state, nowMs);
  measureLog(metrics.registry, journalLog);
  measureWitnesses(metrics.registry, witnessed);
  measureStanding(metrics.registry, standing);
  measureClocks(metrics.registry, relay.clocks);
  const shown: Parts = {
    access,
    publicUrl: config.publicUrl,
    metricsFor: config.metricsFor,
    database,
    metrics,
    webhooks: config.plainLinks ? [...webhooks.values()] : [],
    links,
    rulebooks: rules.history,
    trust: trust.state,
    calendars,
    adoptRulebook: (connection, json, at) =>
      adoptRulebook(connection, json, at, { exchanges, seals, newId: randomUUID }),
    checks: [
      { name: 'database', check: () => ping(database) },
      {
        name: 'queue',
        check: async () => {
          if (!(await relay.wakes.ready())) throw new Error('the queue does not answer');
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
    alarms: () => [
      ...trust.alarms(),
      ...witnessed.alarms(),
      ...journalLog.alarms(),
      ...relay.alarms(),
      ...standing.alarms(),
      ...replication.alarms(),
    ],
    logState: async () => ({
      ...(await journalLog.state()),
      final: witnessed.final(),
      witnesses: witnessed.witnesses(),
      settlement: witnessed.settlementAllowed(),
    }),
    quorum: { witnesses: keys.anchor.witnesses.map(({ exchange }) => exchange), needed: keys.anchor.quorum },
    clearing: clearing.desk,
    events,
    stopping: ground.stopping,
    cursorKey: await cursorKey(keys),
    limits,
    nowMs,
    newId: randomUUID,
    log,
  };
  const server: Listening = await stepOf(
    {
      zh: `无法监听 ${config.host}:${config.port}，请换用 HOST 或 PORT（0 为任意空闲端口）`,
      en: `cannot listen on ${config.host}:${config.port}: choose another HOST or PORT (0 takes any free port)`,
    },
    () => listen(createApp(shown), { ...limits, host: config.host, port: config.port }),
  );
  opened.add(() => server.stop(0));
  const door = await openExchangeDoor(config, tls, webhooks, shown);
  opened.add(() => door?.stop(0));

  return {
    url: server.url,
    exchangeUrl: door?.url,
    stop: async (ms) => {
      events.stop();
      await Promise.all([server, door].map((each) => each?.stop(ms)));
    },
    cut: () => {
      for (const each of [server, door]) each?.server.closeAllConnections();
    },
  };
}

/** Signs the cursors of pages. It comes from our own key, so that it is secret and the same after every start. */
async function cursorKey(keys: KeyStore): Promise<Uint8Array> {
  const signature = await keys.logSigners()[0]!.sign(Buffer.from('cursors of pages, 1'));
  return createHash('sha256').update(signature).digest();
}
