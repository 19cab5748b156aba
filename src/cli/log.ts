import pino from 'pino';
import { shownError } from '../faults.ts';
import type { Log } from '../gateway.ts';

/** What JSON leaves as it is and a terminal or an editor acts on: C1 controls, line separators, overrides of direction. */
const ACTIVE = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** One JSON line for each event; of an error its message, code, stack and cause, never the objects it carries. */
export function openLog(level: string): Log {
  const stderr = pino.destination(2);
  const lines = {
    write: (line: string) => stderr.write(line.replaceAll(ACTIVE, escaped)),
    flushSync: () => stderr.flushSync(),
  };
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, lines);
  return (severity, event, fields) => {
    const { error, ...rest } = fields ?? {};
    logger[severity]({ ...rest, ...(error === undefined ? {} : { error: shown(error) }) }, event);
  };
}

/** They stand inside JSON strings only, where this means the same. */
function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function shown(error: unknown): unknown {
  return error instanceof Error ? shownError(error) : error;
}
