import type { Actor } from '../access/actor.ts';
import { dateAt, dayNumber, instantAt } from '../contract/dates.ts';
import { type Exchange, isExchange, type Participant } from '../contract/exchange.ts';
import type { ClearingQuery } from '../contract/generated/messages.ts';
import { yuan } from '../contract/money.ts';
import { accepted, type Checked, type Refusal, refuse, refused } from '../contract/refusal.ts';
import { malformationsBy } from '../contract/validation.ts';
import { recordAct } from '../journal/audit.ts';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import { type Calendar, workingDayAt } from '../rules/calendar.ts';
import { type Break, lockBreaks, saveBreaks } from './break.ts';
import { keepActs } from './break-acts.ts';
import { leadsTo } from './break-states.ts';
import { evidenceThere } from './proposal-kept.ts';

/** What is said between exchanges: signed in the name of who says it, and journaled. */
export interface Word {
  readonly kind: 'clearing-query' | 'clearing-answer';
  readonly issuer: Participant;
  readonly audience: readonly Participant[];
  readonly stream: string;
  readonly subject: string;
  readonly payload: object;
  readonly cites: Exchange;
  readonly sentToUs: boolean;
}

export interface QueryParts {
  readonly database: Database;
  /** Of the statutory working days. */
  readonly calendar: Calendar;
  /** Signs and journals in this transaction; gives the message's id. */
  say(connection: Queryable, word: Word, atMs: number): Promise<string>;
  nowMs(): number;
  newId(): string;
}

export interface Asking {
  readonly breakId: string;
  /** The version that was seen, where the asker saw one. */
  readonly version?: number;
  readonly asks: ClearingQuery['asks'];
  /** Whom the desk asks; an exchange always asks the other one. */
  readonly to?: Exchange;
  readonly amountFen?: bigint;
  /** The refused claim that is claimed again. */
  readonly about?: string;
  readonly text: string;
  /** SHA-256 of attachments. */
  readonly evidence: readonly string[];
}

/** Working days in which an answer is due: a figure of this project, to be agreed. */
const DAYS_TO_ANSWER = 2;

/**
 * Asks the other exchange about a break (查询, 请款, 再请款, 贷记调整): signed by the exchange that asks, or by the gateway
 * for its own desk, which can only inquire. A break that is being worked on is disputed from then on.
 */
export async function ask(
  parts: QueryParts,
  by: Actor,
  asking: Asking,
): Promise<Checked<{ readonly message: string; readonly stands: Break }>> {
  return transaction(parts.database, async (connection) => {
    const there = (await lockBreaks(connection, [asking.breakId])).get(asking.breakId);
    if (there === undefined) return refused(refuse('reference-unknown', '/breakId', asking.breakId));
    const { stands } = there;
    if (asking.version !== undefined && asking.version !== stands.version) {
      return refused(refuse('version-stale', '/version', String(stands.version)));
    }
    const wrong: Refusal[] = [];
    const pair = between(by, asking, stands);
    if (!pair.ok) return pair;
    const { from, to } = pair.value;
    if ((asking.asks === 'inquiry') !== (asking.amountFen === undefined)) wrong.push(refuse('inconsistent', '/amount'));
    if (asking.amountFen !== undefined && asking.amountFen <= 0n) wrong.push(refuse('bad-money', '/amount'));
    wrong.push(...(await aboutClaim(connection, asking, from)));
    wrong.push(...(await missingEvidence(connection, asking.evidence)));
    const atMs = parts.nowMs();
    const day = dateAt(atMs);
    const answerBy = workingDayAt(parts.calendar, dayNumber(day) + 1, DAYS_TO_ANSWER - 1, day) ?? day;
    const payload = {
      kind: 'clearing-query',
      break: stands.id,
      deal: stands.dealId,
      from,
      to,
      asks: asking.asks,
      ...(asking.amountFen === undefined ? {} : { amount: yuan(asking.amountFen) }),
      ...(asking.about === undefined ? {} : { about: asking.about }),
      text: asking.text,
      ...(asking.evidence.length === 0 ? {} : { evidence: asking.evidence }),
      answerBy,
      askedAt: instantAt(atMs),
    };
    wrong.push(...schemaRefusals('clearing-query', payload));
    if (wrong.length > 0) return refused(...wrong);
    const sentToUs = from !== 'qiao';
    const message = await parts.say(
      connection,
      { kind: 'clearing-query', issuer: from, audience: [to], ...placeOf(stands, to), payload, sentToUs },
      atMs,
    );
    await connection.query(
      `insert into clearing_query (message, break_id, asks, asker, addressee, amount_fen, about, answer_by, asked_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        ...[message, stands.id, asking.asks, from, to],
        ...[asking.amountFen ?? null, asking.about ?? null, answerBy, new Date(atMs)],
      ],
    );
    const after = await moveBreak(
      connection,
      'dispute',
      by,
      stands,
      { message, asks: asking.asks },
      atMs,
      parts.newId(),
    );
    const detail = { message, asks: asking.asks, to };
    const act = { actor: by.name, role: by.role, act: 'break-queried', subject: stands.id, detail };
    await recordAct(connection, { ...act, at: new Date(atMs) });
    return accepted({ message, stands: after });
  });
}

function between(by: Actor, asking: Asking, { home, host }: Break): Checked<{ from: Participant; to: Exchange }> {
  const { asks, to } = asking;
  if (by.role === 'maker') {
    if (asks !== 'inquiry') return refused(refuse('role-forbids', '/asks', asks));
    if (to !== home && to !== host) return refused(refuse('unknown-code', '/to'));
    return accepted({ from: 'qiao', to });
  }
  if (by.role !== 'integrator' || !isExchange(by.exchange)) return refused(refuse('role-forbids', '', by.role));
  // Another's break is answered as if there were none.
  if (by.exchange !== home && by.exchange !== host) {
    return refused(refuse('reference-unknown', '/breakId', asking.breakId));
  }
  const other = by.exchange === home ? host : home;
  if (to !== undefined && to !== other) return refused(refuse('unknown-code', '/to'));
  return accepted({ from: by.exchange, to: other });
}

/** 再请款: of one's own claim on this break, which was refused, and only once. */
async function aboutClaim(connection: Queryable, asking: Asking, from: Participant): Promise<readonly Refusal[]> {
  if (asking.asks !== 're-claim') return asking.about === undefined ? [] : [refuse('inconsistent', '/about')];
  if (asking.evidence.length === 0) return [refuse('missing-field', '/evidence')];
  const { rows } = await connection.query<{ again: boolean }>(
    `select exists (select from clearing_query r where r.about = q.message) as again
       from clearing_query q join clearing_answer a on a.query = q.message and a.verdict = 'refused'
      where q.message::text = $1 and q.break_id = $2 and q.asker = $3 and q.asks = 'claim'`,
    [asking.about ?? '', asking.breakId, from],
  );
  if (rows[0] === undefined) return [refuse('reference-unknown', '/about')];
  return rows[0].again ? [refuse('state-forbids', '/about')] : [];
}

export async function missingEvidence(connection: Queryable, given: readonly string[]): Promise<readonly Refusal[]> {
  const there = await evidenceThere(
    connection,
    given.map((sha256) => `attachment:${sha256}`),
  );
  return given.flatMap((sha256, at) =>
    there.has(`attachment:${sha256}`) ? [] : [refuse('reference-unknown', `/evidence/${at}`)],
  );
}

export function schemaRefusals(kind: Word['kind'], payload: object): readonly Refusal[] {
  return malformationsBy(kind, payload);
}

/** A stream of each speaker for each deal; the subject names whom it is for, so that they may read it. */
export function placeOf({ dealId, home, id }: Break, to: Participant): Pick<Word, 'stream' | 'subject' | 'cites'> {
  return { stream: `clearing/${dealId}`, subject: `${to}:${id}`, cites: home };
}

/** Moves the break where the life cycle says so; elsewhere what was said stands by itself. */
export async function moveBreak(
  connection: Queryable,
  act: 'dispute' | 'answer',
  by: Pick<Actor, 'name' | 'role'>,
  before: Break,
  detail: Readonly<Record<string, string>>,
  atMs: number,
  deed: string,
): Promise<Break> {
  const [to] = leadsTo(act, before.state, by.role);
  if (to === undefined) return before;
  const at = new Date(atMs);
  const after: Break = { ...before, state: to, version: before.version + 1, changedAt: at };
  const { id: breakId, version } = after;
  await keepActs(connection, [
    { breakId, version, act, from: before.state, to, role: by.role, actor: by.name, detail, deed, at },
  ]);
  await saveBreaks(connection, [after]);
  return after;
}
