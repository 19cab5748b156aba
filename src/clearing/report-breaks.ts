import { formatFen } from '../contract/money.ts';
import { accepted, type Checked } from '../contract/refusal.ts';
import type { Queryable } from '../journal/database.ts';
import { libraryCalendars } from '../rules/calendar.ts';
import { ageOf } from './ageing.ts';
import { type BreakState, breakStates } from './break-states.ts';
import type { Blame } from './classify.ts';
import type { FailingField } from './classify-fields.ts';
import { type BreakCode, codes } from './codes.ts';
import type { Cell, Column, Fact, Report, Row, Section } from './report.ts';
import { comparedFor, fenOf, pagesOf } from './report-rows.ts';

const columns: readonly Column[] = [
  { key: 'break', zh: '差错号', en: 'break', kind: 'id', width: 34 },
  { key: 'code', zh: '代码', en: 'code', kind: 'text', width: 11 },
  { key: 'what', zh: '差错', en: 'what', kind: 'text', width: 18 },
  { key: 'severity', zh: '级别', en: 'level', kind: 'text', width: 10 },
  { key: 'deal', zh: '成交', en: 'deal', kind: 'id', width: 22 },
  { key: 'pair', zh: '挂牌所→转发所', en: 'home→host', kind: 'text', width: 18 },
  { key: 'side', zh: '偏离方', en: 'side', kind: 'text', width: 10 },
  { key: 'fields', zh: '不符字段（账／流水）', en: 'fields (book/journal)', kind: 'text', width: 26 },
  { key: 'delta', zh: '差额', en: 'delta', kind: 'money', width: 17 },
  { key: 'value', zh: '涉及金额', en: 'value', kind: 'money', width: 18 },
  { key: 'date', zh: '业务日期', en: 'day', kind: 'date', width: 12 },
  { key: 'blame', zh: '归责建议', en: 'blame', kind: 'text', width: 13 },
  { key: 'state', zh: '状态', en: 'state', kind: 'text', width: 18 },
  { key: 'first', zh: '首现日', en: 'first seen', kind: 'date', width: 12 },
  { key: 'age', zh: '账龄（工作日）', en: 'working days', kind: 'count', width: 9 },
  { key: 'due', zh: '到期日', en: 'due', kind: 'date', width: 12 },
  { key: 'assignee', zh: '经办', en: 'assignee', kind: 'text', width: 15 },
  { key: 'checker', zh: '复核', en: 'checker', kind: 'text', width: 14 },
];

interface Listed {
  readonly id: string;
  readonly code: BreakCode;
  readonly severity: string;
  readonly deal: string;
  readonly home: string;
  readonly host: string;
  readonly side: string | null;
  readonly fields: readonly FailingField[] | null;
  readonly delta: bigint | null;
  readonly value: bigint;
  readonly date: string;
  readonly blame: Blame | null;
  readonly state: BreakState | null;
  readonly first: string | null;
  readonly due: string | null;
  readonly assignee: string | null;
  readonly checker: string | null;
}

const WORK = 'b.state, b.first_seen as first, b.due, b.assignee, b.checker';
const FOUND = `f.break_id as id, f.code, coalesce(b.severity, f.severity) as severity, f.deal_id as deal, f.home, f.host, f.side,
  f.fields, f.delta_fen as delta, f.value_fen as value, f.business_date as date, f.blame, ${WORK}`;
const ofRun = (outcomes: string) => `
  select ${FOUND} from clearing_found f left join clearing_break b on b.id = f.break_id
   where f.run = $1 and f.outcome in (${outcomes}) order by severity, f.deal_id, f.break_id`;
const fromBefore = `
  select b.id, b.code, b.severity, b.deal_id as deal, b.home, b.host, b.side, f.fields, b.delta_fen as delta,
         b.value_fen as value, b.business_date as date, b.blame, ${WORK}
    from clearing_break b left join clearing_found f on f.run = b.run and f.break_id = b.id
   where b.state <> 'closed' and b.first_seen < $2::date
     and not exists (select from clearing_found n where n.run = $1 and n.break_id = b.id)
   order by b.severity, b.deal_id, b.id`;

/** 差错明细: what the day's comparison found, how far each is, and what is still open from before. Refused: not compared yet. */
export async function breaksReport(connection: Queryable, cycle: string): Promise<Checked<Report>> {
  const compared = await comparedFor(connection, cycle);
  if (!compared.ok) return compared;
  const { run, version, resultSha256 } = compared.value;
  const section = (zh: string, en: string, text: string, values: readonly unknown[]): Section => ({
    zh,
    en,
    columns,
    async *rows() {
      for await (const page of pagesOf<Listed>(connection, text, values)) yield page.map((one) => rowOf(one, cycle));
    },
  });
  return accepted({
    kind: 'breaks',
    zh: '差错明细',
    en: 'Breaks',
    cycle,
    facts: [
      { zh: '对账版本', en: 'comparison', value: String(version) },
      { zh: '对账结果摘要', en: 'SHA-256 of the result', value: resultSha256 },
      ...(await totals(connection, run)),
    ],
    sections: [
      section('当日差错', 'breaks of the day', ofRun(`'break'`), [run]),
      section('容差内与在途', 'tolerated and on the way', ofRun(`'tolerated', 'in-flight'`), [run]),
      section('以前日期未结差错', 'still open from before', fromBefore, [run, cycle]),
    ],
  });
}

/** Surplus and shortage apart: their sum would hide both. */
async function totals(connection: Queryable, run: string): Promise<readonly Fact[]> {
  const { rows } = await connection.query<{ count: bigint; value: string; over: string; under: string }>(
    `select count(*) as count, coalesce(sum(value_fen), 0)::text as value,
            coalesce(sum(delta_fen) filter (where delta_fen > 0), 0)::text as over,
            coalesce(sum(delta_fen) filter (where delta_fen < 0), 0)::text as under
       from clearing_found where run = $1 and outcome = 'break'`,
    [run],
  );
  const { count, value, over, under } = rows[0]!;
  const yuan = (text: string) => formatFen(fenOf(text), 'yuan');
  return [
    { zh: '当日差错笔数', en: 'breaks of the day', value: String(count) },
    { zh: '涉及金额合计', en: 'value in all', value: yuan(value) },
    { zh: '长款合计', en: 'surplus in all', value: yuan(over) },
    { zh: '短款合计', en: 'shortage in all', value: yuan(under) },
  ];
}

function rowOf(one: Listed, cycle: string): Row {
  const { zh, en } = codes[one.code];
  const state = one.state === null ? null : breakStates[one.state];
  const cells: Readonly<Record<string, Cell>> = {
    break: one.id,
    code: one.code,
    what: `${zh} ${en}`,
    severity: one.severity,
    deal: one.deal,
    pair: `${one.home}→${one.host}`,
    side: one.side,
    fields: (one.fields ?? [])
      .map(({ field, book, journal }) => `${field}: ${book ?? '–'}／${journal ?? '–'}`)
      .join('; '),
    delta: one.delta,
    value: one.value,
    date: one.date,
    blame: one.blame,
    state: state === null ? null : `${state.zh} ${state.en}`,
    first: one.first,
    age: one.first === null ? null : BigInt(ageOf(one.first, cycle, libraryCalendars.statutory)),
    due: one.due,
    assignee: one.assignee,
    checker: one.checker,
  };
  return columns.map(({ key }) => cells[key] ?? null);
}
