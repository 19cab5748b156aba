/**
 * What is final, and whether settlement may go on.
 *
 * A checkpoint is final once the quorum of witnesses has cosigned it. When none has been for a while, nobody outside
 * can tell any more which history this gateway keeps: money must not move on it, whereas messages still may.
 */

import { type CosignedCheckpoint, firstCheckpointAt, lastFinal, type Quorum } from '../journal/checkpoints.ts';
import type { Queryable } from '../journal/database.ts';

export type SettlementGate =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly zh: string;
      readonly en: string;
      /** Since when no quorum has confirmed the log. */
      readonly sinceMs: number;
    };

export interface Finality {
  /** Asks the journal; called when a witness has spoken and from time to time. */
  refresh(): Promise<void>;
  settlementAllowed(): SettlementGate;
  /** The newest final checkpoint. */
  last(): CosignedCheckpoint | undefined;
}

export interface FinalityParts {
  readonly database: Queryable;
  readonly quorum: Quorum;
  /** How long the quorum may be silent before settlement stops. */
  readonly silenceMs: number;
  nowMs(): number;
}

/** A restart changes nothing: since when the quorum is silent is read from the journal. */
export async function openFinality(parts: FinalityParts): Promise<Finality> {
  const { database, quorum, silenceMs, nowMs } = parts;
  let last: CosignedCheckpoint | undefined;
  let first: Date | undefined;
  const refresh = async () => {
    last = await lastFinal(database, quorum);
    first ??= await firstCheckpointAt(database);
  };
  await refresh();
  return {
    refresh,
    last: () => last,
    settlementAllowed: () => {
      // Before the first checkpoint there is nothing that a witness could have confirmed.
      const heardAt = last?.confirmedAt ?? first;
      if (heardAt === undefined || nowMs() - heardAt.getTime() <= silenceMs) return { ok: true };
      const at = heardAt.toISOString();
      const { needed, witnesses } = quorum;
      return {
        ok: false,
        zh: `自 ${at} 起，没有 ${needed}/${witnesses.length} 家见证方确认流水，结算暂停；转发照常`,
        en: `no ${needed} of ${witnesses.length} witnesses have confirmed the log since ${at}: settlement is stopped, relaying goes on`,
        sinceMs: heardAt.getTime(),
      };
    },
  };
}
