import type { BreakFilter } from '../clearing/break-list.ts';
import { type BreakState, breakStates } from '../clearing/break-states.ts';
import { type BreakCode, codes, type Severity } from '../clearing/codes.ts';
import { isDate } from '../contract/dates.ts';
import { isExchange } from '../contract/exchange.ts';
import { parseFen } from '../contract/money.ts';
import { type Problem, requestProblem } from './problem.ts';
import type { Asked } from './route.ts';

/** What a list of breaks may be asked for. */
export const breakFilters = [
  ...['cycle', 'state', 'code', 'severity', 'exchange', 'assignee', 'deal'],
  ...['seenBy', 'dueBefore', 'from', 'to', 'review'],
];

/** Several words of one filter are separated by commas. */
export function breakFilterIn({ query, caller }: Asked): { readonly filter: BreakFilter } | Problem {
  const wrong = (name: string, detail: string) => requestProblem('bad-query', `#query/${name}`, detail);
  const words = (name: string, known: object): readonly string[] | undefined | Problem => {
    const all = query[name]?.split(',');
    return all?.every((one) => Object.hasOwn(known, one)) === false ? wrong(name, Object.keys(known).join(', ')) : all;
  };
  const [states, found, severities] = [
    words('state', breakStates),
    words('code', codes),
    words('severity', { S1: 1, S2: 2, S3: 3, S4: 4 }),
  ];
  for (const one of [states, found, severities]) if (one !== undefined && 'code' in one) return one;
  const dates: Record<string, string> = {};
  for (const name of ['cycle', 'seenBy', 'dueBefore'] as const) {
    const date = query[name];
    if (date === undefined) continue;
    if (!isDate(date)) return wrong(name, '2026-03-02');
    dates[name] = date;
  }
  const amounts: Record<string, bigint> = {};
  for (const name of ['from', 'to'] as const) {
    const amount = query[name];
    if (amount === undefined) continue;
    const fen = parseFen(amount, 'yuan');
    if (!fen.ok) return wrong(name, '1000.00');
    amounts[`${name}Fen`] = fen.value;
  }
  const { exchange, assignee, deal, review } = query;
  if (exchange !== undefined && !isExchange(exchange)) return wrong('exchange', 'ctex, stex, szse');
  if (review !== undefined && review !== 'mine') return wrong('review', 'mine');
  return {
    filter: {
      ...dates,
      ...amounts,
      ...(states === undefined ? {} : { states: states as readonly BreakState[] }),
      ...(found === undefined ? {} : { codes: found as readonly BreakCode[] }),
      ...(severities === undefined ? {} : { severities: severities as readonly Severity[] }),
      ...(exchange === undefined ? {} : { exchange }),
      ...(assignee === undefined ? {} : { assignee }),
      ...(deal === undefined ? {} : { dealId: deal }),
      // What this checker may approve: proposed by others.
      ...(review === undefined ? {} : { forChecker: caller.actor.name }),
    },
  };
}
