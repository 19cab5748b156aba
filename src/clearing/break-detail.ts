import type { Queryable } from '../journal/database.ts';
import { payloadOf } from '../journal/payload.ts';
import type { Entry } from './adjustment.ts';
import { type Break, breakColumns } from './break.ts';
import { namesOfAct } from './break-states.ts';
import type { FailingField } from './classify-fields.ts';
import type { KeptFound } from './match-found.ts';

/** Everything about one break: three columns, what was done, what is proposed, booked, asked and answered. */
export interface BreakDetail {
  readonly stands: Break;
  /** As the last comparison that found it saw it. */
  readonly fields: readonly FailingField[];
  readonly seen: KeptFound['seen'];
  readonly suggestions: KeptFound['suggestions'];
  /** Oldest first; to an exchange none. */
  readonly acts: readonly Told[];
  /** The proposal under way or last posted: what the checker sees is exactly what the maker signed for. */
  readonly proposal: { readonly sha256: string; readonly signed: object; readonly checkers: readonly string[] } | null;
  readonly adjustments: readonly Adjustment[];
  readonly queries: readonly Query[];
}

interface Told {
  readonly act: string;
  readonly names: { readonly zh: string; readonly en: string };
  readonly from: string | null;
  readonly to: string | null;
  readonly version: number | null;
  readonly actor: string;
  readonly role: string;
  readonly reason: string | null;
  readonly note: string | null;
  readonly detail: object;
  readonly at: Date;
}

interface Adjustment {
  readonly no: bigint;
  readonly reverses: bigint | null;
  readonly entries: readonly Entry[];
  readonly postedBy: string;
  readonly at: Date;
}

interface Query {
  readonly message: string;
  readonly asks: string;
  readonly asker: string;
  readonly addressee: string;
  readonly about: string | null;
  readonly answerBy: string;
  /** The messages as they were signed; null where they are not for these eyes. */
  readonly said: object | null;
  readonly answer: { readonly message: string; readonly verdict: string; readonly said: object | null } | null;
}

/** Undefined: there is no such break, or it is not for these eyes. */
export async function breakDetail(connection: Queryable, id: string): Promise<BreakDetail | undefined> {
  const found = await connection.query<Break & Found & Record<string, unknown>>(
    `select ${breakColumns('b')}, coalesce(f.fields, '[]') as fields, coalesce(f.suggestions, '[]') as suggestions,
            coalesce(f.seen, '{"a":null,"g":null,"b":null}') as seen
       from clearing_break b left join clearing_found f on f.run = b.run and f.break_id = b.id where b.id = $1`,
    [id],
  );
  const row = found.rows[0];
  if (row === undefined) return undefined;
  const { fields, seen, suggestions, ...stands } = row;
  const acts = await connection.query<Omit<Told, 'names'> & Record<string, unknown>>(
    `select act, from_state as "from", to_state as "to", version, actor, role, reason, note, detail, at
       from clearing_act where break_id = $1 order by no`,
    [id],
  );
  const adjustments = await connection.query<Omit<Adjustment, 'entries'> & Booked & Record<string, unknown>>(
    `select no, reverses, accounts, amounts_fen::text[] as fen, posted_by as "postedBy", at
       from clearing_adjustment where break_id = $1 order by no`,
    [id],
  );
  return {
    stands: stands as Break,
    fields,
    seen,
    suggestions,
    acts: acts.rows.map((one) => ({ ...one, names: namesOfAct(one.act) })),
    proposal: await proposalOf(connection, stands.proposal),
    adjustments: adjustments.rows.map(({ accounts, fen, ...one }) => ({
      ...one,
      entries: accounts.map((account, at) => ({ account, amountFen: BigInt(fen[at]!) })),
    })),
    queries: await queriesOf(connection, id),
  };
}

type Found = Pick<BreakDetail, 'fields' | 'seen' | 'suggestions'>;

interface Booked {
  readonly accounts: readonly string[];
  readonly fen: readonly string[];
}

async function proposalOf(connection: Queryable, no: bigint | null): Promise<BreakDetail['proposal']> {
  if (no === null) return null;
  const { rows } = await connection.query<{ sha256: string; bytes: Buffer; checkers: readonly string[] }>(
    `select sha256, bytes, array(select checker from clearing_approval a where a.proposal = p.no order by place) as checkers
       from clearing_proposal p where no = $1`,
    [no],
  );
  const row = rows[0];
  if (row === undefined) return null;
  return { sha256: row.sha256, signed: JSON.parse(row.bytes.toString('utf8')) as object, checkers: row.checkers };
}

async function queriesOf(connection: Queryable, id: string): Promise<readonly Query[]> {
  const { rows } = await connection.query<Omit<Query, 'said' | 'answer'> & Answered & Record<string, unknown>>(
    `select q.message, q.asks, q.asker, q.addressee, q.about, q.answer_by as "answerBy", m.envelope as asked,
            a.message as "answerMessage", a.verdict, n.envelope as answered
       from clearing_query q left join message m on m.id = q.message
       left join clearing_answer a on a.query = q.message left join message n on n.id = a.message
      where q.break_id = $1 order by q.asked_at, q.message`,
    [id],
  );
  const said = (envelope: Buffer | null) => (envelope === null ? null : payloadOf(envelope));
  return rows.map(({ asked, answered, answerMessage, verdict, ...query }) => ({
    ...query,
    said: said(asked),
    answer: answerMessage === null ? null : { message: answerMessage, verdict: verdict!, said: said(answered) },
  }));
}

interface Answered {
  readonly asked: Buffer | null;
  readonly answerMessage: string | null;
  readonly verdict: string | null;
  readonly answered: Buffer | null;
}
