import CliTable from 'cli-table3';
import { wrap } from './width.ts';

/** Rows as an aligned table; a Chinese character takes two columns. Plain text, no colour codes. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  widths?: readonly number[],
): string {
  const drawn = new CliTable({
    head: [...head],
    style: { head: [], border: [], compact: true },
    ...(widths === undefined ? {} : { colWidths: [...widths] }),
  });
  // The library's own wrapping counts wide characters once and cuts them off.
  for (const row of rows)
    drawn.push(row.map((cell, i) => (widths?.[i] === undefined ? cell : wrap(cell, widths[i] - 2))));
  return `${drawn.toString()}\n`;
}
