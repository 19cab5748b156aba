import type { Queryable } from '../journal/database.ts';
import { insertRows } from '../journal/rows.ts';

/** One act to be kept: of a break that moves with the version it reaches, of a note without. */
export interface KeptAct {
  readonly breakId: string;
  readonly version: number | null;
  readonly act: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly role: string;
  readonly actor: string;
  readonly reason?: string;
  readonly note?: string;
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly deed: string;
  readonly at: Date;
}

/** Keeps acts in their order; those of a break before the break itself is saved. */
export async function keepActs(connection: Queryable, acts: readonly KeptAct[]): Promise<void> {
  await insertRows(
    connection,
    'clearing_act',
    {
      break_id: 'text',
      version: 'integer',
      act: 'text',
      from_state: 'text',
      to_state: 'text',
      role: 'text',
      actor: 'text',
      reason: 'text',
      note: 'text',
      detail: 'json',
      deed: 'uuid',
      at: 'timestamptz',
    },
    acts.map(({ breakId, from, to, detail, reason, note, ...act }) => ({
      ...act,
      break_id: breakId,
      from_state: from,
      to_state: to,
      reason: reason ?? null,
      note: note ?? null,
      detail: JSON.stringify(detail ?? {}),
    })),
  );
}
