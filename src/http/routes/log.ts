import { instantAt } from '../../contract/dates.ts';
import type { CosignedCheckpoint, SignedCheckpoint } from '../../journal/checkpoints.ts';
import type { WitnessState } from '../../relay/witnessing.ts';
import type { Parts } from '../parts.ts';
import { ok, type Route } from '../route.ts';

/** The Merkle log: how large it is, who confirmed it, and whether what it holds is still what was said. */
export function logRoutes(parts: Parts): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/v1/log',
      query: [],
      answer: async () => {
        const { head, waiting, signed, final, witnesses, settlement, recomputed } = await parts.logState();
        const { alarms, lastCycle, progress } = recomputed;
        return ok({
          size: Number(head.size),
          root: base64(head.root),
          appendedAt: instantOf(head.at),
          waiting: Number(waiting),
          checkpoint: signed === undefined ? null : checkpointShown(signed, signed.note),
          final:
            final === undefined
              ? null
              : { ...checkpointShown(final, final.cosigned), confirmedAt: instantOf(final.confirmedAt) },
          witnesses: witnesses.map(witnessShown),
          settlement: settlement.ok
            ? { allowed: true, since: null, reason: null }
            : {
                allowed: false,
                since: instantAt(settlement.sinceMs),
                reason: { zh: settlement.zh, en: settlement.en },
              },
          recomputation: {
            lookedAt: Number(progress),
            last:
              lastCycle === undefined
                ? null
                : {
                    size: Number(lastCycle.size),
                    startedAt: instantAt(lastCycle.startedAtMs),
                    endedAt: instantAt(lastCycle.endedAtMs),
                    workedMs: Math.round(lastCycle.workedMs),
                    alarms: lastCycle.alarms,
                  },
          },
          alarms: { count: alarms.count, first: alarms.first },
        });
      },
    },
  ];
}

function checkpointShown({ size, root, signedAt }: SignedCheckpoint | CosignedCheckpoint, note: Uint8Array) {
  return {
    size: Number(size),
    root: base64(root),
    signedAt: instantOf(signedAt),
    note: Buffer.from(note).toString('utf8'),
  };
}

function witnessShown({ exchange, reachable, cosigned, refusal }: WitnessState) {
  return {
    exchange,
    reachable: reachable ?? null,
    cosigned: cosigned === undefined ? null : { size: Number(cosigned.size), at: instantAt(cosigned.atMs) },
    refusal:
      refusal === undefined
        ? null
        : {
            kind: refusal.kind,
            size: Number(refusal.size),
            witnessSize: refusal.witnessSize === undefined ? null : Number(refusal.witnessSize),
            at: instantOf(refusal.refusedAt),
          },
  };
}

function instantOf(at: Date | null): string | null {
  return at === null ? null : instantAt(at.getTime());
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
