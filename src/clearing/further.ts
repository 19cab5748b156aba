import type { BadRow, Further, StatedRow } from '../contract/books.ts';
import { isExchange } from '../contract/exchange.ts';
import { isYuan } from '../contract/money.ts';
import { type Refusal, refuse } from '../contract/refusal.ts';

/** What a row of a table or a line may say beyond the contract, as it is written; absent or empty: it does not say. */
export interface SaidFurther {
  readonly listing?: string | undefined;
  /** ISO 4217, `CNY`. */
  readonly currency?: string | undefined;
  /** A plain decimal above zero, `1`. */
  readonly quantity?: string | undefined;
  /** Yuan with two decimals. */
  readonly tax?: string | undefined;
}

/** The row with it, or why it cannot be read. What is as of every deal is left away, so that most rows carry nothing. */
export function withFurther(row: StatedRow, said: SaidFurther, bytes: Uint8Array): StatedRow | BadRow {
  const { listing = '', currency = '', quantity = '', tax = '' } = said;
  const refusals: Refusal[] = [];
  const check = (isRight: boolean, refusal: Refusal) => {
    if (!isRight) refusals.push(refusal);
  };
  const [exchange, number = ''] = listing.split(':', 2);
  check(listing === '' || (isExchange(exchange) && number !== ''), refuse('bad-format', '/listing'));
  check(/^([A-Z]{3})?$/.test(currency), refuse('unknown-code', '/currency', currency.slice(0, 20)));
  check(
    /^(|(0|[1-9]\d{0,14})(\.\d{1,6})?)$/.test(quantity) && !/^0(\.0+)?$/.test(quantity),
    refuse('bad-number', '/quantity'),
  );
  check(tax === '' || isYuan(tax), refuse('bad-money', '/tax'));
  if (refusals.length > 0) {
    const { line, priceFen, feeFen } = row;
    return { line, bytes, refusals, priceFen, feeFen };
  }
  const plain = quantity.includes('.') ? quantity.replace(/\.?0+$/, '') : quantity;
  const further: Further = {
    ...(currency === '' || currency === 'CNY' ? {} : { currency }),
    ...(plain === '' || plain === '1' ? {} : { quantity: plain }),
    ...(tax === '' ? {} : { taxFen: BigInt(tax.replace('.', '')) }),
  };
  return {
    ...row,
    ...(listing === '' ? {} : { listing }),
    ...(Object.keys(further).length === 0 ? {} : { further }),
  };
}
