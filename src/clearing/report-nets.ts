import { exchangeNames, exchanges } from '../contract/exchange.ts';
import { formatFen } from '../contract/money.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import type { Queryable } from '../journal/database.ts';
import { latestNetOf, type NetSummary, type WrittenNet } from './net-read.ts';
import type { Cell, Column, Report, Row, Section } from './report.ts';
import { money, text } from './report-columns.ts';
import { pagesOf } from './report-rows.ts';

const currency: Column = { key: 'currency', zh: '币种', en: 'currency', kind: 'text', width: 8 };

const gross: readonly Column[] = [
  currency,
  text('debtor', '应付方', 'owes', 30),
  ...exchanges.map((exchange) => money(exchange, `应付${exchangeNames[exchange].zh}`, `to ${exchange}`)),
  money('sum', '应付合计', 'owes in all'),
];
const positions: readonly Column[] = [
  currency,
  text('exchange', '交易所', 'exchange', 30),
  money('owed', '应收合计', 'is owed in all'),
  money('owes', '应付合计', 'owes in all'),
  money('net', '轧差净额（正收负付）', 'net: gets, or pays in (−)'),
];
const legs: readonly Column[] = [
  currency,
  text('payer', '付款方', 'payer', 30),
  text('payee', '收款方', 'payee', 30),
  money('amount', '金额', 'amount'),
];
const entries: readonly Column[] = [
  { key: 'subject', zh: '成交或未付腿', en: 'deal, or payment that failed', kind: 'id', width: 30 },
  text('entry', '事由', 'entry', 24),
  text('debtor', '应付方', 'owes', 10),
  text('creditor', '应收方', 'is owed', 10),
  currency,
  money('amount', '金额', 'amount'),
];
const holds: readonly Column[] = [
  { key: 'deal', zh: '成交', en: 'deal', kind: 'id', width: 30 },
  text('pair', '挂牌所→转发所', 'home→host', 14),
  text('reason', '挂起原因', 'held for', 14),
  { key: 'since', zh: '自', en: 'since', kind: 'date', width: 12 },
  money('price', '价款', 'price'),
  money('fee', '转发所手续费', "host's fee"),
];

/** 轧差表: who owes whom which fees, what each gets or pays in, the payments, and every entry behind them. Refused: not netted yet. */
export async function netsReport(connection: Queryable, cycle: string): Promise<Checked<Report>> {
  const net = await latestNetOf(connection, cycle);
  if (net === undefined) return refused(refuse('state-forbids', '/cycle', cycle));
  const table = (zh: string, en: string, columns: readonly Column[], rowsOf: (net: WrittenNet) => readonly Row[]) => ({
    zh,
    en,
    columns,
    rows: () => [net.nets.flatMap(rowsOf)],
  });
  return accepted({
    kind: 'nets',
    zh: '轧差表',
    en: 'Net',
    cycle,
    facts: [
      { zh: '轧差编号', en: 'net', value: net.id },
      { zh: '状态', en: 'state', value: net.state },
      { zh: '分录笔数', en: 'entries', value: String(net.entries) },
      { zh: '分录摘要', en: 'SHA-256 of the entries', value: net.entriesSha256 },
      { zh: '挂起成交', en: 'deals held', value: String(net.heldDeals) },
      { zh: '挂起手续费', en: 'fees held', value: formatFen(net.heldFen, 'yuan') },
      ...net.nets.map((one) => ({
        zh: `${one.currency} 净额合计（应为零）`,
        en: 'sum of the nets, to be zero',
        value: formatFen(
          exchanges.reduce((sum, exchange) => sum + fen(one.positions[exchange]), 0n),
          'yuan',
        ),
      })),
    ],
    sections: [
      table('应付矩阵', 'gross', gross, grossRows),
      positionsOf(net),
      table('付款', 'payments', legs, (one) =>
        one.legs.map(({ payer, payee, amount }) => [one.currency, nameOf(payer), nameOf(payee), fen(amount)]),
      ),
      {
        zh: '轧差分录',
        en: 'entries',
        columns: entries,
        rows: () => rowsOf(connection, entriesIn, net.id),
      },
      { zh: '挂起成交', en: 'held', columns: holds, rows: () => rowsOf(connection, holdsIn, net.id) },
    ],
  });
}

const entriesIn = `select subject, entry, debtor, creditor, currency, fen from clearing_net_entry
  where net = $1 order by subject, entry`;
const holdsIn = `select deal_id, home || '→' || host as pair, reason, since, price_fen, host_fee_fen from clearing_hold
  where net = $1 order by deal_id`;

/** What each exchange gets or pays in, by currency. */
export function positionsOf({ nets }: Pick<NetSummary, 'nets'>): Section {
  return { zh: '轧差净额', en: 'nets', columns: positions, rows: () => [nets.flatMap(positionRows)] };
}

/** The statement's columns are the table's. */
async function* rowsOf(connection: Queryable, statement: string, net: string): AsyncGenerator<readonly Row[]> {
  for await (const page of pagesOf<Record<string, Cell>>(connection, statement, [net])) yield page.map(Object.values);
}

function grossRows({ currency, gross }: WrittenNet): readonly Row[] {
  return exchanges.map((debtor) => {
    const owes = exchanges.map((creditor) => fen(gross[debtor][creditor]));
    return [currency, nameOf(debtor), ...owes, sumOf(owes)];
  });
}

function positionRows({ currency, gross, positions }: WrittenNet): readonly Row[] {
  return exchanges.map((exchange) => {
    const owed = sumOf(exchanges.map((other) => fen(gross[other][exchange])));
    const owes = sumOf(exchanges.map((other) => fen(gross[exchange][other])));
    return [currency, nameOf(exchange), owed, owes, fen(positions[exchange])];
  });
}

const nameOf = (exchange: keyof typeof exchangeNames) => `${exchangeNames[exchange].zh} ${exchange}`;
const sumOf = (amounts: readonly bigint[]) => amounts.reduce((sum, amount) => sum + amount, 0n);
const fen = (yuan: string) => BigInt(yuan.replace('.', ''));
