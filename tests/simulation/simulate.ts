import { exchanges } from '../../src/contract/exchange.ts';
import type { KeyStore } from '../../src/trust/keystore.ts';
import { type Findings, findingNames, judge } from '../crash/audit.ts';
import type { Books } from '../crash/exchange-process.ts';
import { readTables } from '../crash/tables.ts';
import { install } from './clockwork.ts';
import { type Federation, openFederation } from './federation.ts';
import { type Ground, MORNING } from './ground.ts';
import { planOf } from './plan.ts';
import { openWorld } from './world.ts';

/** What came of one seed. */
export interface Outcome {
  readonly seed: number;
  /** Empty: everything held. */
  readonly broken: readonly string[];
  /** The same seed gives the same one, to the byte. */
  readonly trace: string;
  readonly steps: number;
  readonly messages: number;
  readonly virtualMs: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly errors: readonly string[];
}

/** There is trouble for so long; then, within the other, everything must have come to rest (virtual time). */
const BUSY_MS = 8_000;
const SETTLE_MS = 60_000;
const LOOK_MS = 500;

/** Lives through one seed. */
export async function simulate(seed: number, ground: Ground, print?: (line: string) => void): Promise<Outcome> {
  await ground.renew();
  const world = openWorld(seed, MORNING, print);
  const uninstall = install(world);
  const broken: string[] = [];
  let federation: Federation | undefined;
  const onStray = (error: unknown) => void broken.push(`stray error: ${error instanceof Error ? error.stack : error}`);
  process.on('uncaughtException', onStray).on('unhandledRejection', onStray);
  try {
    const plan = planOf(world.random);
    world.note(JSON.stringify(plan));
    federation = await openFederation(world, ground, plan, BUSY_MS);
    const { mocks } = federation;
    world.onStep(() => {
      for (const exchange of exchanges) {
        for (const [id, times] of mocks[exchange].book.effects) {
          if (times > 1) throw new Error(`${exchange} ${id}: ${times} effects`);
        }
      }
    });
    await world.run(MORNING + BUSY_MS);
    federation.rest();
    const isQuiet = await settle(federation);
    if (!isQuiet) broken.push(`not at rest ${SETTLE_MS / 1000} s after the last fault: ${await openThings()}`);
    const findings = await judged(federation, ground);
    for (const name of findingNames) broken.push(...findings[name].map((what) => `${name}: ${what}`));
    const messages = await digestOfJournal();
    return {
      ...{ seed, broken, messages },
      trace: world.trace.digest(),
      steps: world.trace.steps,
      virtualMs: Math.round(world.nowMs() - MORNING),
      faults: federation.faults,
      errors: federation.errors,
    };

    async function settle(federation: Federation): Promise<boolean> {
      const endMs = world.nowMs() + SETTLE_MS;
      let calm = 0;
      let orders = -1;
      while (world.nowMs() < endMs) {
        await world.run(world.nowMs() + LOOK_MS);
        const isCalm = federation.isIdle() && federation.orders() === orders && (await openThings()) === '';
        calm = isCalm ? calm + 1 : 0;
        orders = federation.orders();
        if (calm === 3) return true;
      }
      return false;
    }
  } catch (error) {
    const { digest, steps } = { digest: world.trace.digest(), steps: world.trace.steps };
    broken.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return {
      seed,
      broken,
      trace: digest,
      steps,
      messages: 0,
      virtualMs: world.nowMs() - MORNING,
      faults: {},
      errors: [],
    };
  } finally {
    uninstall();
    await federation?.close();
    process.off('uncaughtException', onStray).off('unhandledRejection', onStray);
  }

  async function openThings(): Promise<string> {
    const { rows } = await ground.database.query<{ what: string }>(
      `select exchange || ' ' || kind || ' ' || state || ' ' || attempts as what from delivery where open order by no`,
    );
    return rows.map(({ what }) => what).join(', ');
  }

  /** Every byte that was signed, said or answered goes into the trace; gives how many messages there are. */
  async function digestOfJournal(): Promise<number> {
    const { rows } = await ground.database.query<{ n: number; digest: string }>(
      `select (select count(*)::int from message) as n,
              encode(sha256(coalesce((select string_agg(sha256(envelope) || coalesce(sha256(native), ''), ''::bytea order by no) from message), ''::bytea)
                || coalesce((select string_agg(sha256(bytes), ''::bytea order by no) from receipt), ''::bytea)), 'hex') as digest`,
    );
    world.note(rows[0]!.digest);
    return rows[0]!.n;
  }
}

async function judged({ mocks, clerks }: Federation, { database, keys }: Ground): Promise<Findings> {
  const books = Object.fromEntries(
    exchanges.map((exchange): [string, Books] => {
      const { received, effects, turnedDown } = mocks[exchange].book;
      return [
        exchange,
        {
          received: [...received.values()],
          effects: [...effects],
          turnedDown: turnedDown.map(({ key }) => key),
          orders: clerks[exchange].orders,
        },
      ];
    }),
  ) as Record<(typeof exchanges)[number], Books>;
  const tables = await readTables(database, { trust: keys.trust } as KeyStore);
  // No sequencer runs in this world: rows wait for their leaves.
  const faults = tables.faults.filter((fault) => !fault.endsWith('has no leaf in the log'));
  return judge(books, { ...tables, faults });
}
