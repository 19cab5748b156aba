import type { StatedControls } from '../contract/books.ts';
import { formatFen } from '../contract/money.ts';
import type { Refusal } from '../contract/refusal.ts';

/**
 * Every check of a statement as a whole; any that fails is code CTL 总分不符, and the statement is refused: nothing
 * else is concluded from it (clearing.md §3).
 */
const TEXTS = {
  unreadable: ['对账单无法读取', 'the statement cannot be read'],
  digest: ['摘要与明细不符', 'the digest is not that of the rows'],
  count: ['笔数与合计不符', 'the number of rows is not the total stated'],
  'total-price': ['成交额与合计不符', 'the prices do not add up to the total stated'],
  'total-fee': ['手续费与合计不符', 'the fees do not add up to the total stated'],
  opening: ['期初笔数与上期期末不符', "the opening count is not the previous book's closing count"],
  'total-credit': ['贷方合计不符', 'the credits do not add up to the total stated'],
  'total-debit': ['借方合计不符', 'the debits do not add up to the total stated'],
  'opening-balance': ['期初余额与上期期末余额不符', 'the opening balance is not the previous closing balance'],
  closing: ['期初余额加发生额不等于期末余额', 'the opening balance and the entries do not make the closing balance'],
  date: ['业务日期不符', 'it is of another business day'],
  exchange: ['不是该交易所的对账单', 'it is of another exchange'],
  'batch-older': ['已有更高批次', 'a higher batch is loaded already'],
  'batch-conflict': ['同一批次号对应不同内容', 'the same batch came with other content'],
  'bad-rows': ['无法读取的行过多', 'too many rows cannot be read'],
} as const satisfies Record<string, readonly [string, string]>;

export type Control = keyof typeof TEXTS;

export interface ControlFailure {
  readonly code: 'CTL';
  readonly control: Control;
  readonly zh: string;
  readonly en: string;
  /** What the statement says, and what is so, as text; absent where there is nothing to set side by side. */
  readonly stated?: string;
  readonly found?: string;
  /** Why it could not be read. */
  readonly refusals?: readonly Refusal[];
}

export function controlFailure(control: Control, stated?: string, found?: string): ControlFailure {
  const [zh, en] = TEXTS[control];
  return {
    code: 'CTL',
    control,
    zh,
    en,
    ...(stated === undefined ? {} : { stated }),
    ...(found === undefined ? {} : { found }),
  };
}

export function unreadableBook(refusals: readonly Refusal[]): ControlFailure {
  return { ...controlFailure('unreadable'), refusals };
}

/** What was counted while the rows went by; bad rows count, with the amounts that could be read in them. */
export interface Counted {
  rows: number;
  bad: number;
  priceFen: bigint;
  feeFen: bigint;
}

export interface Expected {
  readonly exchange: string;
  readonly date: string;
  /** Closing count of the book before; undefined: there was none. */
  readonly openingCount: number | undefined;
  readonly maxBadRows: number;
}

/** Every control that fails, in the order of the table; empty: the book is sound as a whole. */
export function failedControls(
  stated: StatedControls,
  counted: Counted,
  expected: Expected,
): readonly ControlFailure[] {
  const found: ControlFailure[] = [];
  const check = (control: Control, one: string, other: string) => {
    if (one !== other) found.push(controlFailure(control, one, other));
  };
  check('exchange', stated.exchange, expected.exchange);
  check('date', stated.date, expected.date);
  if (!stated.isDigestRight) found.push(controlFailure('digest', stated.digest));
  check('count', String(stated.count), String(counted.rows + counted.bad));
  check('total-price', formatFen(stated.totalPriceFen, 'yuan'), formatFen(counted.priceFen, 'yuan'));
  check('total-fee', formatFen(stated.totalFeeFen, 'yuan'), formatFen(counted.feeFen, 'yuan'));
  if (expected.openingCount !== undefined) {
    check('opening', String(stated.openingCount), String(expected.openingCount));
  }
  if (counted.bad > expected.maxBadRows) found.push(controlFailure('bad-rows', undefined, String(counted.bad)));
  return found;
}
