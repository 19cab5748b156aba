import { bulkhead, CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhenResult, wrap } from 'cockatiel';
import type { Outcome } from '../contract/adapter.ts';

export interface BreakerParts {
  /** So many calls in a row without any answer open it. */
  readonly breakerFailures: number;
  /** Open, one delivery tries the line after so long: base × 2ⁿ with jitter up to the cap, ms. */
  readonly breakerBaseMs: number;
  readonly breakerCapMs: number;
  /** Calls under way at once. */
  readonly concurrency: number;
  random(): number;
  /** The line is cut, or answers again. */
  onChange(isOpen: boolean): void;
}

/** Keeps deliveries from a line that nothing comes back over, and their number at once within bounds. */
export interface Breaker {
  /** How many calls may begin now; while the line is being tried it is one, and then none. */
  room(): number;
  /** The next call tries a line that was cut. */
  readonly isTrying: boolean;
  /** Makes a call. Where the line was found cut meanwhile it is not made: unsent. */
  call(work: () => Promise<Outcome>): Promise<Outcome>;
  /** Whether nothing comes back over the line: then it is not the message's fault. */
  readonly isOpen: boolean;
  /** The link says that its line is up again: nobody has to find out. */
  restored(): void;
}

const NOT_MADE: Outcome = { outcome: 'retry', afterMs: 0, reason: 'the line is cut', unanswered: true };

export function openBreaker(parts: BreakerParts): Breaker {
  const { breakerFailures, breakerBaseMs, breakerCapMs, concurrency } = parts;
  let tryAtMs = 0;
  const waits = {
    next: ({ attempt }: { readonly attempt: number }) => {
      const longest = Math.min(breakerCapMs, breakerBaseMs * 2 ** Math.min(attempt - 1, 20));
      const duration = Math.round(longest * (0.5 + parts.random() / 2));
      tryAtMs = Date.now() + duration;
      return { duration, next: waits.next };
    },
  };
  const circuit = circuitBreaker(
    handleWhenResult((outcome) => 'unanswered' in (outcome as Outcome)),
    { halfOpenAfter: waits, breaker: new ConsecutiveBreaker(breakerFailures) },
  );
  circuit.onBreak((reason) => {
    if (!('isolated' in reason)) parts.onChange(true);
  });
  circuit.onReset(() => parts.onChange(false));
  const cap = bulkhead(concurrency);
  const both = wrap(cap, circuit);
  const isDue = () => circuit.state === CircuitState.Open && Date.now() > tryAtMs;
  return {
    room: () => {
      if (circuit.state === CircuitState.Closed) return cap.executionSlots;
      return isDue() ? Math.min(1, cap.executionSlots) : 0;
    },
    get isTrying() {
      return isDue();
    },
    call: async (work) => {
      let isMade = false;
      try {
        return await both.execute(() => {
          isMade = true;
          return work();
        });
      } catch (error) {
        if (isMade) throw error;
        return NOT_MADE;
      }
    },
    get isOpen() {
      return circuit.state !== CircuitState.Closed;
    },
    restored: () => {
      if (circuit.state === CircuitState.Open) circuit.isolate().dispose();
    },
  };
}
