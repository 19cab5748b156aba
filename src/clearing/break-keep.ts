import { createHash } from 'node:crypto';
import { recordAct } from '../journal/audit.ts';
import type { Database, Queryable } from '../journal/database.ts';
import type { Calendar } from '../rules/calendar.ts';
import { addBreaks, saveBreaks } from './break.ts';
import { type KeptAct, keepActs } from './break-acts.ts';
import type { Measures } from './break-judge.ts';
import type { Judged } from './break-walk.ts';

export interface EngineParts {
  readonly database: Database;
  /** Of the statutory working days. */
  readonly calendar: Calendar;
  readonly limits: { readonly escalationFen: number };
  nowMs(): number;
  newId(): string;
}

/** How often the comparison did what; a break may count twice (`verify` and `close`). */
export type Absorbed = Readonly<Record<string, number>>;

/** What a judgement rests on, of breaks that end by it. */
export type Proofs = ReadonlyMap<string, object>;

export const ENGINE = { actor: 'qiao', role: 'engine' } as const;
/** Breaks in one transaction. */
export const PAGE = 1000;

export function measuresOf({ calendar, limits, nowMs }: EngineParts): Measures {
  return { calendar, escalationFen: BigInt(limits.escalationFen), at: new Date(nowMs()) };
}

/**
 * Writes down what was judged: acts, breaks, and one line in the audit trail for all of them with the digest of
 * `break version act` a line. Gives how often each act was done.
 */
export async function keepJudged(
  connection: Queryable,
  subject: string,
  judged: { readonly fresh?: readonly Judged[]; readonly known?: readonly Judged[]; readonly proofs?: Proofs },
  parts: EngineParts,
): Promise<Absorbed> {
  const { fresh = [], proofs } = judged;
  const changed = (judged.known ?? []).filter(({ steps }) => steps.length > 0);
  const at = new Date(parts.nowMs());
  const deed = parts.newId();
  const acts = [...fresh, ...changed].flatMap(({ after, steps }) =>
    steps.map(({ act, from, to, version }): KeptAct => {
      const { severity, escalation, due, findingSha256 } = after;
      const detail = {
        ...(act === 'escalate' ? { severity, escalation, due } : { comparison: subject, finding: findingSha256 }),
        ...(act === 'clear' ? { proof: proofs?.get(after.id) ?? null } : {}),
      };
      return { breakId: after.id, version, act, from, to, ...ENGINE, detail, deed, at };
    }),
  );
  if (acts.length === 0) return {};
  await keepActs(connection, acts);
  await addBreaks(
    connection,
    fresh.map(({ after }) => after),
  );
  await saveBreaks(
    connection,
    changed.map(({ after }) => after),
  );
  const lines = acts.map(({ breakId, version, act }) => `${breakId} ${version} ${act}\n`).join('');
  const sha256 = createHash('sha256').update(lines).digest('hex');
  const detail = { deed, acts: acts.length, sha256 };
  await recordAct(connection, { ...ENGINE, act: 'breaks-compared', subject, detail, at });
  return sum(acts.map(({ act }) => ({ [act]: 1 })));
}

export function sum(tallies: readonly Absorbed[]): Absorbed {
  const all: Record<string, number> = {};
  for (const tally of tallies) for (const [act, times] of Object.entries(tally)) all[act] = (all[act] ?? 0) + times;
  return all;
}
