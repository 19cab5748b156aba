import { readFileSync } from 'node:fs';
import { filledRowsIn } from '../../../src/clearing/round-trip-read.ts';

const EVIDENCE = `attachment:${'0123456789abcdef'.repeat(4)}`;

/** A sheet of five breaks, given out by `resolutionSheet`; two rows were filled in, and LibreOffice 7.4 saved it. */
const saved = readFileSync(new URL('./samples/saved-by-libreoffice.xlsx', import.meta.url));

test('a sheet that a spreadsheet program has saved in its own way is read as it was filled in', () => {
  const read = filledRowsIn(saved);
  if (!read.ok) throw new Error(JSON.stringify(read.refusals));
  expect(read.value.map(({ row, wish }) => [row, wish])).toEqual([
    [
      2,
      {
        ok: true,
        value: {
          action: 'by-gateway',
          reason: 'amount-wrong',
          note: '对方确认录错\n见函',
          evidence: [EVIDENCE],
          entries: [],
        },
      },
    ],
    [3, { ok: true, value: { action: 'write-off', reason: 'rounding', note: '', evidence: [EVIDENCE], entries: [] } }],
    ...[4, 5, 6].map((row) => [row, undefined]),
  ]);
  for (const { breakId, version, seal } of read.value) {
    expect(breakId).toMatch(/^[0-9a-f]{32}$/);
    expect(version).toBe(2);
    expect(seal).toMatch(/^[0-9a-f]{64}$/);
  }
});
