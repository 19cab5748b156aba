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
