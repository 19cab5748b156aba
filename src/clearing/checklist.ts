import type { Queryable } from '../journal/database.ts';
import { type Blocker, type Cycle, type CycleState, cycleStates } from './cycle.ts';

/** One line of the day's checklist: what is to be done, who did it and when, or what is in its way. */
export interface ChecklistLine {
  readonly state: CycleState;
  readonly zh: string;
  readonly en: string;
  /** Null: not done yet, in this version of the day. */
  readonly done: { readonly at: Date; readonly by: string; readonly role: string; readonly detail: unknown } | null;
  /** Of the next step only. */
  readonly blocked: readonly Blocker[];
}

interface StepRow {
  readonly version: number;
  readonly state: CycleState;
  readonly actor: string;
  readonly role: string;
  readonly detail: unknown;
  readonly at: Date;
}

/** Every step of the day in its order; of a day compared again the steps that count. */
export async function checklistOf(connection: Queryable, cycle: Cycle): Promise<readonly ChecklistLine[]> {
  const { rows } = await connection.query<StepRow & Record<string, unknown>>(
    'select version, state, actor, role, detail, at from clearing_step where cycle = $1 order by no',
    [cycle.cycle],
  );
  const taken = new Map<CycleState, StepRow>();
  for (const row of rows) {
    // Back at the cut: what came after it is to be done again.
    if (row.state === 'cut') for (const state of orderAfter('cut')) taken.delete(state);
    if (row.state !== 'cut' || !taken.has('cut')) taken.set(row.state, row);
  }
  const isFailed = taken.has('failed');
  const states = (Object.keys(cycleStates) as CycleState[]).filter(
    (state) => state !== (isFailed ? 'settled' : 'failed'),
  );
  const next = states.find((state) => !taken.has(state));
  return states.map((state) => {
    const step = taken.get(state);
    const { zh, en } = cycleStates[state].task;
    const done = step === undefined ? null : { at: step.at, by: step.actor, role: step.role, detail: step.detail };
    return { state, zh, en, done, blocked: state === next ? cycle.blocked : [] };
  });
}

function orderAfter(state: CycleState): readonly CycleState[] {
  const states = Object.keys(cycleStates) as CycleState[];
  return states.slice(states.indexOf(state) + 1);
}
