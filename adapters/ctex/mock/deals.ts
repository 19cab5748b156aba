import { bookDeal } from './books.ts';
import { fenOf } from './checks.ts';
import { badState, key, notFound, type Operation, receive, taken } from './verdict.ts';

/** Deals of other exchanges, their word on CTEX's own, and money. */

export const deal: Operation = (fields, books) => {
  if (!books.mirrors.has(String(fields.mirrorNo))) return notFound;
  const { homeExchange, homeDealNo } = fields;
  const number = books.numbers.get(key('deal', homeExchange, homeDealNo));
  const known = number === undefined ? undefined : books.deals.get(number);
  const version = fields.version as number;
  const state = String(fields.state);
  const foreign = { exchange: String(homeExchange).toLowerCase(), foreignNumber: String(homeDealNo) };
  if (known !== undefined && number !== undefined) {
    if (known.version === version && known.state === state) return { code: '2003', data: { dealNo: number } };
    if (known.version >= version || known.state === 'CANCELLED') return badState;
    return {
      code: '0000',
      data: { dealNo: number },
      effect: () => {
        Object.assign(known, { version, state, fields });
        receive(books, number, fields, { kind: 'deal', ...foreign, version, state });
      },
    };
  }
  return taken(books, 'deal', homeExchange, homeDealNo, 'dealNo', () => ({
    prefix: 'CJ',
    effect: (taken) => {
      bookDeal(books, taken, String(fields.signTime), {
        role: 'HOST',
        homeDealNo: String(homeDealNo),
        counter: String(homeExchange),
        listing: String(fields.mirrorNo),
        version,
        state,
        confirmedVersion: 0,
        fields,
        priceFen: fenOf(fields.dealPrice, fields.priceUnit ?? '万元') ?? 0n,
        feeFen: fenOf(fields.buyerFee ?? '0', '元') ?? 0n,
        paidFen: 0n,
      });
      receive(books, taken, fields, { kind: 'deal', ...foreign, version, state });
    },
  }));
};

export const confirmDeal: Operation = (fields, books, number) => {
  const known = books.deals.get(number);
  if (known?.role !== 'HOME') return notFound;
  const version = fields.version as number;
  if (known.confirmedVersion === version) return { code: '2003', data: { dealNo: number } };
  if (known.version !== version) return badState;
  return {
    code: '0000',
    data: { dealNo: number },
    effect: () => {
      known.confirmedVersion = version;
      const exchange = String(fields.hostExchange).toLowerCase();
      receive(books, number, fields, { kind: 'deal-confirmed', exchange, version });
    },
  };
};

export const funds: Operation = (fields, books) => {
  const about = fields.dealNo === undefined ? books.intents.get(String(fields.intentNo)) : undefined;
  const paid = fields.dealNo === undefined ? undefined : books.deals.get(String(fields.dealNo));
  if ((fields.dealNo === undefined) === (fields.intentNo === undefined)) return { code: '1001' };
  if (about === undefined && paid === undefined) return notFound;
  return taken(books, 'funds', fields.originExchange, fields.originFundNo, 'fundNo', () => ({
    prefix: 'ZJ',
    effect: (number) => {
      if (paid !== undefined && fields.type === 'PRICE') paid.paidFen += fenOf(fields.amount, '元') ?? 0n;
      const foreign = {
        exchange: String(fields.originExchange).toLowerCase(),
        foreignNumber: String(fields.originFundNo),
      };
      receive(books, number, fields, { kind: 'funds', ...foreign });
    },
  }));
};
