import { formatFen } from '../contract/money.ts';
import { accepted, type Checked } from '../contract/refusal.ts';
import type { Queryable } from '../journal/database.ts';
import type { Cell, Column, Report, Row } from './report.ts';
import { id, money, text } from './report-columns.ts';
import { pagesOf } from './report-rows.ts';

const amount = money('amount', '金额', 'amount');

const instructions: readonly Column[] = [
  id('id', '指令号', 'end-to-end id', 36),
  id('net', '轧差编号', 'net', 14),
  text('payer', '付款方', 'payer', 8),
  text('payee', '收款方', 'payee', 8),
  text('currency', '币种', 'currency', 8),
  amount,
  text('state', '状态', 'state', 16),
  id('reference', '银行参考号或失败原因', "bank's reference, or why it failed", 30),
  id('ended', '完成时间', 'ended at', 26),
  id('file', '报文摘要', 'SHA-256 of the file', 40),
];
const legs: readonly Column[] = [
  id('deal', '成交', 'deal', 28),
  text('kind', '类别', 'kind', 16),
  text('leg', '腿', 'leg', 20),
  text('payer', '付出方', 'from', 14),
  text('payee', '收入方', 'to', 14),
  amount,
  text('state', '状态', 'state', 14),
  id('payout', '付款指令号', 'end-to-end id', 36),
  id('reference', '银行参考号或撤销原因', "bank's reference, or why it was voided", 30),
];

/** The words of the tables (0013_clearing_settlement.sql), for people. */
const words: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  state: {
    instructed: '已发出 instructed',
    settled: '已交收 settled',
    failed: '失败 failed',
    reserved: '已预留 reserved',
    posted: '已过账 posted',
    voided: '已撤销 voided',
  },
  kind: { delivery: '交收 delivery', return: '退回 return' },
  leg: {
    title: '权属 title',
    price: '价款 price',
    'home-fee': '挂牌所手续费 home fee',
    'host-fee': '转发所手续费 host fee',
  },
};

const instructionsOf = `
  select i.id, i.net, i.payer, i.payee, i.currency, i.fen as amount, i.state, i.reference, i.file,
         to_char(i.ended_at at time zone 'Asia/Shanghai', 'YYYY-MM-DD"T"HH24:MI:SS"+08:00"') as ended
    from clearing_instruction i join clearing_net n on n.id = i.net where n.cycle = $1 order by n.no, i.currency, i.id`;
const legsOf = `
  select s.deal_id as deal, s.kind, l.leg, l.payer, l.payee, l.fen as amount, s.state, s.payout, s.reference
    from clearing_settlement s join clearing_leg l using (deal_id, kind, attempt) where s.cycle = $1
   order by s.deal_id, s.kind, s.attempt, l.leg`;

/** 交收指令清单: payments of the day's nets with what the banks said of them, and the legs of the deals delivered against payment. */
export async function instructionsReport(connection: Queryable, cycle: string): Promise<Checked<Report>> {
  const totals = await instructedTotals(connection, cycle);
  const table = (zh: string, en: string, columns: readonly Column[], statement: string) => ({
    zh,
    en,
    columns,
    async *rows(): AsyncGenerator<readonly Row[]> {
      for await (const page of pagesOf<Record<string, Cell>>(connection, statement, [cycle])) {
        yield page.map((one) => columns.map(({ key }) => words[key]?.[String(one[key])] ?? one[key] ?? null));
      }
    },
  });
  return accepted({
    kind: 'instructions',
    zh: '交收指令清单',
    en: 'Settlement instructions',
    cycle,
    facts: totals.map(({ currency, state, count, fen }) => ({
      zh: `${currency} 指令`,
      en: 'instructions',
      value: `${words.state![state]} ${count} · ${formatFen(fen, 'yuan')}`,
    })),
    sections: [
      table('交收指令', 'instructions', instructions, instructionsOf),
      table('成交各腿', 'legs of deals', legs, legsOf),
    ],
  });
}

interface Total {
  readonly currency: string;
  readonly state: string;
  readonly count: bigint;
  readonly fen: bigint;
}

async function instructedTotals(connection: Queryable, cycle: string): Promise<readonly Total[]> {
  const { rows } = await connection.query<{ currency: string; state: string; count: bigint; sum: string }>(
    `select i.currency, i.state, count(*) as count, sum(i.fen)::text as sum
       from clearing_instruction i join clearing_net n on n.id = i.net where n.cycle = $1 group by 1, 2 order by 1, 2`,
    [cycle],
  );
  return rows.map(({ sum, ...total }) => ({ ...total, fen: BigInt(sum) }));
}
