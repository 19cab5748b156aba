import CliTable from 'cli-table3';

/** Rows as an aligned table; a Chinese character takes two columns. Plain text, no colour codes. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  widths?: readonly number[],
): string {
  const drawn = new CliTable({
    head: [...head],
    style: { head: [], border: [], compact: true },
    ...(widths === undefined ? {} : { colWidths: [...widths], wordWrap: true, wrapOnWordBoundary: false }),
  });
  for (const row of rows) drawn.push([...row]);
  return `${drawn.toString()}\n`;
}
