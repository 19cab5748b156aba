import pg from 'pg';

/** Real connections, kept from one seed to the next. */
export interface Connections {
  take(): Promise<pg.Client>;
  give(client: pg.Client): void;
  readonly monitor: pg.Client;
  close(): Promise<void>;
}

const { INT8, DATE } = pg.types.builtins;
/** As src/journal/database.ts reads them. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') => {
    if (oid === INT8) return BigInt;
    if (oid === DATE) return (text: string) => text;
    return pg.types.getTypeParser(oid, format as 'text');
  },
};

export async function openConnections(url: string): Promise<Connections> {
  const free: pg.Client[] = [];
  const all: pg.Client[] = [];
  const connect = async () => {
    const client = new pg.Client({ connectionString: url, application_name: 'simulation', types, pipeline: true });
    client.on('error', () => {});
    await client.connect();
    // A statement is planned once for all seeds, not anew at each of its first five uses.
    await client.query('set synchronous_commit = off; set jit = off; set plan_cache_mode = force_generic_plan');
    all.push(client);
    return client;
  };
  const monitor = await connect();
  return {
    monitor,
    take: async () => free.pop() ?? connect(),
    give: (client) => void free.push(client),
    close: async () => {
      await Promise.all(all.map((client) => client.end()));
    },
  };
}

interface Asked {
  readonly text: string;
  readonly values: readonly unknown[] | undefined;
}

const texts = new Map<string, { readonly name: string; readonly text: string; readonly isTimed: boolean }>();

/**
 * Statements are prepared once for each real connection, which outlive a seed. The server's clock is the world's: where
 * one asks for it, it is told.
 */
export function asSent({ text, values }: Asked, nowMs: number): pg.QueryConfig {
  if (values === undefined) return { text };
  const known = texts.get(text) ?? {
    name: `s${texts.size}`,
    text: text.replaceAll('clock_timestamp()', `$${values.length + 1}::timestamptz`),
    isTimed: text.includes('clock_timestamp()'),
  };
  texts.set(text, known);
  const { name, isTimed } = known;
  return { name, text: known.text, values: isTimed ? [...values, new Date(nowMs)] : [...values] };
}
