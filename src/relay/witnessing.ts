/**
 * Puts every checkpoint before the witnesses, each in a loop of its own: a slow one delays nobody.
 *
 * A witness that has seen another history refuses. That is no fault to be retried away but the alarm this exists for: it
 * is kept, said loudly, and stays until that witness cosigns again.
 */

import {
  keepCosignature,
  keepRefusal,
  lastCosigned,
  latestCheckpoint,
  type SignedCheckpoint,
  type WitnessRefusal,
} from '../journal/checkpoints.ts';
import type { Database } from '../journal/database.ts';
import type { Cosignature } from '../log/cosignature.ts';
import { signatureLine } from '../log/note.ts';
import type { WitnessKey } from '../log/quorum.ts';
import type { WitnessLine } from '../witness/client.ts';
import { putCheckpoint } from './put-checkpoint.ts';

export interface WitnessState {
  readonly exchange: string;
  /** Absent: no address is known. */
  readonly reachable: boolean | undefined;
  /** The largest checkpoint it cosigned, and when we last heard it. */
  readonly cosigned: { readonly size: bigint; readonly atMs: number } | undefined;
  /** It contradicts us. */
  readonly refusal: WitnessRefusal | undefined;
}

export interface Witnessing {
  states(): readonly WitnessState[];
  /** There is a new checkpoint. */
  wake(): void;
  stop(): Promise<void>;
}

export interface WitnessingParts {
  readonly database: Database;
  readonly witnesses: readonly WitnessKey[];
  /** By exchange; a witness without a line is waited for. */
  readonly lines: ReadonlyMap<string, WitnessLine>;
  readonly limits: WitnessingLimits;
  nowMs(): number;
  random(): number;
  /** Its word is in the journal. */
  heard(): Promise<void>;
  onFault(error: unknown): void;
  log(level: 'info' | 'warn' | 'error', event: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface WitnessingLimits {
  /** Between two looks at the newest checkpoint. */
  readonly checkpointIntervalMs: number;
  /** A witness is asked again about the same checkpoint after so long: it shows that it is still there. */
  readonly witnessHeartbeatMs: number;
  readonly witnessTimeoutMs: number;
  readonly retryBaseMs: number;
  readonly witnessRetryCapMs: number;
}

export function openWitnessing(parts: WitnessingParts): Witnessing {
  const loops = parts.witnesses.map((witness) => {
    const line = parts.lines.get(witness.exchange);
    return line === undefined ? absent(witness.exchange) : openLoop(parts, witness, line);
  });
  return {
    states: () => loops.map(({ state }) => state()),
    wake: () => {
      for (const { wake } of loops) wake();
    },
    stop: async () => void (await Promise.all(loops.map(({ stop }) => stop()))),
  };
}

interface Loop {
  state(): WitnessState;
  wake(): void;
  stop(): Promise<void>;
}

function absent(exchange: string): Loop {
  const state = { exchange, reachable: undefined, cosigned: undefined, refusal: undefined };
  return { state: () => state, wake: () => {}, stop: async () => {} };
}

function openLoop(parts: WitnessingParts, { exchange, key }: WitnessKey, line: WitnessLine): Loop {
  const { database, limits, nowMs, random, log } = parts;
  const ended = new AbortController();
  let state: WitnessState = { exchange, reachable: undefined, cosigned: undefined, refusal: undefined };
  let failures = 0;
  let rouse = () => {};

  const askOnce = async () => {
    state = { ...state, cosigned: state.cosigned ?? (await known(database, exchange)) };
    const newest = await latestCheckpoint(database);
    if (newest === undefined || !isDue(newest)) return;
    const outcome = await putCheckpoint({
      database,
      witness: { exchange, key },
      line,
      checkpoint: newest,
      from: state.cosigned?.size ?? 0n,
      timeoutMs: limits.witnessTimeoutMs,
      ended: ended.signal,
      nowMs,
    });
    if ('cosignature' in outcome) await accept(outcome.checkpoint, outcome.cosignature);
    else await refuse(outcome.refusal);
    state = { ...state, reachable: true };
  };
  const isDue = ({ size }: SignedCheckpoint) => {
    const { cosigned, refusal } = state;
    const [last, atMs] =
      refusal === undefined ? [cosigned?.size, cosigned?.atMs] : [refusal.size, refusal.refusedAt.getTime()];
    return last !== size || nowMs() - (atMs ?? 0) >= limits.witnessHeartbeatMs;
  };
  const accept = async ({ size }: SignedCheckpoint, { line: said, time }: Cosignature) => {
    const receivedAt = new Date(nowMs());
    const saidAt = new Date(Number(time) * 1_000);
    await keepCosignature(database, size, { witness: exchange, line: signatureLine(said), saidAt, receivedAt });
    if (state.refusal !== undefined) log('warn', 'witness-agrees-again', { exchange, size: String(size) });
    state = { ...state, cosigned: { size, atMs: receivedAt.getTime() }, refusal: undefined };
    await parts.heard();
  };
  const refuse = async (refusal: WitnessRefusal) => {
    if (await keepRefusal(database, refusal)) {
      const { kind, size, witnessSize } = refusal;
      log('error', `witness-${kind}`, { exchange, size: String(size), witnessSize: String(witnessSize ?? '') });
    }
    state = { ...state, refusal };
  };

  const run = async () => {
    while (!ended.signal.aborted) {
      try {
        await askOnce();
        failures = 0;
        await pause(limits.checkpointIntervalMs, true);
      } catch (error) {
        if (ended.signal.aborted) return;
        failures += 1;
        state = { ...state, reachable: false };
        parts.onFault(new Error(`the witness of ${exchange} could not be asked`, { cause: error }));
        const wait = Math.min(limits.retryBaseMs * 2 ** Math.min(failures - 1, 20), limits.witnessRetryCapMs);
        await pause(wait * (0.5 + random() / 2), false);
      }
    }
  };
  /** A new checkpoint ends the wait for the next look, but not the wait after a failure. */
  const pause = (ms: number, wakes: boolean) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(done, ms);
      function done() {
        clearTimeout(timer);
        ended.signal.removeEventListener('abort', done);
        rouse = () => {};
        resolve();
      }
      ended.signal.addEventListener('abort', done);
      if (wakes) rouse = done;
      if (ended.signal.aborted) done();
    });

  const running = run();
  return {
    state: () => state,
    wake: () => rouse(),
    stop: async () => {
      ended.abort();
      await running;
      line.close();
    },
  };
}

async function known(database: Database, exchange: string): Promise<WitnessState['cosigned']> {
  const last = await lastCosigned(database, exchange);
  return last && { size: last.size, atMs: last.receivedAt.getTime() };
}
