import type { Actor } from '../access/actor.ts';
import { instantAt } from '../contract/dates.ts';
import type { Participant } from '../contract/exchange.ts';
import type { ClearingAnswer, ClearingQuery } from '../contract/generated/messages.ts';
import { yuan } from '../contract/money.ts';
import { accepted, type Checked, type Refusal, refuse, refused } from '../contract/refusal.ts';
import { recordAct } from '../journal/audit.ts';
import { type Queryable, transaction } from '../journal/database.ts';
import { type Break, lockBreaks } from './break.ts';
import { missingEvidence, moveBreak, placeOf, type QueryParts, schemaRefusals } from './query.ts';

export interface Answering {
  /** Message id of the query. */
  readonly query: string;
  readonly verdict: ClearingAnswer['verdict'];
  /** What is accepted, where it is less than was asked. */
  readonly amountFen?: bigint;
  readonly text: string;
  readonly evidence: readonly string[];
}

interface Asked {
  readonly breakId: string;
  readonly asks: ClearingQuery['asks'];
  readonly asker: Participant;
  readonly addressee: string;
  readonly amountFen: bigint | null;
  readonly isAnswered: boolean;
  /** Other queries about the same break that wait for an answer. */
  readonly others: bigint;
}

/**
 * The addressee's answer (查复, 同意, 退单), signed by it, once. With the last one that was waited for, a disputed break goes
 * back to the desk: what was accepted still has to be proposed, approved and booked.
 */
export async function answer(
  parts: QueryParts,
  by: Actor,
  answering: Answering,
): Promise<Checked<{ readonly message: string; readonly stands: Break }>> {
  return transaction(parts.database, async (connection) => {
    const first = await readAsked(connection, answering.query);
    if (first === undefined) return refused(refuse('reference-unknown', '/query', answering.query));
    if (by.role !== 'integrator') return refused(refuse('role-forbids', '', by.role));
    if (by.exchange === null || by.exchange !== first.addressee) return refused(refuse('not-yours', '/query'));
    const { stands } = (await lockBreaks(connection, [first.breakId])).get(first.breakId)!;
    const wrong: Refusal[] = [];
    // Read again under the lock: of two answers at once the second finds the first.
    const asked = (await readAsked(connection, answering.query))!;
    if (asked.isAnswered) wrong.push(refuse('state-forbids', '/query'));
    if ((asked.asks === 'inquiry') !== (answering.verdict === 'replied'))
      wrong.push(refuse('inconsistent', '/verdict'));
    const { amountFen } = answering;
    if (amountFen !== undefined) {
      if (answering.verdict !== 'accepted') wrong.push(refuse('inconsistent', '/amount'));
      if (amountFen <= 0n || amountFen > (asked.amountFen ?? 0n)) wrong.push(refuse('bad-money', '/amount'));
    }
    wrong.push(...(await missingEvidence(connection, answering.evidence)));
    const atMs = parts.nowMs();
    const payload = {
      kind: 'clearing-answer',
      query: answering.query,
      break: stands.id,
      from: by.exchange,
      to: asked.asker,
      verdict: answering.verdict,
      ...(amountFen === undefined ? {} : { amount: yuan(amountFen) }),
      text: answering.text,
      ...(answering.evidence.length === 0 ? {} : { evidence: answering.evidence }),
      answeredAt: instantAt(atMs),
    };
    wrong.push(...schemaRefusals('clearing-answer', payload));
    if (wrong.length > 0) return refused(...wrong);
    const place = placeOf(stands, asked.asker);
    const message = await parts.say(
      connection,
      { kind: 'clearing-answer', issuer: by.exchange, audience: [asked.asker], ...place, payload, sentToUs: true },
      atMs,
    );
    await connection.query(
      'insert into clearing_answer (message, query, verdict, amount_fen, answered_at) values ($1, $2, $3, $4, $5)',
      [message, answering.query, answering.verdict, amountFen ?? null, new Date(atMs)],
    );
    const detail = { message, verdict: answering.verdict };
    const after =
      asked.others > 0n ? stands : await moveBreak(connection, 'answer', by, stands, detail, atMs, parts.newId());
    const act = { actor: by.name, role: by.role, act: 'break-answered', subject: stands.id, detail };
    await recordAct(connection, { ...act, at: new Date(atMs) });
    return accepted({ message, stands: after });
  });
}

async function readAsked(connection: Queryable, message: string): Promise<Asked | undefined> {
  const { rows } = await connection.query<Asked & Record<string, unknown>>(
    `select q.break_id as "breakId", q.asks, q.asker, q.addressee, q.amount_fen as "amountFen",
            exists (select from clearing_answer a where a.query = q.message) as "isAnswered",
            (select count(*) from clearing_query o where o.break_id = q.break_id and o.message <> q.message
                and not exists (select from clearing_answer a where a.query = o.message)) as others
       from clearing_query q where q.message::text = $1`,
    [message],
  );
  return rows[0];
}
