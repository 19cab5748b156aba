import pg from 'pg';

interface Asked {
  readonly text: string;
  readonly values: readonly unknown[] | undefined;
}

/** A statement as servers know it: prepared once for each real connection, which outlives a seed. */
interface Named {
  readonly name: string;
  readonly text: string;
  readonly isTimed: boolean;
  /** Of its rows, once a server has said them: they are the same for every connection. */
  columns: readonly Column[] | undefined;
}

interface Column {
  readonly name: string;
  readonly parse: (text: string) => unknown;
}

const statements = new Map<string, Named>();

/** Asks on a real connection. The server's clock is the world's: a statement that asks for it is told. */
export function ask(client: pg.Client, { text, values }: Asked, nowMs: number): Promise<pg.QueryResult> {
  if (values === undefined) return client.query(text);
  const named = statements.get(text) ?? {
    name: `s${statements.size}`,
    text: text.replaceAll('clock_timestamp()', `$${values.length + 1}::timestamptz`),
    isTimed: text.includes('clock_timestamp()'),
    columns: undefined,
  };
  statements.set(text, named);
  return new Promise((resolve, reject) => {
    const all = named.isTimed ? [...values, new Date(nowMs)] : values;
    client.query(new Prepared(named, all, (error, result) => (error ? reject(error) : resolve(result))));
  });
}

type Answer = (error: Error | null, result: pg.QueryResult) => void;

/** What pg's own query has beyond its types (pg/lib/query.js). */
interface Inside {
  name: string;
  values: readonly unknown[];
  callback: Answer;
  readonly _result: pg.QueryResult & { readonly _types: pg.CustomTypesConfig };
  prepare(connection: pg.Connection): void;
  handleCommandComplete(message: unknown, connection: pg.Connection): void;
}
const Query = pg.Query as unknown as new (text: string) => pg.Query & Inside;

/** pg's query, but it asks what its rows look like only where nobody knows yet, and goes out in one piece. */
class Prepared extends Query {
  readonly #named: Named;
  constructor(named: Named, values: readonly unknown[], callback: Answer) {
    super(named.text);
    Object.assign(this, { name: named.name, values, callback });
    this.#named = named;
  }
  override prepare(connection: pg.Connection): void {
    const collector = collectorOf(connection);
    collector.asksForRows = this.#named.columns === undefined;
    super.prepare(collector.connection);
    connection.stream.write(Buffer.concat(collector.parts.splice(0)));
  }
  handleRowDescription({ fields }: { readonly fields: readonly pg.FieldDef[] }): void {
    const { _types: types } = this._result;
    this.#named.columns = fields.map(({ name, dataTypeID }) => ({
      name,
      parse: types.getTypeParser(dataTypeID, 'text') as Column['parse'],
    }));
  }
  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const row: Record<string, unknown> = {};
    for (const [i, { name, parse }] of this.#named.columns!.entries()) {
      const text = fields[i]!;
      row[name] = text === null ? null : parse(text);
    }
    this._result.rows.push(row);
  }
  override handleCommandComplete(message: unknown, connection: pg.Connection): void {
    // Done without a word about rows: it has none.
    this.#named.columns ??= [];
    super.handleCommandComplete(message, connection);
  }
}

/** A connection, but what is said to it is kept for whoever sends it; without questions about rows where they are known. */
interface Collector {
  readonly connection: pg.Connection;
  readonly parts: Buffer[];
  asksForRows: boolean;
}

const collectors = new WeakMap<pg.Connection, Collector>();

function collectorOf(connection: pg.Connection): Collector {
  const known = collectors.get(connection);
  if (known !== undefined) return known;
  const own = Object.create(connection) as pg.Connection;
  const collector: Collector = { connection: own, parts: [], asksForRows: true };
  Object.assign(own, {
    _send: (part: Buffer) => void collector.parts.push(part),
    describe: (message: pg.MessageConfig) => {
      if (collector.asksForRows) connection.describe.call(own, message, false);
    },
  });
  collectors.set(connection, collector);
  return collector;
}
