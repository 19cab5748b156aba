import type { Gateway } from '../src/gateway.ts';
import { hastenDeliveries } from '../src/journal/outbox.ts';
import { approveRedrive, proposeRedrive } from '../src/journal/redrive.ts';

/** Where the poisoned listing comes from, its number there, and the host that falls over it. */
export const POISONED = { home: 'ctex', number: 'L0000001', host: 'stex' } as const;

/** What is left of a message that was tried in vain. */
export interface DeadLetter {
  readonly attempts: number;
  readonly reason: unknown;
  /** Later messages of its stream, which wait behind it. */
  readonly waitingBehind: number;
}

/** The poisoned stream as the gateway's outbox knows it, and what people do about it. */
export interface Poisoned {
  /** Nothing of any other stream is on its way any more. */
  othersDelivered(): Promise<void>;
  /** How often its messages have been tried in vain since it was last mended. */
  attempts(): Promise<number>;
  /** Its host takes messages again, and what waits is due at once: resolves when nothing waits. */
  mended(): Promise<void>;
  /** Tries without waiting in between until the message is dead. */
  died(): Promise<DeadLetter>;
  /** One person puts the dead letter forward, another lets it go. */
  redriven(): Promise<void>;
  /** How many of its messages the host has refused. */
  refused(): Promise<number>;
  /** Deliveries of all streams that ended before an earlier one of theirs. */
  outOfOrder(): Promise<number>;
}

const LANE = `${POISONED.home}:${POISONED.number}`;
const LOOK_MS = 20;
const LIMIT_MS = 120_000;

export function openPoisoned(gateway: Gateway, nowMs: () => number): Poisoned {
  const { database } = gateway;
  let refusedBefore = 0;

  const count = async (condition: string, of: readonly string[] = [POISONED.host, LANE]): Promise<number> => {
    const { rows } = await database.query<{ count: number }>(
      `select count(*)::int as count from delivery where ${condition}`,
      [...of],
    );
    return rows[0]!.count;
  };
  const refused = () => count(`exchange = $1 and lane = $2 and state = 'refused'`);
  const until = async (what: string, isSo: () => Promise<boolean>) => {
    const deadline = performance.now() + LIMIT_MS;
    while (!(await isSo())) {
      if (performance.now() > deadline) throw new Error(`not within ${LIMIT_MS} ms: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  };
  const hasten = async () => {
    if ((await hastenDeliveries(database, POISONED.host, new Date(nowMs()))) > 0) await gateway.sweep();
  };
  const deadNo = async () => {
    const { rows } = await database.query<{ no: bigint; attempts: number; reason: unknown }>(
      `select no, attempts, reason from delivery where state = 'dead'`,
    );
    if (rows.length > 1) throw new Error(`${rows.length} dead letters where there may be one`);
    return rows[0];
  };

  return {
    othersDelivered: () =>
      until(
        'all other messages are delivered',
        async () => (await count('open and not (exchange = $1 and lane = $2)')) === 0,
      ),
    attempts: async () => {
      const { rows } = await database.query<{ tried: number }>(
        'select coalesce(sum(attempts), 0)::int as tried from delivery where open and exchange = $1 and lane = $2',
        [POISONED.host, LANE],
      );
      return rows[0]!.tried + (await refused()) - refusedBefore;
    },
    mended: async () => {
      await until('the poisoned stream is delivered', async () => {
        await hasten();
        return (await count('open', [])) === 0;
      });
      refusedBefore = await refused();
    },
    died: async () => {
      await until('the message is dead', async () => {
        await hasten();
        return (await deadNo()) !== undefined;
      });
      const { attempts, reason } = (await deadNo())!;
      const open = await count('open and exchange = $1 and lane = $2');
      return { attempts, reason, waitingBehind: open - 1 };
    },
    redriven: async () => {
      const { no } = (await deadNo())!;
      const at = new Date(nowMs());
      await proposeRedrive(database, no, { by: 'maker', at });
      await approveRedrive(database, no, { by: 'checker', at });
      await gateway.sweep();
    },
    refused,
    outOfOrder: async () => {
      const { rows } = await database.query<{ count: number }>(
        `select count(*)::int as count from (
           select finished_at < max(finished_at) over (partition by exchange, lane order by no) as is_before
             from delivery) as each where is_before`,
      );
      return rows[0]!.count;
    },
  };
}
