import { createHash } from 'node:crypto';
import { daysBetween } from '../contract/dates.ts';
import { formatFen } from '../contract/money.ts';

/**
 * What a column holds, and so how it is shown: `id` is text whatever its digits, `money` is fen, `count` a whole number,
 * `date` is `YYYY-MM-DD`.
 */
type ColumnKind = 'text' | 'id' | 'money' | 'count' | 'date';

export interface Words {
  readonly zh: string;
  readonly en: string;
}

/** One column, the same in every form of a report. */
export interface Column extends Words {
  /** Part of the digest: a report whose columns mean something else is another one. */
  readonly key: string;
  readonly kind: ColumnKind;
  /** In half-width characters. */
  readonly width: number;
}

/** Null: nothing to say. bigint: fen or a count. */
export type Cell = string | bigint | null;

export type Row = readonly Cell[];

/** One table. Its rows can be read again and again, and are the same each time: a report is read within one transaction. */
export interface Section extends Words {
  readonly columns: readonly Column[];
  rows(): AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>;
}

/** Something said once: a total, a state, a digest. */
export interface Fact extends Words {
  readonly value: string;
}

export const reportKinds = ['breaks', 'balances', 'nets', 'instructions', 'day'] as const;
export type ReportKind = (typeof reportKinds)[number];

/** A report as such: no form yet. */
export interface Report extends Words {
  readonly kind: ReportKind;
  /** The business day. */
  readonly cycle: string;
  readonly facts: readonly Fact[];
  readonly sections: readonly Section[];
}

/** What stands on every form of it. */
export interface Stamp {
  /** {@link digestOf}: of the contents, whatever the form. */
  readonly sha256: string;
  readonly rows: number;
  /** RFC 3339, +08:00. */
  readonly madeAt: string;
  readonly madeBy: string;
}

/** A cell as text without thousands separators; empty for null. */
export function cellText({ kind }: Pick<Column, 'kind'>, cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'string') return cell;
  return kind === 'money' ? formatFen(cell, 'yuan') : String(cell);
}

/** Days since 1899-12-30: a date as spreadsheets count it. */
export function serialOf(date: string): number {
  return daysBetween('1899-12-30', date);
}

/**
 * SHA-256, hex, over JSON lines: the report's kind and day, every fact, and for each section its columns' keys and then
 * its rows as text. So one report has one digest in every form, and who has the figures can compute it again.
 */
export async function digestOf(report: Report): Promise<{ readonly sha256: string; readonly rows: number }> {
  const hash = createHash('sha256');
  const put = (line: unknown) => hash.update(`${JSON.stringify(line)}\n`);
  put(['qiao-report/1', report.kind, report.cycle]);
  for (const { zh, en, value } of report.facts) put([zh, en, value]);
  let rows = 0;
  for (const section of report.sections) {
    const { columns } = section;
    put(columns.map(({ key }) => key));
    for await (const page of section.rows()) {
      rows += page.length;
      for (const row of page) put(columns.map((column, i) => cellText(column, row[i] ?? null)));
    }
  }
  return { sha256: hash.digest('hex'), rows };
}
