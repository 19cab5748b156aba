import type { Exchange } from '../contract/exchange.ts';
import type { Queryable } from './database.ts';

/** The right to hold the line to one exchange. Whoever shows an older token is turned away. */
export interface Term {
  readonly exchange: Exchange;
  readonly token: bigint;
}

/**
 * Takes the line when nobody holds it, for `termMs`; undefined: somebody does. Each term has a higher token than all
 * before it. The server's clock decides when a term is over: gateways' clocks may differ. So may that of a standby which
 * has become the primary: a term that would end later than any does binds nobody, its holder is turned away by the token.
 */
export async function beginTerm(
  connection: Queryable,
  exchange: Exchange,
  holder: string,
  termMs: number,
): Promise<Term | undefined> {
  const { rows } = await connection.query<{ token: bigint }>(
    `insert into link_owner as o (exchange, holder, token, until)
     values ($1, $2, 1, clock_timestamp() + $3::float8 * interval '1 ms')
     on conflict (exchange) do update
       set holder = excluded.holder, token = o.token + 1, until = excluded.until
       where o.until <= clock_timestamp() or o.until > clock_timestamp() + 2 * $3::float8 * interval '1 ms'
     returning token`,
    [exchange, holder, termMs],
  );
  return rows[0] === undefined ? undefined : { exchange, token: rows[0].token };
}

/** Makes a term longer; false: it is another's by now. One that ran out goes on where nobody has taken over. */
export async function renewTerm(connection: Queryable, { exchange, token }: Term, termMs: number): Promise<boolean> {
  const { rowCount } = await connection.query(
    `update link_owner set until = clock_timestamp() + $3::float8 * interval '1 ms' where exchange = $1 and token = $2`,
    [exchange, token, termMs],
  );
  return rowCount === 1;
}

/** Another may take over at once. */
export async function endTerm(connection: Queryable, { exchange, token }: Term): Promise<void> {
  await connection.query('update link_owner set until = clock_timestamp() where exchange = $1 and token = $2', [
    exchange,
    token,
  ]);
}

/** Thrown to a gateway that acts under a term which is over: another one holds the line. */
export class TermOver extends Error {
  override readonly name = 'TermOver';
  constructor({ exchange, token }: Term) {
    super(`${exchange}: the line is held by another gateway since term ${token} ended`);
  }
}
