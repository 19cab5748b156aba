import pino from 'pino';
import { shownError } from '../faults.ts';
import type { Log } from '../gateway.ts';

/** One JSON line for each event; of an error its message, code, stack and cause, never the objects it carries. */
export function openLog(level: string): Log {
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
  return (severity, event, fields) => {
    const { error, ...rest } = fields ?? {};
    logger[severity]({ ...rest, ...(error === undefined ? {} : { error: shown(error) }) }, event);
  };
}

function shown(error: unknown): unknown {
  return error instanceof Error ? shownError(error) : error;
}
