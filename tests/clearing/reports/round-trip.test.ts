import { readSheet } from 'read-excel-file/node';
import type { Cell } from '../../../src/clearing/report.ts';
import { type Preview, previewSheet, proposeSheet } from '../../../src/clearing/round-trip.ts';
import { resolutionSheet, type SheetKey, sheetColumns } from '../../../src/clearing/round-trip-sheet.ts';
import { bytesOf } from '../../../src/clearing/writers/bytes.ts';
import { type SheetColumn, writeWorkbook } from '../../../src/clearing/writers/workbook.ts';
import { sheetIn } from '../../../src/clearing/xlsx-read.ts';
import { viewing } from '../../../src/journal/viewing.ts';
import { Desk, outcome, person } from '../breaks/desk.ts';

const MAKER = { name: 'maker-1', role: 'maker' } as const;
const CHECKER = { name: 'checker-1', role: 'checker' } as const;

describe('a sheet of breaks that goes out, is filled in and comes back', () => {
  let desk: Desk;
  beforeEach(async () => {
    desk = await Desk.open();
  });
  afterEach(() => desk.drop());

  const giveOut = () => viewing(desk.database, '*', (connection) => resolutionSheet(connection, 500));
  /** What a person does in the spreadsheet, and the spreadsheet when it saves: all cells again, as text. */
  const fillIn = async (
    bytes: Buffer,
    change: (cells: Record<SheetKey, string>, row: number) => void,
    more: readonly SheetColumn[] = [],
  ) => {
    const sheet = sheetIn(bytes);
    if (!sheet.ok) throw new Error(JSON.stringify(sheet.refusals));
    const columns = [...sheetColumns, ...more].map((column) => ({ ...column, kind: 'text' as const }));
    const rows = sheet.value.slice(1).map(({ cells, line }) => {
      const named = Object.fromEntries(sheetColumns.map(({ key }, i) => [key, cells[i] ?? ''])) as Record<
        SheetKey,
        string
      >;
      change(named, line);
      return Object.values(named) as Cell[];
    });
    return bytesOf(writeWorkbook([{ name: '差错处理', columns, rows: () => [rows] }]));
  };
  const preview = async (bytes: Buffer): Promise<Preview> => {
    const made = await viewing(desk.database, '*', (c) => previewSheet(c, bytes, MAKER, desk.parts));
    if (!made.ok) throw new Error(JSON.stringify(made.refusals));
    return made.value;
  };
  const found = (n: number) =>
    Array.from({ length: n }, (_, i) => ({ deal: `T${i}`, code: 'AMT+' as const, deltaFen: 100n + BigInt(i) }));
  const settle = (evidence: string) => (cells: Record<SheetKey, string>) => {
    Object.assign(cells, { action: '以网关为准', reason: '金额录入错误', note: '对方确认录错', evidence });
  };

  it('names every break that waits, locked but for what is to be filled in, and looks like a sheet to another program', async () => {
    await desk.compare(found(3));
    const rows = await readSheet(await giveOut());
    expect(rows).toHaveLength(4);
    expect(rows[0]).toEqual(sheetColumns.map(({ zh, en }) => `${zh} ${en}`));
    expect(
      rows
        .slice(1)
        .map((row) => row[7])
        .sort(),
    ).toEqual([1, 1.01, 1.02]);
  });

  it('comes back: what was filled in is proposed by its maker, and approved by somebody else', async () => {
    await desk.compare(found(3));
    const evidence = await desk.evidence();
    const back = await fillIn(await giveOut(), (cells, row) => row < 4 && settle(evidence)(cells));
    const seen = await preview(back);
    expect(seen.rows.map(({ row, outcome, needed }) => [row, outcome, needed])).toEqual([
      [2, 'changed', 1],
      [3, 'changed', 1],
      [4, 'unchanged', undefined],
    ]);
    const done = await proposeSheet(back, seen.sha256, MAKER, desk.parts);
    if (!done.ok) throw new Error(JSON.stringify(done.refusals));
    expect(done.value.map((one) => one.ok && [one.value.state, one.value.maker])).toEqual([
      ['proposed', 'maker-1'],
      ['proposed', 'maker-1'],
    ]);
  });

  const outcomes = ({ rows }: Preview) =>
    rows.map(({ outcome, refusals }) =>
      [outcome, ...refusals.map(({ code, pointer }) => `${code} ${pointer}`)].join(' '),
    );

  it('says cell by cell what is wrong, and proposes the rest', async () => {
    await desk.compare(found(6));
    const evidence = await desk.evidence();
    const changes: ((cells: Record<SheetKey, string>) => void)[] = [
      (cells) => Object.assign(cells, { action: '抹平' }),
      (cells) => Object.assign(cells, { action: '调账', reason: '尾差', evidence }),
      (cells) => Object.assign(cells, { action: '补单', reason: '漏记', evidence }),
      (cells) => Object.assign(cells, { action: '核销', reason: '尾差', evidence: `attachment:${'0'.repeat(64)}` }),
      (cells) => Object.assign(cells, { note: '说明\u202e' }),
      settle(evidence),
    ];
    const seen = await preview(await fillIn(await giveOut(), (cells, row) => changes[row - 2]!(cells)));
    expect(outcomes(seen)).toEqual([
      'invalid unknown-code /M2 missing-field /N2 missing-field /P2',
      'invalid not-expressible /M3',
      'invalid action-unfit /M4',
      'invalid reference-unknown /P5',
      'invalid missing-field /M6 missing-field /N6 bad-format /O6 missing-field /P6',
      'changed',
    ]);
    expect(seen.tasks).toHaveLength(1);
  });

  it('refuses a row whose id, version or seal is not the one that was given out', async () => {
    await desk.compare(found(5));
    const evidence = await desk.evidence();
    const bytes = await giveOut();
    const other = new Map<number, string>();
    await fillIn(bytes, (cells, row) => void other.set(row, cells.break));
    const changes: ((cells: Record<SheetKey, string>) => void)[] = [
      (cells) => (cells.break = other.get(3)!),
      (cells) => (cells.break = other.get(2)!),
      (cells) => (cells.seal = cells.seal.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))),
      (cells) => (cells.version = '9'),
      (cells) => (cells.break = '0'.repeat(32)),
    ];
    const seen = await preview(
      await fillIn(bytes, (cells, row) => {
        settle(evidence)(cells);
        changes[row - 2]!(cells);
      }),
    );
    expect(outcomes(seen)).toEqual([
      ...['invalid sheet-altered /A2', 'invalid sheet-altered /A3', 'invalid sheet-altered /A4'],
      ...['invalid sheet-altered /A5', 'invalid reference-unknown /A6'],
    ]);
    expect(seen.tasks).toEqual([]);
  });

  it('takes the same break only once', async () => {
    await desk.compare(found(2));
    const evidence = await desk.evidence();
    let first: Record<SheetKey, string> | undefined;
    const back = await fillIn(await giveOut(), (cells) => {
      settle(evidence)(cells);
      first ??= { ...cells };
      Object.assign(cells, first);
    });
    expect(outcomes(await preview(back))).toEqual(['changed', 'invalid id-conflict /A3']);
  });

  it('knows that somebody was faster, and proposes nothing that was not seen before', async () => {
    await desk.compare(found(2));
    const evidence = await desk.evidence();
    const back = await fillIn(await giveOut(), settle(evidence));
    const before = await preview(back);
    await desk.act(person('maker-2', 'maker'), found(2)[1]!, { act: 'take' });
    const refused = await proposeSheet(back, before.sha256, MAKER, desk.parts);
    expect(refused).toEqual({ ok: false, refusals: [expect.objectContaining({ code: 'proposal-differs' })] });
    expect((await desk.break(found(2)[0]!)).state).toBe('open');
    const after = await preview(back);
    expect(outcomes(after).toSorted()).toEqual(['changed', expect.stringMatching(/^stale version-stale \/A[23]$/)]);
  });

  it('refuses a sheet that is none of ours: other columns, more columns, no workbook, more than may be proposed at once', async () => {
    await desk.compare(found(2));
    const evidence = await desk.evidence();
    const refusalOf = async (bytes: Buffer, limits = desk.parts.limits) => {
      const made = await previewSheet(desk.database, bytes, MAKER, { ...desk.parts, limits });
      return made.ok ? 'accepted' : made.refusals.map(({ code, pointer }) => `${code} ${pointer}`).join();
    };
    const sheet = await giveOut();
    expect(await refusalOf(Buffer.from('差错号,代码'))).toMatch(/^bad-format/);
    const extra = { key: 'x', zh: '备注', en: 'remark', kind: 'text', width: 8 } as const;
    expect(await refusalOf(await fillIn(sheet, () => {}, [extra]))).toBe('unknown-field /S1');
    const renamed = await bytesOf(
      writeWorkbook([{ name: 'x', columns: [extra, ...sheetColumns.slice(1)], rows: () => [] }]),
    );
    expect(await refusalOf(renamed)).toBe('sheet-altered /A1');
    const both = await fillIn(sheet, settle(evidence));
    expect(await refusalOf(both, { ...desk.parts.limits, breaksAtOnce: 1 })).toBe('too-many ');
    expect(await refusalOf(both)).toBe('accepted');
  });

  it('nobody approves a sheet of their own', async () => {
    await desk.compare(found(1));
    const back = await fillIn(await giveOut(), settle(await desk.evidence()));
    await proposeSheet(back, (await preview(back)).sha256, MAKER, desk.parts);
    expect(outcome(await desk.approve(person('maker-1', 'checker'), found(1)[0]!))).not.toBe('approved');
    expect(outcome(await desk.approve(CHECKER, found(1)[0]!))).toBe('approved');
  });
});
