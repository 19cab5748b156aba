import { instantAt } from '../contract/dates.ts';
import { exchanges } from '../contract/exchange.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import { recordAct } from '../journal/audit.ts';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import { type Viewer, viewing } from '../journal/viewing.ts';
import { digestOf, type Report, type ReportKind, type Stamp } from './report.ts';
import { balancesReport } from './report-balances.ts';
import { breaksReport } from './report-breaks.ts';
import { dayReport } from './report-day.ts';
import { instructionsReport } from './report-instructions.ts';
import { netsReport } from './report-nets.ts';
import { bytesOf } from './writers/bytes.ts';
import { writeCsv } from './writers/csv.ts';
import { writeXlsx } from './writers/xlsx.ts';

const contents: Readonly<
  Record<ReportKind, (connection: Queryable, cycle: string, viewer: Viewer) => Promise<Checked<Report>>>
> = {
  breaks: breaksReport,
  balances: (connection, cycle, viewer) =>
    balancesReport(
      connection,
      cycle,
      exchanges.filter((exchange) => viewer === '*' || viewer === exchange),
    ),
  nets: netsReport,
  instructions: instructionsReport,
  day: dayReport,
};

type Write = (report: Report, stamp: Stamp) => AsyncIterable<Uint8Array>;

/** Its libraries are loaded with the first PDF: a start is quicker without them. */
async function* writePdf(report: Report, stamp: Stamp): AsyncGenerator<Uint8Array, void, void> {
  const pdf = await import('./writers/pdf.ts');
  yield* pdf.writePdf(report, stamp);
}

/** The forms a report comes in. */
export const reportForms = {
  xlsx: { mediaType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', write: writeXlsx },
  csv: { mediaType: 'text/csv; charset=utf-8', write: writeCsv },
  pdf: { mediaType: 'application/pdf', write: writePdf },
} as const satisfies Record<string, { readonly mediaType: string; readonly write: Write }>;

export type ReportForm = keyof typeof reportForms;

export interface ReportOrder {
  readonly kind: ReportKind;
  readonly form: ReportForm;
  /** The business day, a checked date. */
  readonly cycle: string;
  /** What whoever asks may see. */
  readonly viewer: Viewer;
  /** Who asks: it is printed as 制单 and kept in the audit trail. */
  readonly by: { readonly name: string; readonly role: string };
}

export interface ReportParts {
  readonly database: Database;
  readonly limits: { readonly reportRows: number; readonly reportPdfRows: number };
  nowMs(): number;
}

export interface MadeReport {
  /** `breaks-2026-03-02.xlsx` */
  readonly fileName: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
  /** Of the contents, the same in every form. */
  readonly sha256: string;
  readonly rows: number;
}

/**
 * Makes one report of a business day, as its asker may see it, from one state of the database, and records that it was
 * handed out. What goes out is held whole, so that no slow reader keeps the transaction open: limits bound it.
 *
 * Refused: nothing to report on yet (`state-forbids`, `reference-unknown`), or more rows than the form takes (`too-many`).
 */
export async function makeReport(order: ReportOrder, parts: ReportParts): Promise<Checked<MadeReport>> {
  const { kind, form, cycle, viewer, by } = order;
  const at = new Date(parts.nowMs());
  const made = await viewing(parts.database, viewer, async (connection): Promise<Checked<MadeReport>> => {
    const report = await contents[kind](connection, cycle, viewer);
    if (!report.ok) return report;
    const { sha256, rows } = await digestOf(report.value);
    const most = form === 'pdf' ? parts.limits.reportPdfRows : parts.limits.reportRows;
    if (rows > most) return refused(refuse('too-many', '', `${rows} > ${most}`));
    const { mediaType, write } = reportForms[form];
    const stamp: Stamp = { sha256, rows, madeAt: instantAt(at.getTime()), madeBy: by.name };
    const bytes = await bytesOf(write(report.value, stamp));
    return accepted({ fileName: `${kind}-${cycle}.${form}`, mediaType, bytes, sha256, rows });
  });
  if (!made.ok) return made;
  const { sha256, rows } = made.value;
  await transaction(parts.database, (connection) =>
    recordAct(connection, {
      actor: by.name,
      role: by.role,
      act: 'report-made',
      subject: `report:${kind}/${cycle}`,
      detail: { form, sha256, rows },
      at,
    }),
  );
  return made;
}
