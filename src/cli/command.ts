import { type Command, InvalidArgumentError } from 'commander';
import { isDate, isInstant } from '../contract/dates.ts';
import { type Exchange, exchanges, isExchange } from '../contract/exchange.ts';
import type { Exit, Terminal } from './terminal.ts';

/** What a command is given to work with; it reports its exit code through `end`. */
export interface Ground {
  readonly terminal: Terminal;
  end(exit: Exit): void;
}

/** Adds one command to the program. What it needs is imported when it runs: `qiao --help` loads no exchange. */
export type AddCommand = (program: Command, ground: Ground) => void;

/** An exchange code on the command line; anything else is a usage error. */
export function exchangeArgument(text: string): Exchange {
  if (!isExchange(text)) {
    throw new InvalidArgumentError(`须为其中之一 / must be one of: ${exchanges.join(', ')}`);
  }
  return text;
}

/** A business day. */
export function dateArgument(text: string): string {
  if (!isDate(text)) throw new InvalidArgumentError('须为日期 / must be a date, e.g. 2026-03-02');
  return text;
}

/** A date, or an instant at +08:00. */
export function momentArgument(text: string): string {
  if (!isDate(text) && !isInstant(text)) {
    throw new InvalidArgumentError(
      '须为日期或 +08:00 时刻 / must be a date or an instant, e.g. 2026-03-02T09:30:00+08:00',
    );
  }
  return text;
}

export function instantArgument(text: string): string {
  if (!isInstant(text)) {
    throw new InvalidArgumentError('须为 +08:00 时刻 / must be an instant, e.g. 2026-03-02T09:30:00+08:00');
  }
  return text;
}

export function portArgument(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError('须为 0 到 65535 / must be 0 to 65535');
  return port;
}

/** Identifiers that travel in every exchange's messages: at most 64 visible ASCII characters. */
export function tokenArgument(text: string): string {
  if (!/^[!-~]{1,64}$/.test(text)) {
    throw new InvalidArgumentError('须为 1 至 64 个可见 ASCII 字符 / must be 1 to 64 visible ASCII characters');
  }
  return text;
}
