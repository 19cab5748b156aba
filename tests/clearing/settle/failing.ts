import type { Database, Queryable } from '../../../src/journal/database.ts';

/** What goes wrong at which statement: nothing was done, or it was done and the answer was lost. */
export interface Failure {
  readonly at: number;
  readonly after: boolean;
}

export class Killed extends Error {}

/**
 * The same database, dead from its nth statement on (BEGIN and COMMIT count): as if the process had been killed there.
 * `statements`: how many there were; `commits`: which of them made something durable.
 */
export function failing(
  database: Database,
  failure: Failure,
): Database & { readonly seen: { readonly statements: number; readonly commits: readonly number[] } } {
  let count = 0;
  const commits: number[] = [];
  let dead = false;
  const guard =
    (inner: Queryable): Queryable['query'] =>
    async (text, values) => {
      if (dead) throw new Killed('dead');
      count += 1;
      if (text === 'COMMIT') commits.push(count);
      const isLast = count === failure.at;
      if (isLast && !failure.after) {
        dead = true;
        throw new Killed(`before ${String(text).slice(0, 40)}`);
      }
      const answer = await inner.query(text, values);
      if (isLast) {
        dead = true;
        throw new Killed(`after ${String(text).slice(0, 40)}`);
      }
      return answer as never;
    };
  return {
    url: database.url,
    query: guard(database),
    close: async () => {},
    get seen() {
      return { statements: count, commits };
    },
    async connect() {
      const client = await database.connect();
      const query = guard({ query: (text, values) => client.query(text as never, values as never) as never });
      return new Proxy(client, {
        get(target, name) {
          if (name === 'query') {
            return (text: unknown, values?: readonly unknown[]) => {
              // A dead process rolls nothing back; its connection is closed by the server, which does.
              if (dead && text === 'ROLLBACK') return target.query('ROLLBACK');
              return query(text as string, values);
            };
          }
          const value = Reflect.get(target, name);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    },
  };
}
