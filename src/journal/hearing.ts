import type { PoolClient } from 'pg';
import type { Database, Queryable } from './database.ts';

/** What is called out to every gateway on one database. Nobody keeps it: who does not listen has missed it. */
export interface Hearing {
  stop(): Promise<void>;
}

const AGAIN_MS = 1_000;

/** Listens on a connection of its own, which is made anew when it is lost. Begins at once, and never throws. */
export function openHearing(
  database: Database,
  channel: string,
  onHeard: (word: string) => void,
  onFault: (error: unknown) => void,
): Hearing {
  let client: PoolClient | undefined;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;

  const leave = (lost?: Error) => {
    const left = client;
    client = undefined;
    left?.removeAllListeners('notification');
    // Its session still listens: it is not for the pool.
    left?.release(lost ?? true);
  };
  const begin = async () => {
    try {
      const connection = await database.connect();
      client = connection;
      connection.on('error', (error) => {
        if (client !== connection) return;
        leave(error);
        onFault(error);
        again();
      });
      connection.on('notification', ({ payload = '' }) => onHeard(payload));
      await connection.query(`listen ${channel}`);
    } catch (error) {
      leave(error as Error);
      onFault(error);
      again();
    }
    if (isStopped) leave();
  };
  const again = () => {
    if (isStopped) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      running = begin();
    }, AGAIN_MS);
    timer.unref();
  };
  let running = begin();
  return {
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await running;
      leave();
    },
  };
}

/** Calls it out. */
export async function callOut(connection: Queryable, channel: string, word: string): Promise<void> {
  await connection.query('select pg_notify($1, $2)', [channel, word]);
}
