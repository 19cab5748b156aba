import { accepted, type Checked, type Refusal, refuse, refused } from '../contract/refusal.ts';
import { breakActions, breakReasons } from './break-actions.ts';
import type { TableRecord } from './csv-read.ts';
import { parseWish, type Wish } from './proposal.ts';
import { type SheetKey, sheetColumns } from './round-trip-sheet.ts';
import { lettersOf } from './writers/workbook.ts';
import { sheetIn } from './xlsx-read.ts';

/** Five hundred rows with long notes are a tenth of it. */
const MOST_UNPACKED = 8 * 1_048_576;

/** One row of a sheet that came back, as far as it can be read without the database. */
export interface FilledRow {
  /** In the sheet, from 2. */
  readonly row: number;
  readonly breakId: string;
  readonly version: number;
  readonly seal: string;
  /** Undefined: nothing was filled in. Refusals name cells. */
  readonly wish: Checked<Wish> | undefined;
}

/** `/M7`: where in the sheet. */
export function cellOf(row: number, key: SheetKey): string {
  return `/${lettersOf(sheetColumns.findIndex((column) => column.key === key))}${row}`;
}

/**
 * The rows of a sheet that was given out and came back. Refused as a whole: no workbook (`bad-format`), one far too large, other columns
 * (`sheet-altered`), a row that names no break (`sheet-altered`).
 */
export function filledRowsIn(bytes: Buffer): Checked<readonly FilledRow[]> {
  const sheet = sheetIn(bytes, MOST_UNPACKED);
  if (!sheet.ok) return sheet;
  const [head, ...records] = sheet.value;
  const wrong = sheetColumns.flatMap(({ key, zh, en }, i) =>
    head?.line === 1 && head.cells[i] === `${zh} ${en}` ? [] : [refuse('sheet-altered', cellOf(1, key))],
  );
  for (const { line, cells } of [...(head === undefined ? [] : [head]), ...records]) {
    if (cells.length > sheetColumns.length) {
      wrong.push(refuse('unknown-field', `/${lettersOf(sheetColumns.length)}${line}`));
    }
  }
  if (wrong.length > 0) return refused(...wrong);
  const rows = records.map(rowIn);
  const refusals = rows.flatMap((row) => (row.ok ? [] : row.refusals));
  return refusals.length > 0 ? refused(...refusals) : accepted(rows.flatMap((row) => (row.ok ? [row.value] : [])));
}

function rowIn({ line, cells }: TableRecord): Checked<FilledRow> {
  const said = (key: SheetKey) => textIn(cells[sheetColumns.findIndex((column) => column.key === key)] ?? '');
  const [breakId, version, seal] = [said('break'), said('version'), said('seal')];
  const wrong: Refusal[] = [];
  if (!/^[0-9a-f]{32}$/.test(breakId)) wrong.push(refuse('sheet-altered', cellOf(line, 'break')));
  if (!/^[1-9]\d{0,8}$/.test(version)) wrong.push(refuse('sheet-altered', cellOf(line, 'version')));
  if (!/^[0-9a-f]{64}$/.test(seal)) wrong.push(refuse('sheet-altered', cellOf(line, 'seal')));
  if (wrong.length > 0) return refused(...wrong);
  const open = { action: said('action'), reason: said('reason'), note: said('note'), evidence: said('evidence') };
  const isFilled = Object.values(open).some((text) => text !== '');
  const wish = isFilled ? wishIn(open, line) : undefined;
  return accepted({ row: line, breakId, version: Number(version), seal, wish });
}

/** Spreadsheets write a carriage return as `_x000D_` (ECMA-376 §22.9.2.19), and people blanks around words. */
function textIn(cell: string): string {
  return cell
    .replace(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replaceAll('\r\n', '\n')
    .trim();
}

function wishIn(
  open: Readonly<Record<'action' | 'reason' | 'note' | 'evidence', string>>,
  line: number,
): Checked<Wish> {
  const action = codeIn(breakActions, open.action);
  if (action === 'adjust') return refused(refuse('not-expressible', cellOf(line, 'action'), open.action));
  const wish = parseWish({
    ...(action === '' ? {} : { action }),
    ...(open.reason === '' ? {} : { reason: codeIn(breakReasons, open.reason) }),
    note: open.note,
    evidence: open.evidence.split(/[\s,;，；、]+/).filter((one) => one !== ''),
  });
  if (wish.ok) return wish;
  return refused(
    ...wish.refusals.map((one) => ({ ...one, pointer: cellOf(line, one.pointer.split('/')[1] as SheetKey) })),
  );
}

/** A word of the sheet → its code; codes and English words are taken too. What is unknown stays, to be refused. */
function codeIn(table: Readonly<Record<string, { readonly zh: string; readonly en: string }>>, word: string): string {
  const found = Object.entries(table).find(([code, { zh, en }]) => word === zh || word === code || word === en);
  return found?.[0] ?? word;
}
