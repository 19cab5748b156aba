import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clockFrom, type Federation, type FederationOptions, openFederation } from '../../src/cli/federation.ts';
import type { Exchange } from '../../src/contract/exchange.ts';
import { exchanges } from '../../src/contract/exchange.ts';
import { createTestDatabase } from '../support/database.ts';
import { putDemoKeys } from '../support/demo-keys.ts';

/** All ordered pairs of exchanges, home first. */
export const pairs: readonly (readonly [Exchange, Exchange])[] = exchanges.flatMap((home) =>
  exchanges.filter((host) => host !== home).map((host) => [home, host] as const),
);

export const MORNING = Date.parse('2026-03-02T09:30:00+08:00');
export const OPERATOR = 'operator-token-for-tests-only';

export interface Journey extends Federation {
  /** Everything the gateway logged as an error: a journey ends with none that it did not cause. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

/** Until what is still on the way, or a witness that does not answer, is given up: long, for the machine may be busy. */
const PATIENCE_MS = 240_000;

let keysFolder: string | undefined;

/** A gateway with its own database and three mock exchanges, on the morning of 2026-03-02. */
export async function openJourney(options: Partial<FederationOptions> = {}): Promise<Journey> {
  const database = await createTestDatabase();
  if (keysFolder === undefined) {
    // One store for all journeys of this process.
    keysFolder = mkdtempSync(join(tmpdir(), 'qiao-keys-'));
    await putDemoKeys(keysFolder, MORNING);
  }
  const errors: string[] = [];
  const federation = await openFederation({
    databaseUrl: database.url,
    keysFolder,
    clock: clockFrom(MORNING),
    operatorToken: OPERATOR,
    log: (level, event, fields) => {
      if (level !== 'error') return;
      const error = fields?.error;
      errors.push(`${event} ${error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(fields)}`);
    },
    ...options,
    // Asked in short turns: a journey goes a hundred times from one exchange to another.
    limits: { outboxPollMs: 20, ...options.limits },
  });
  return {
    ...federation,
    errors,
    settle: (limitMs = PATIENCE_MS) => federation.settle(limitMs),
    close: async () => {
      await federation.stop();
      await database.drop();
    },
  };
}

export function forgetKeys(): void {
  if (keysFolder !== undefined) rmSync(keysFolder, { recursive: true, force: true });
  keysFolder = undefined;
}

/** What the gateway answers over HTTP. */
export async function getJson<T = Record<string, unknown>>(journey: Federation, path: string): Promise<T> {
  const response = await fetch(journey.gateway.url + path, { headers: { authorization: `Bearer ${OPERATOR}` } });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}
