/** One gateway as a process of its own, with a clock that can be wrong and a point at which it dies: `node gateway-process.js <json>`. */
import pg from 'pg';
import { adapters } from '../../adapters/all.ts';
import { readConfig } from '../../src/config.ts';
import type { Limits } from '../../src/config-limits.ts';
import { openGateway } from '../../src/gateway.ts';
import { openKeyStore } from '../../src/trust/keystore.ts';

export interface GatewayArguments {
  readonly env: Readonly<Record<string, string>>;
  readonly limits: Partial<Limits>;
  readonly aheadMs: number;
}

export type ToGateway =
  | { readonly say: 'stop' }
  /** 0 statements: not any more. Dies by its own hand at the so-manieth statement (1: that one) from the next one that names the table. */
  | { readonly say: 'die'; readonly table: string; readonly statements: number };

export type FromGateway =
  | { readonly said: 'up'; readonly url: string }
  | { readonly said: 'ended'; readonly inTime: boolean };

const { env, limits, aheadMs } = JSON.parse(process.argv[2] ?? '') as GatewayArguments;
const nowMs = () => Date.now() + aheadMs;
const config = readConfig(env, { limits });
const keys = await openKeyStore(config.keysFolder, { demo: true, nowMs });
dieWhenTold();
const gateway = await openGateway({
  config,
  adapters,
  keys,
  databaseUrl: config.databaseUrl!,
  nowMs,
  log: (level, event, fields) => {
    if (level !== 'info') console.error(JSON.stringify({ at: new Date().toISOString(), level, event, ...fields }));
  },
});
const tell = (message: FromGateway) => void process.send?.(message);
process.on('message', (message: ToGateway) => {
  if (message.say !== 'stop') return;
  void gateway.stop().then((inTime) => {
    process.send?.({ said: 'ended', inTime } satisfies FromGateway, () => process.exit(0));
  });
});
tell({ said: 'up', url: gateway.url });

/**
 * A crash from outside hits the moments that last long; this one hits those that do not: between two statements of one
 * transaction, after its COMMIT and before the answer.
 */
function dieWhenTold(): void {
  let table: string | undefined;
  let left = 0;
  process.on('message', (message: ToGateway) => {
    if (message.say === 'die') [table, left] = [message.table, message.statements];
  });
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
    const [asked] = given as [string | { text?: string }];
    const text = typeof asked === 'string' ? asked : (asked?.text ?? '');
    const answer = Reflect.apply(query, this, given);
    if (left > 0 && table !== undefined && text.includes(table)) table = undefined;
    if (table === undefined && left > 0) {
      left -= 1;
      // The last one: once it is on its way, and before anybody here learns what became of it.
      if (left === 0) setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1);
    }
    return answer;
  } as typeof query;
}
