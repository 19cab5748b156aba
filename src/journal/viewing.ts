import type { Exchange } from '../contract/exchange.ts';
import { type Database, type Queryable, transaction } from './database.ts';

/** Whose rows are seen: one exchange's own, every row (staff), or none. */
export type Viewer = Exchange | '*' | '';

/**
 * Reads as somebody: in one transaction, under the role `qiao_reader`, on one state of the database. Which rows there
 * are is decided by the database's row-level policies (0006_access.sql), whatever the statements ask for; writing is
 * refused there.
 */
export async function viewing<Result>(
  database: Database,
  viewer: Viewer,
  read: (connection: Queryable) => Promise<Result>,
): Promise<Result> {
  return await transaction(
    database,
    async (connection) => {
      // Sent ahead, not waited for: should they fail, so does every statement behind them.
      const [, , result] = await Promise.all([
        connection.query(`select set_config('qiao.viewer', $1, true)`, [viewer]),
        connection.query('set local role qiao_reader'),
        read(connection),
      ]);
      return result;
    },
    'repeatable read',
  );
}
