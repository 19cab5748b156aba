import { randomUUID } from 'node:crypto';
import { adapters as shipped } from '../../adapters/all.ts';
import type { Adapter, Answer, Arrival } from '../../src/contract/adapter.ts';
import { type Exchange, exchanges, type Participant } from '../../src/contract/exchange.ts';
import type { Message } from '../../src/contract/message.ts';
import { accepted } from '../../src/contract/refusal.ts';
import type { TrustList } from '../../src/envelope/jws.ts';
import { type Database, openDatabase, transaction } from '../../src/journal/database.ts';
import { type IntakeParts, takeIn } from '../../src/relay/intake.ts';
import type { RuleDesk } from '../../src/relay/rule-desk.ts';
import { adoptRulebook, openRuleDesk, readHistories } from '../../src/relay/rulebooks.ts';
import type { Seals } from '../../src/relay/seal.ts';
import { testKey, trusting } from '../envelope/keys.ts';
import { createTestDatabase } from '../support/database.ts';

export const MORNING = Date.parse('2026-03-02T09:30:00+08:00');

/** The road without exchanges: a real database, the shipped rules, and messages that come in as unified JSON. */
export interface Ground {
  readonly database: Database;
  readonly parts: IntakeParts;
  readonly woken: Set<Exchange>;
  readonly seals: Seals;
  readonly trust: TrustList;
  desk(): RuleDesk;
  nowMs(): number;
  advance(ms: number): void;
  /** One message in; its key is fresh unless given. */
  send(exchange: Exchange, message: Message, change?: Partial<Arrival>): Promise<Answer>;
  /** Several in one transaction. */
  sendAll(arrivals: readonly Arrival[]): Promise<readonly Answer[]>;
  arrival(exchange: Exchange, message: Message, change?: Partial<Arrival>): Arrival;
  /** How many rows each table of the relay has. */
  counts(): Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
}

const TABLES = [
  'message',
  'stream',
  'inbox',
  'refusal',
  'equivocation',
  'listing',
  'listing_version',
  'decision',
  'interest',
  'bid',
  'deal',
  'deal_version',
  'award',
  'funds',
  'delivery',
  'receipt',
];

/** What an exchange of this ground writes: the unified message itself. */
function plainAdapter(exchange: Exchange): Adapter {
  const real = shipped.find((adapter) => adapter.exchange === exchange)!;
  return { ...real, decode: (bytes) => accepted(JSON.parse(Buffer.from(bytes).toString('utf8')) as Message) };
}

export async function openGround(): Promise<Ground> {
  const test = await createTestDatabase();
  const database = openDatabase(test.url, { max: 6 });
  const keys = new Map<Participant, ReturnType<typeof testKey>>(
    ['qiao' as const, ...exchanges].map((participant) => [participant, testKey(participant, 'Ed25519')]),
  );
  const seals: Seals = { signersOf: (participant) => [keys.get(participant)!.signer] };
  const trust = trusting(...[...keys.values()].map(({ entry }) => entry));
  for (const { rulebooks } of shipped) {
    for (const rulebook of rulebooks) {
      await transaction(database, (connection) =>
        adoptRulebook(connection, rulebook, new Date(MORNING), { exchanges, seals, newId: randomUUID }),
      );
    }
  }
  const desk = openRuleDesk(await readHistories(database, exchanges));
  const woken = new Set<Exchange>();
  let ahead = 0;
  const nowMs = () => MORNING + ahead;
  const parts: IntakeParts = {
    database,
    adapters: new Map(exchanges.map((exchange) => [exchange, plainAdapter(exchange)])),
    exchanges,
    seals,
    trust,
    rules: () => desk,
    nowMs,
    newId: randomUUID,
    wake: (some) => {
      for (const exchange of some) woken.add(exchange);
    },
    patienceMs: 10_000,
  };
  const arrival: Ground['arrival'] = (exchange, message, change = {}) => ({
    exchange,
    key: randomUUID(),
    bytes: Buffer.from(JSON.stringify(message)),
    proof: 'proof',
    arrivedAtMs: nowMs(),
    ...change,
  });
  return {
    database,
    parts,
    woken,
    seals,
    trust,
    desk: () => desk,
    nowMs,
    advance: (ms) => {
      ahead += ms;
    },
    arrival,
    send: async (exchange, message, change) => (await takeIn([arrival(exchange, message, change)], parts))[0]!,
    sendAll: (arrivals) => takeIn(arrivals, parts),
    counts: async () => {
      const text = TABLES.map((table) => `(select count(*)::int from ${table}) as ${table}`).join(', ');
      const { rows } = await database.query<Record<string, number>>(`select ${text}`);
      return rows[0]!;
    },
    close: async () => {
      await database.close();
      await test.drop();
    },
  };
}

/** Codes of a refusal; empty when it was none. */
export function codesOf(answer: Answer): readonly string[] {
  return answer.outcome === 'refused' ? answer.refusals.map(({ code }) => code) : [];
}
