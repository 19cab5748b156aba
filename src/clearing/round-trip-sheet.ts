import { createHash } from 'node:crypto';
import type { Queryable } from '../journal/database.ts';
import { type Break, breakColumns } from './break.ts';
import { type BreakAction, breakActions, breakReasons } from './break-actions.ts';
import { type BreakState, breakStates } from './break-states.ts';
import { codes } from './codes.ts';
import type { Cell } from './report.ts';
import { bytesOf } from './writers/bytes.ts';
import { type SheetColumn, writeWorkbook } from './writers/workbook.ts';

/** States in which a maker may propose, of breaks that still need somebody. */
export const workable: readonly BreakState[] = ['open', 'working', 'returned', 'reopened', 'suspended'];

/** What a sheet can say: entries of one's own (调账) do not fit into a cell. */
export const sheetActions = (Object.keys(breakActions) as BreakAction[]).filter((action) => action !== 'adjust');

const choicesOf = (words: readonly { readonly zh: string }[]) => words.map(({ zh }) => zh);

/** The columns of the sheet, in their order; a sheet that comes back must have just these. */
export const sheetColumns = [
  { key: 'break', zh: '差错号', en: 'break', kind: 'id', width: 34 },
  { key: 'code', zh: '代码', en: 'code', kind: 'text', width: 9 },
  { key: 'what', zh: '差错', en: 'what', kind: 'text', width: 26 },
  { key: 'severity', zh: '级别', en: 'severity', kind: 'text', width: 9 },
  { key: 'deal', zh: '成交', en: 'deal', kind: 'id', width: 28 },
  { key: 'pair', zh: '挂牌所→转发所', en: 'home→host', kind: 'text', width: 14 },
  { key: 'side', zh: '偏离方', en: 'whose book', kind: 'text', width: 10 },
  { key: 'delta', zh: '差额', en: 'delta', kind: 'money', width: 18 },
  { key: 'value', zh: '涉及金额', en: 'value', kind: 'money', width: 18 },
  { key: 'date', zh: '业务日期', en: 'business day', kind: 'date', width: 12 },
  { key: 'state', zh: '状态', en: 'state', kind: 'text', width: 18 },
  { key: 'assignee', zh: '经办', en: 'assignee', kind: 'text', width: 12 },
  {
    key: 'action',
    zh: '处理方式',
    en: 'action',
    kind: 'text',
    width: 20,
    isOpen: true,
    choices: choicesOf(sheetActions.map((action) => breakActions[action])),
  },
  {
    key: 'reason',
    zh: '原因',
    en: 'reason',
    kind: 'text',
    width: 20,
    isOpen: true,
    choices: choicesOf(Object.values(breakReasons)),
  },
  { key: 'note', zh: '说明', en: 'note', kind: 'text', width: 40, isOpen: true },
  { key: 'evidence', zh: '凭证', en: 'evidence', kind: 'text', width: 40, isOpen: true },
  { key: 'version', zh: '版本', en: 'version', kind: 'id', width: 8, isHidden: true },
  { key: 'seal', zh: '校验', en: 'seal', kind: 'id', width: 34, isHidden: true },
] as const satisfies readonly SheetColumn[];

export type SheetKey = (typeof sheetColumns)[number]['key'];

/**
 * What ties a row to one break as it stood: SHA-256, hex, over its id, version and finding. It is compared with what the
 * database has, so no key is needed: whoever makes one up has at best the right one.
 */
export function sealOf({ id, version, findingSha256 }: Pick<Break, 'id' | 'version' | 'findingSha256'>): string {
  return createHash('sha256')
    .update(JSON.stringify(['qiao-sheet/1', id, version, findingSha256]))
    .digest('hex');
}

/** Breaks that wait for a proposal, the gravest and oldest first, as a workbook to be filled in and sent back. */
export async function resolutionSheet(connection: Queryable, most: number): Promise<Buffer> {
  const { rows } = await connection.query<Break & Record<string, unknown>>(
    `select ${breakColumns('b')} from clearing_break b where state = any($1::text[])
      order by severity, first_seen, id limit $2`,
    [workable, most],
  );
  return bytesOf(writeWorkbook([{ name: '差错处理', columns: sheetColumns, rows: () => [rows.map(rowOf)] }]));
}

function rowOf(one: Break): readonly Cell[] {
  const [what, state] = [codes[one.code], breakStates[one.state]];
  const cells: Readonly<Record<Exclude<SheetKey, 'action' | 'reason' | 'note' | 'evidence'>, Cell>> = {
    break: one.id,
    code: one.code,
    what: `${what.zh} ${what.en}`,
    severity: one.severity,
    deal: one.dealId,
    pair: `${one.home}→${one.host}`,
    side: one.side,
    delta: one.deltaFen,
    value: one.valueFen,
    date: one.businessDate,
    state: `${state.zh} ${state.en}`,
    assignee: one.assignee,
    version: String(one.version),
    seal: sealOf(one),
  };
  return sheetColumns.map(({ key }) => cells[key as keyof typeof cells] ?? null);
}
