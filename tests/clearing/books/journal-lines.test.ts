import fc from 'fast-check';
import { readJournalLines } from '../../../src/clearing/journal-lines.ts';
import { type JournalRow, journalRowOf } from '../../../src/clearing/journal-row.ts';
import { type JsonObject, parseJson } from '../../../src/contract/json.ts';
import { trueDeals } from '../../support/clearing/truth.ts';
import { writeJournal } from '../../support/clearing/writers.ts';

async function read(bytes: Buffer, size = 300): Promise<JournalRow[] | string> {
  async function* pieces() {
    for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
  }
  const lines = readJournalLines(pieces());
  const rows: JournalRow[] = [];
  let next = await lines.next();
  for (; next.done !== true; next = await lines.next()) rows.push(...next.value);
  return next.value.ok ? rows : next.value.refusals[0]!.pointer;
}

/** The strict reading, of each line by itself: JSON, then field by field. */
function strictly(bytes: Buffer): JournalRow[] | string {
  const rows: JournalRow[] = [];
  for (const [i, line] of bytes.toString('latin1').split('\n').entries()) {
    if (line === '') continue;
    const json = parseJson(Buffer.from(line, 'latin1'));
    const row = json.ok ? journalRowOf(json.value as JsonObject, i + 1) : json;
    if (!row.ok) return `/${i + 1}${row.refusals[0]!.pointer}`;
    rows.push(row.value);
  }
  return rows;
}

const day = writeJournal(trueDeals(7, 40, '2026-03-02'));

describe('the journal in JSON lines', () => {
  test('every deal of a day is read, as the strict reading has it', async () => {
    const rows = await read(day);
    expect(rows).toHaveLength(40);
    expect(rows).toEqual(strictly(day));
  });

  test('written with spaces, with escapes or in another order of members it reads the same', async () => {
    const deals = day
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const spaced = deals.map((deal) => JSON.stringify(deal, null, 1).replaceAll(/\n\s*/g, ' ')).join('\n');
    const turned = deals.map((deal) => JSON.stringify(Object.fromEntries(Object.entries(deal).reverse()))).join('\n');
    const escaped = day.toString().replaceAll('示', '\\u793a');
    for (const text of [spaced, turned, escaped]) expect(await read(Buffer.from(text))).toEqual(await read(day));
  });

  test('with any byte altered it is refused at the same line and field as strictly, or reads the same', async () => {
    const few = writeJournal(trueDeals(9, 3, '2026-03-02'));
    await fc.assert(
      fc.asyncProperty(fc.nat(few.byteLength - 1), fc.integer({ min: 0, max: 255 }), async (at, byte) => {
        const altered = Buffer.from(few);
        altered[at] = byte;
        expect(await read(altered, 1_000)).toEqual(strictly(altered));
      }),
      { numRuns: 1_000 },
    );
  });

  test('a member twice is refused, where a careless reader would take the last', async () => {
    const line = day.toString().split('\n')[0]!;
    const twice = line.replace(/("price":\{[^}]*\})/, '$1,"price":{"amount":"0.01","currency":"CNY"}');
    expect(twice).not.toBe(line);
    expect(await read(Buffer.from(twice))).toBe('/1');
  });
});
