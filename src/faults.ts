/** Where faults go: `room` says who met it. */
export interface Faults {
  of(room: string): (error: unknown) => void;
  /** Says what was counted and not yet said. */
  flush(): void;
}

type Log = (level: 'error', event: string, fields: Readonly<Record<string, unknown>>) => void;

/** What of an error is worth a line: never the objects it carries, which hold addresses, passwords and message bodies. */
export interface ShownError {
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: ShownError;
}

/** Faults of different kinds remembered at once; beyond it the oldest is forgotten. */
const KINDS = 200;

/**
 * A log of faults that stays readable while something is down for hours: the same fault of the same room is said at
 * most once in `everyMs`, with how often it came since.
 */
export function openFaults(log: Log, nowMs: () => number, everyMs = 1_000): Faults {
  const met = new Map<string, { room: string; saidAtMs: number; unsaid: number; last: unknown }>();
  const say = (room: string, error: unknown, times: number) =>
    log('error', `${room}-fault`, { error, ...(times > 1 ? { times } : {}) });
  return {
    of: (room) => (error) => {
      const { code, message } = shownError(error);
      const kind = `${room} ${code ?? message}`;
      const known = met.get(kind);
      const now = nowMs();
      if (known !== undefined && now - known.saidAtMs < everyMs) {
        known.unsaid += 1;
        known.last = error;
        return;
      }
      met.delete(kind);
      met.set(kind, { room, saidAtMs: now, unsaid: 0, last: error });
      for (const oldest of met.keys()) {
        if (met.size <= KINDS) break;
        met.delete(oldest);
      }
      say(room, error, (known?.unsaid ?? 0) + 1);
    },
    flush: () => {
      for (const { room, last, unsaid } of met.values()) if (unsaid > 0) say(room, last, unsaid);
      met.clear();
    },
  };
}

/** Message, code and stack, and the same of its cause; four deep at most. */
export function shownError(error: unknown, depth = 4): ShownError {
  if (!(error instanceof Error)) return { message: typeof error === 'string' ? error : 'not an error' };
  const { code } = error as { code?: unknown };
  // Several addresses tried in vain (localhost as ::1 and 127.0.0.1): the message is empty then.
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : undefined;
  const message = error.message === '' && first instanceof Error ? first.message : error.message;
  const cause = error.cause ?? first;
  return {
    message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(cause === undefined || depth <= 1 ? {} : { cause: shownError(cause, depth - 1) }),
  };
}
