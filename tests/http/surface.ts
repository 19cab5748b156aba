import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { adapters } from '../../adapters/all.ts';
import { type AccessLimits, openAccess } from '../../src/access/access.ts';
import { readCycle } from '../../src/clearing/cycle.ts';
import { defaultLimits } from '../../src/config-limits.ts';
import type { Webhook } from '../../src/contract/adapter.ts';
import { type Exchange, exchanges } from '../../src/contract/exchange.ts';
import { accepted } from '../../src/contract/refusal.ts';
import { createApp } from '../../src/http/app.ts';
import { openEventFeed } from '../../src/http/events.ts';
import { openMetrics } from '../../src/http/metrics.ts';
import type { Parts } from '../../src/http/parts.ts';
import { type Database, openDatabase } from '../../src/journal/database.ts';
import { headOf } from '../../src/journal/tree.ts';
import { libraryCalendars } from '../../src/rules/calendar.ts';
import { type Rulebook, readRulebook } from '../../src/rules/rulebook.ts';
import type { TrustState } from '../../src/trust/expiry.ts';
import { createTestDatabase } from '../support/database.ts';
import { linkRecord, makeOperators, nextList, trustRecord } from '../support/trust.ts';

export const TOKEN = 'operator-token-for-tests-only';
/** What the automation account shows: may do everything, sees every row. */
export const AS_SUPERVISOR = { authorization: `Bearer ${TOKEN}` } as const;

/** Passwords that cost next to nothing: what they cost is tested where they are. */
export const FAST: AccessLimits = { ...defaultLimits, argon2MemoryKiB: 64, argon2Passes: 1 };
export const NOW = Date.parse('2026-03-02T10:00:00+08:00');

/** The HTTP surface over a database of its own, with everything else standing still. */
export interface Surface {
  readonly app: RequestListener;
  readonly parts: Parts;
  readonly database: Database;
  readonly logged: { event: string; fields: Readonly<Record<string, unknown>> | undefined }[];
  close(): Promise<void>;
}

export async function openSurface(changes: Partial<Parts> = {}): Promise<Surface> {
  const made = await createTestDatabase();
  const database = openDatabase(made.url, { max: 6 });
  const logged: Surface['logged'] = [];
  const links = exchanges.map((exchange) => ({
    exchange,
    state: () => ({ up: exchange !== 'szse', lastHeardAtMs: NOW, detail: { zh: '已连接', en: 'connected' } }),
  }));
  const books = new Map<Exchange, readonly Rulebook[]>(exchanges.map((exchange) => [exchange, [shipped(exchange)]]));
  const trust: TrustState = {
    list: await nextList(makeOperators(), undefined, {
      entries: [trustRecord('ctex', 'Ed25519')],
      links: [linkRecord('szse', 'exchange')],
    }),
    expiries: [],
    refused: undefined,
  };
  const parts: Parts = {
    database,
    metrics: openMetrics({ database, links }),
    webhooks: [echo],
    links,
    rulebooks: (exchange) => books.get(exchange) ?? [],
    calendars: libraryCalendars,
    adoptRulebook: async (_, json) => {
      const book = readRulebook(json);
      return book.ok
        ? accepted({ exchange: book.value.exchange, version: book.value.version, sha256: book.value.sha256 })
        : book;
    },
    checks: [{ name: 'database', check: async () => void (await database.query('select 1')) }],
    trust: () => trust,
    alarms: () => [],
    logState: async () => ({
      head: await headOf(database),
      waiting: 0n,
      signed: undefined,
      final: undefined,
      witnesses: [],
      settlement: { ok: true },
      recomputed: { alarms: { count: 0, first: [] }, lastCycle: undefined, progress: 0n },
    }),
    quorum: { witnesses: ['ctex', 'stex', 'szse'], needed: 2 },
    clearing: {
      closing: { advance: async (cycle) => readCycle(database, cycle), sweep: async () => {} },
      loading: {
        url: made.url,
        limits: { timeoutMs: 60_000, lockTimeoutMs: 10_000, quarantineRows: 10, quarantineBytes: 1_000 },
        nowMs: () => NOW,
        newId: randomUUID,
      },
      maxBookBytes: 1_048_576,
      read: (exchange, bytes) => adapters.find((one) => one.exchange === exchange)!.readStatement(bytes),
      limits: defaultLimits,
      verify: async () => {},
      trust: () => trust.list,
      asking: { calendar: libraryCalendars.statutory, say: async () => randomUUID() },
      settling: { settlementAllowed: () => ({ ok: true }), recordSettled: async () => accepted(undefined) },
      later: (work) => void work(),
    },
    events: openEventFeed({
      database,
      limits: { eventPollMs: 20, eventHeartbeatMs: 50, eventStreams: 3 },
      onFault: (error) => logged.push({ event: 'events', fields: { error } }),
    }),
    stopping: () => false,
    access: openAccess({ database, limits: FAST, automationToken: TOKEN, openId: undefined, nowMs: () => NOW }),
    publicUrl: undefined,
    metricsFor: 'loopback',
    cursorKey: Buffer.alloc(32, 7),
    limits: { bodyLimitBytes: 1_048_576, pageLimit: 200, pageDefault: 50 },
    nowMs: () => NOW,
    newId: randomUUID,
    log: (_, event, fields) => void logged.push({ event, fields }),
    ...changes,
  };
  return {
    app: createApp(parts),
    parts,
    database,
    logged,
    close: async () => {
      parts.events.stop();
      await database.close();
      await made.drop();
    },
  };
}

/** Stands for a link: gives back what it was given. */
const echo: Webhook = {
  path: '/exchanges/ctex/notify',
  receive: async ({ method, pathWithQuery, headers, body }) => ({
    status: 200,
    contentType: 'application/json',
    headers: { 'x-signed': String(headers['x-ctex-signature'] ?? '') },
    body: Buffer.from(JSON.stringify({ method, pathWithQuery, body: Buffer.from(body).toString('hex') })),
  }),
};

export function rulebookDocument(exchange: Exchange): Record<string, unknown> {
  const file = new URL(`../../adapters/${exchange}/rulebook.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
}

function shipped(exchange: Exchange): Rulebook {
  const book = readRulebook(rulebookDocument(exchange));
  if (!book.ok) throw new Error(JSON.stringify(book.refusals));
  return book.value;
}
