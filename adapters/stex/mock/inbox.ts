import type { BookEntry } from '../../../src/contract/mock.ts';
import { checkDocument } from './checks.ts';
import type { Ledger } from './ledger.ts';
import { fenOf } from './values.ts';
import { type Element, flat, textOf } from './xml.ts';

/** What STEX says to a document. */
export interface Verdict {
  readonly code: '00' | '10' | '20' | '21';
  readonly text: string;
  readonly number?: string;
}

const done = (number?: string): Verdict => ({ code: '00', text: '成功', ...(number === undefined ? {} : { number }) });
const malformed = (where: string): Verdict => ({ code: '10', text: `报文格式错误：${where}` });
const unknown = (what: string): Verdict => ({ code: '20', text: `无此编号：${what}` });
const forbidden = (why: string): Verdict => ({ code: '21', text: `状态不符：${why}` });

/** Takes one parsed `<WD>` into the ledger, or says why not. */
export function take(document: Element, ledger: Ledger): Verdict {
  const checked = checkDocument(document);
  if ('wrong' in checked) return malformed(checked.wrong);
  const { content } = checked;
  const type = document.attributes.LX!;
  if (type === '111') return mirror(content, ledger);
  if (type === '103') return mirrorState(content, ledger);
  if (type === '201') return buyer('interest', 'YYXBH', 'YX', content, ledger);
  if (type === '203') return buyer('bid', 'YBJBH', 'BJ', content, ledger);
  if (type === '202') return decision(content, ledger);
  if (type === '304') return confirmation(content, ledger);
  return type === '401' ? funds(content, ledger) : deal(content, ledger);
}

/** Same content again gets the same number; an older version, or the same with other content, is turned down. */
function conflict(known: BookEntry, version: number, fields: BookEntry['fields']): boolean {
  if (version > (known.version ?? 0)) return false;
  const sameContent = JSON.stringify({ ...known.fields, JXBH: '' }) === JSON.stringify({ ...fields, JXBH: '' });
  return version < (known.version ?? 0) || !sameContent;
}

function mirror(content: Element, ledger: Ledger): Verdict {
  const [exchange, foreignNumber, given] = ['YJYS', 'YXMBH', 'JXBH'].map((name) => textOf(content, name)) as [
    string,
    string,
    string,
  ];
  const key = `listing ${exchange}:${foreignNumber}`;
  const number = ledger.numbers.get(key);
  if (given !== '' && given !== number) return unknown(given);
  const version = Number(textOf(content, 'BB'));
  const fields = flat(content);
  const known = number === undefined ? undefined : ledger.received.get(number);
  if (known?.state === '4') return forbidden('镜像已终止');
  if (known !== undefined && conflict(known, version, fields)) return forbidden('版本');
  const own = number ?? ledger.nextNumber('JX');
  ledger.numbers.set(key, own);
  ledger.received.set(own, { ...entry('listing', own, content, fields), version, state: '1' });
  return done(own);
}

function entry(kind: BookEntry['kind'], number: string, content: Element, fields = flat(content)): BookEntry {
  const exchange = textOf(content, 'YJYS').toLowerCase();
  const names = ['YXMBH', 'YYXBH', 'YBJBH', 'YCJBH', 'YZJBH'];
  const foreignNumber = names.map((name) => textOf(content, name)).find((text) => text !== '');
  return { kind, number, exchange, ...(foreignNumber === undefined ? {} : { foreignNumber }), fields };
}

function mirrorState(content: Element, ledger: Ledger): Verdict {
  const number = textOf(content, 'JXBH');
  const known = ledger.received.get(number);
  if (known?.kind !== 'listing') return unknown(number);
  const state = textOf(content, 'ZT');
  if (known.state === '4' && state !== '4') return forbidden('镜像已终止');
  const version = textOf(content, 'BB');
  if (version !== '' && Number(version) < (known.version ?? 0)) return forbidden('版本');
  ledger.received.set(number, { ...known, state, version: Math.max(Number(version), known.version ?? 0) });
  return done(number);
}

/** 201 and 203: another exchange's buyer for one of our own listings. */
function buyer(
  kind: 'interest' | 'bid',
  numberThere: string,
  prefix: string,
  content: Element,
  ledger: Ledger,
): Verdict {
  const listing = textOf(content, 'XMBH');
  const project = ledger.projects.get(listing);
  if (project === undefined) return unknown(listing);
  const key = `${kind} ${textOf(content, 'YJYS')}:${textOf(content, numberThere)}`;
  const known = ledger.numbers.get(key);
  if (known !== undefined) return done(known);
  if (project.state !== 'listed') return forbidden('项目未挂牌');
  const number = ledger.nextNumber(prefix);
  ledger.numbers.set(key, number);
  ledger.received.set(number, entry(kind, number, content));
  return done(number);
}

function decision(content: Element, ledger: Ledger): Verdict {
  const number = textOf(content, 'YXBH');
  if (!ledger.interests.has(number)) return unknown(number);
  const known = ledger.received.get(number);
  const state = textOf(content, 'JG');
  if (known !== undefined && known.state !== state) return forbidden('已作资格确认');
  ledger.received.set(number, { ...entry('interest-decision', number, content), state });
  return done(number);
}

function deal(content: Element, ledger: Ledger): Verdict {
  const mirrored = textOf(content, 'JXBH');
  if (ledger.received.get(mirrored)?.kind !== 'listing') return unknown(mirrored);
  const key = `deal ${textOf(content, 'YJYS')}:${textOf(content, 'YCJBH')}`;
  const state = textOf(content, 'ZT');
  const number = ledger.numbers.get(key);
  const known = number === undefined ? undefined : ledger.received.get(number);
  if (known === undefined && state !== '1') return unknown(textOf(content, 'YCJBH'));
  const version = Number(textOf(content, 'BB'));
  const fields = flat(content);
  if (known !== undefined && conflict(known, version, fields)) return forbidden('版本');
  if (known?.state === '3' && state !== '3') return forbidden('成交已撤销');
  const own = number ?? ledger.nextNumber('沪技成');
  ledger.numbers.set(key, own);
  ledger.received.set(own, { ...entry('deal', own, content, fields), version, state });
  return done(own);
}

/** 304: the buyer's exchange stands by one of our own deals. */
function confirmation(content: Element, ledger: Ledger): Verdict {
  const number = textOf(content, 'CJBH');
  const own = ledger.deals.get(number);
  const from = textOf(content, 'YJYS').toLowerCase();
  if (own === undefined || own.deal.buyerExchange !== from) return unknown(number);
  const version = Number(textOf(content, 'BB'));
  if (version > own.version || own.state === '3') return forbidden('成交');
  own.confirmed = true;
  ledger.received.set(number, { ...entry('deal-confirmed', number, content), version });
  return done(number);
}

function funds(content: Element, ledger: Ledger): Verdict {
  const [dealNumber, interest] = [textOf(content, 'CJBH'), textOf(content, 'YXBH')];
  const about = dealNumber === '' ? interest : dealNumber;
  const isKnown =
    dealNumber === ''
      ? ledger.interests.has(interest) || ledger.received.get(interest)?.kind === 'interest'
      : ledger.deals.has(dealNumber) || ledger.received.get(dealNumber)?.kind === 'deal';
  if (!isKnown) return unknown(about);
  const key = `funds ${textOf(content, 'YJYS')}:${textOf(content, 'YZJBH')}`;
  const known = ledger.numbers.get(key);
  if (known !== undefined) return done(known);
  const number = ledger.nextNumber('ZJ');
  ledger.numbers.set(key, number);
  ledger.received.set(number, entry('funds', number, content));
  if (textOf(content, 'LB') === '3') pay(ledger, dealNumber, fenOf(textOf(content, 'JE')));
  return done(number);
}

export function pay(ledger: Ledger, dealNumber: string, fen: bigint): void {
  ledger.paidFen.set(dealNumber, (ledger.paidFen.get(dealNumber) ?? 0n) + fen);
}
