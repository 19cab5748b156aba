import type { ClientBase } from 'pg';

/** The server that was reached is no place for what must never be lost. `code` is PostgreSQL's own for it. */
export class UnfitServer extends Error {
  override readonly name = 'UnfitServer';
  readonly code: '25006' | '57P03';

  constructor(code: UnfitServer['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Lets a new connection into the pool only if commits on it last: behind one address there may be a standby after a
 * failover, and a pooler may have dropped the settings that the connection asked for.
 */
export async function requireLasting(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ read_only: string; commits: string }>(
    `select current_setting('transaction_read_only') as read_only, current_setting('synchronous_commit') as commits`,
  );
  const { read_only, commits } = rows[0]!;
  if (read_only === 'on') throw new UnfitServer('25006', 'a standby, or made read-only: nothing can be recorded there');
  if (commits !== 'on' && commits !== 'remote_apply') {
    throw new UnfitServer('57P03', `synchronous_commit is ${commits} there: what it acknowledges may be lost`);
  }
}

const WARNING = '01000';

/**
 * A commit that waits for its standby, and is cancelled by somebody, is answered as done, with a warning: nobody knows
 * whether it lasts, which is to say that the connection was lost at COMMIT.
 */
export function breakOnWarning(client: ClientBase): void {
  client.on('notice', ({ code, message }) => {
    if (code === WARNING) client.emit('error', new UnfitServer('57P03', `perhaps not committed: ${message}`));
  });
}

/**
 * The database cannot do the work now and may soon: it is away, starting, stopping, overloaded, or only a standby
 * (25006). Never a word on the message that was being worked on. Classes of SQLSTATE (PostgreSQL, appendix A), and
 * errors of the network.
 */
export function isAway(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code === 'string') return /^(08...|53...|57...|25006|25P03|55P03|40001|40P01|E[A-Z]+)$/.test(code);
  return typeof message === 'string' && /timeout|terminated|not queryable/i.test(message);
}

/** The connection leads nowhere any more, or to a server that cannot be written to: it is for nobody else. */
export function isLost(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  // The other classes that mean away are about one statement: too busy, too slow, a lock.
  return isAway(error) && !(typeof code === 'string' && /^(53...|57014|55P03|40...)$/.test(code));
}
