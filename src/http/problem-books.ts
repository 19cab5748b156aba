import type { ControlFailure } from '../clearing/controls.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { Refusal } from '../contract/refusal.ts';
import { type Problem, refusalProblem, requestProblem } from './problem.ts';

/** Why nothing was compared: a book refused as a whole, or a line of the journal that is no deal. */
export interface BookRefused {
  readonly book: Exchange | 'journal';
  readonly failures: readonly ControlFailure[];
  readonly refusals: readonly Refusal[];
}

/** Pointers name the book: `/statements/ctex`, `/journal/17/price`. */
export function booksProblem(refused: readonly BookRefused[]): Problem {
  const failures = refused.flatMap(({ book, failures }) => failures.map((one) => ({ ...one, book })));
  const errors = failures.map(({ book, control, zh, en, stated, found, refusals = [] }) => {
    const shown = stated === undefined && found === undefined ? '' : ` (${stated ?? '—'} ≠ ${found ?? '—'})`;
    const why = refusals.slice(0, 3).map((one) => `${one.pointer} ${one.zh} / ${one.en}`);
    const said = (text: string) => [`${text}${shown}`, ...why].join('; ');
    return { pointer: `/statements/${book}`, code: `CTL ${control}`, message_zh: said(zh), message_en: said(en) };
  });
  if (errors.length === 0) {
    return refusalProblem(
      refused.flatMap(({ book, refusals }) => refusals.map((one) => ({ ...one, pointer: `/${book}${one.pointer}` }))),
    );
  }
  return { ...requestProblem('CTL'), errors };
}
