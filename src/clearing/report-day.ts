import { instantAt } from '../contract/dates.ts';
import { exchangeNames, exchanges } from '../contract/exchange.ts';
import { formatFen } from '../contract/money.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import type { Queryable } from '../journal/database.ts';
import { checklistOf } from './checklist.ts';
import { type Cycle, cycleStates, readCycle } from './cycle.ts';
import { latestNetOf } from './net-read.ts';
import type { Column, Fact, Report, Row, Section } from './report.ts';
import { id, text } from './report-columns.ts';
import { booksTable, breaksTable, comparisonTable, table } from './report-day-tables.ts';
import { positionsOf } from './report-nets.ts';
import { comparedFor } from './report-rows.ts';
import { dayOf, signaturesOf } from './settle-day.ts';

const checklist: readonly Column[] = [
  text('task', '事项', 'task', 36),
  text('done', '结果', 'done', 22),
  text('by', '经办', 'by', 16),
  text('role', '角色', 'role', 12),
  id('at', '时间', 'at', 28),
  text('blocked', '阻塞原因', 'in the way', 60),
];
const signatures: readonly Column[] = [
  text('exchange', '交易所', 'exchange', 30),
  id('at', '签署时间', 'signed at', 28),
  id('sha256', '所签结果摘要', 'SHA-256 of what was signed', 66),
];

/** 日终报告: the day's checklist, books, comparison, breaks, net and signatures. Refused: that day was never opened. */
export async function dayReport(connection: Queryable, cycle: string): Promise<Checked<Report>> {
  const day = await readCycle(connection, cycle);
  if (day === undefined) return refused(refuse('reference-unknown', '/cycle', cycle));
  const state = cycleStates[day.state];
  const facts: Fact[] = [
    { zh: '状态', en: 'state', value: `${state.zh} ${state.en}` },
    { zh: '版本', en: 'version', value: String(day.version) },
    { zh: '流水截断点', en: 'journal cut at', value: day.cut === null ? '' : String(day.cut) },
  ];
  const sections: Section[] = [
    table('日终检查单', 'checklist', checklist, await checklistRows(connection, day)),
    await booksTable(connection, cycle),
  ];
  const comparison = day.run === null ? undefined : await comparedFor(connection, cycle);
  if (comparison?.ok) {
    facts.push({ zh: '对账结果摘要', en: 'SHA-256 of the comparison', value: comparison.value.resultSha256 });
    sections.push(comparisonTable(comparison.value), await breaksTable(connection, cycle, comparison.value.run));
  }
  const net = await latestNetOf(connection, cycle);
  if (net !== undefined) {
    facts.push({ zh: '轧差', en: 'net', value: `${net.id} ${net.state}` });
    facts.push({ zh: '挂起成交', en: 'deals held', value: String(net.heldDeals) });
    facts.push({ zh: '挂起手续费', en: 'fees held', value: formatFen(net.heldFen, 'yuan') });
    sections.push(positionsOf(net));
  }
  const result = await dayOf(connection, cycle);
  if (result !== undefined) {
    facts.push({ zh: '日终结果摘要', en: "SHA-256 of the day's result", value: result.sha256 });
    const signed = new Map((await signaturesOf(connection, result)).map((one) => [one.exchange, one.signedAt]));
    const rows = exchanges.map((exchange): Row => {
      const at = signed.get(exchange);
      return [
        `${exchangeNames[exchange].zh} ${exchange}`,
        at === undefined ? null : instantOf(at),
        at && result.sha256,
      ].map((cell) => cell ?? null);
    });
    sections.push(table('三方签署', 'signatures', signatures, rows));
  }
  return accepted({ kind: 'day', zh: '日终报告', en: 'Close of day', cycle, facts, sections });
}

const instantOf = (at: Date) => instantAt(at.getTime());

async function checklistRows(connection: Queryable, day: Cycle): Promise<readonly Row[]> {
  const lines = await checklistOf(connection, day);
  return lines.map(({ state, zh, en, done, blocked }) => [
    `${zh} ${en}`,
    done === null ? null : `${cycleStates[state].zh} ${cycleStates[state].en}`,
    done?.by ?? null,
    done?.role ?? null,
    done === null ? null : instantOf(done.at),
    blocked.map((one) => `${one.zh} ${one.en}`).join('; ') || null,
  ]);
}
