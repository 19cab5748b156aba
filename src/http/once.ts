import { createHash } from 'node:crypto';
import { keepAnswer, keptAnswer, takeKey } from '../journal/answers.ts';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import { type Problem, requestProblem } from './problem.ts';
import { type Answer, turnedDown } from './route.ts';

/** One POST under its Idempotency-Key. */
export interface Keyed {
  /** Keys of different callers never meet. */
  readonly caller: string;
  readonly key: string;
  /** Method, path and body: the same key with another digest is a mistake, never a repeat. */
  readonly digest: Buffer;
  readonly at: Date;
}

export function digestOfRequest(path: string, body: Uint8Array): Buffer {
  return createHash('sha256').update('POST\n').update(path).update('\n').update(body).digest();
}

export function keyProblem(key: string | undefined): Problem | undefined {
  if (key === undefined || key === '') return requestProblem('idempotency-key-missing', '#header/idempotency-key');
  return /^[!-~]{1,128}$/.test(key) ? undefined : requestProblem('idempotency-key-invalid', '#header/idempotency-key');
}

/**
 * Has the effect once: in one transaction the key is taken, the effect happens and the answer is kept. A repeat gets
 * the kept answer; a repeat while the first is under way 409; another request under the same key 422.
 * A crash in between leaves neither effect nor answer, so the caller may simply try again.
 */
export async function once(
  database: Database,
  keyed: Keyed,
  effect: (connection: Queryable) => Promise<Answer>,
): Promise<Answer> {
  return await transaction(database, async (connection) => {
    const { caller, key, digest, at } = keyed;
    if (!(await takeKey(connection, caller, key))) {
      const waiting = turnedDown(requestProblem('idempotency-in-progress', '#header/idempotency-key'));
      return { ...waiting, headers: { 'retry-after': '1' } };
    }
    const kept = await keptAnswer(connection, caller, key);
    if (kept !== undefined) {
      if (!kept.digest.equals(digest)) {
        return turnedDown(requestProblem('idempotency-key-reused', '#header/idempotency-key'));
      }
      return { status: kept.status, body: JSON.parse(kept.body), headers: { 'idempotent-replayed': 'true' } };
    }
    const answer = await effect(connection);
    if (answer.status < 400) {
      await keepAnswer(
        connection,
        caller,
        key,
        { digest, status: answer.status, body: JSON.stringify('kept' in answer ? answer.kept : answer.body) },
        at,
      );
    }
    return answer;
  });
}
