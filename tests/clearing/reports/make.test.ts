import { randomUUID } from 'node:crypto';
import readBook from 'read-excel-file/node';
import { absorbRun } from '../../../src/clearing/break-absorb.ts';
import { instructNet } from '../../../src/clearing/instruction.ts';
import { netCycle } from '../../../src/clearing/net-cycle.ts';
import { type ReportKind, reportKinds } from '../../../src/clearing/report.ts';
import { type MadeReport, makeReport, type ReportForm, reportForms } from '../../../src/clearing/report-make.ts';
import { writeDay } from '../../../src/clearing/settle-day.ts';
import { exchanges } from '../../../src/contract/exchange.ts';
import type { Checked } from '../../../src/contract/refusal.ts';
import { listActs } from '../../../src/journal/audit.ts';
import type { Viewer } from '../../../src/journal/viewing.ts';
import { libraryCalendars } from '../../../src/rules/calendar.ts';
import { by, DAY, Desk, given } from '../settle/desk.ts';
import { textsOf } from './pdf-text.ts';

const AUDITOR = { name: 'auditor-1', role: 'auditor' } as const;

describe('the reports of a day', () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await Desk.open();
    await desk.trade({ no: '1' });
    await desk.trade({ no: '2', off: 7n });
    await desk.trade({ no: '3', home: 'szse', host: 'ctex', hostFee: 300_00n });
    await loadBooks();
    const order = await desk.compare();
    await absorbRun(order.run, {
      database: desk.database,
      calendar: libraryCalendars.statutory,
      limits: { escalationFen: 100_000_000 },
      nowMs: desk.nowMs,
      newId: randomUUID,
    });
    await desk.database.query(
      `insert into clearing_cycle (cycle, version, state, cut, run, opened_at, changed_at)
       values ($1, 1, 'instructed', $2, $3, now(), now())`,
      [DAY, order.cut, order.run],
    );
    given(await netCycle(order, desk.parts()));
    await desk.sign(given(await writeDay(desk.database, order, desk.nowMs)));
    given(await instructNet({ cycle: DAY, settlesOn: '2026-03-03', by }, desk.parts()));
  });
  afterAll(() => desk.drop());

  /** What loading would have recorded of the rows that are there. */
  const loadBooks = () =>
    desk.database.query(
      `insert into clearing_book (id, cycle, side, date, batch, state, source, digest, opening_count, row_count,
         total_price_fen, total_fee_fen, loaded_at)
       select gen_random_uuid(), $1::text, side, $1::text::date, 1, 'loaded', 'test', 'd-' || side, 0, count(*), sum(price_fen),
              sum(fee_fen), now() from clearing_row group by side`,
      [DAY],
    );
  const ask = (
    kind: ReportKind,
    form: ReportForm,
    { viewer = '*' as Viewer, cycle = DAY, limits = { reportRows: 1000, reportPdfRows: 1000 } } = {},
  ): Promise<Checked<MadeReport>> =>
    makeReport({ kind, form, cycle, viewer, by: AUDITOR }, { database: desk.database, limits, nowMs: desk.nowMs });
  const make = async (kind: ReportKind, form: ReportForm, viewer: Viewer = '*') =>
    given(await ask(kind, form, { viewer }));
  const sheets = async (kind: ReportKind, viewer: Viewer = '*') => {
    const book = await readBook((await make(kind, 'xlsx', viewer)).bytes);
    return new Map(book.map(({ sheet, data }) => [sheet, data]));
  };

  it.each(reportKinds)('%s has one digest in every form, and each form bears it', async (kind) => {
    const [xlsx, csv, pdf] = await Promise.all([make(kind, 'xlsx'), make(kind, 'csv'), make(kind, 'pdf')]);
    expect(new Set([xlsx!.sha256, csv!.sha256, pdf!.sha256]).size).toBe(1);
    expect(csv!.bytes.toString('utf8')).toContain(xlsx!.sha256);
    expect((await readBook(xlsx!.bytes)).at(-1)!.data.flat()).toContain(xlsx!.sha256);
    for (const page of textsOf(pdf!.bytes)) {
      expect(page.map(({ text }) => text)).toContain(`内容摘要 SHA-256 ${xlsx!.sha256}`);
    }
    expect([xlsx!, csv!, pdf!].map(({ fileName }) => fileName)).toEqual(
      Object.keys(reportForms).map((form) => `${kind}-${DAY}.${form}`),
    );
  });

  it('the break is there with its delta, its fields and how far it is', async () => {
    const rows = (await sheets('breaks')).get('当日差错')!;
    expect(rows).toHaveLength(2);
    const named = Object.fromEntries(rows[0]!.map((head, i) => [String(head).split(' ')[0], rows[1]![i]]));
    expect(named).toMatchObject({
      ...{ 代码: 'AMT+', 成交: 'ctex:2', 偏离方: 'stex', 差额: 0.07, 涉及金额: 100_000.07 },
      ...{ '不符字段（账／流水）': 'price: 100000.07／100000.00', 状态: '待认领 to be taken', '账龄（工作日）': 0 },
    });
  });

  it('the net adds up to zero, and the held deal is beside it and not in it', async () => {
    const made = await sheets('nets');
    const named = (sheet: string) => made.get(sheet)!.slice(1);
    expect(named('轧差净额').map((row) => row.slice(1))).toEqual([
      ['中国技术交易所 ctex', 300, 500, -200],
      ['上海技术交易所 stex', 500, 0, 500],
      ['深交所科交中心 szse', 0, 300, -300],
    ]);
    expect(named('轧差分录').map(([deal]) => deal)).toEqual(['ctex:1', 'szse:3']);
    expect(named('挂起成交').map(([deal, pair]) => [deal, pair])).toEqual([['ctex:2', 'ctex→stex']]);
    expect(named('付款').map((row) => row[3])).toEqual([300, 200]);
  });

  it('every payment is listed with its state and the digest of its file', async () => {
    const rows = (await sheets('instructions')).get('交收指令')!.slice(1);
    expect(rows.map((row) => row.slice(2, 7)).toSorted()).toEqual([
      ['ctex', 'stex', 'CNY', 200, '已发出 instructed'],
      ['szse', 'stex', 'CNY', 300, '已发出 instructed'],
    ]);
    for (const row of rows) expect(row.at(-1)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('the close of day has the books, what became of their rows, the breaks and three signatures', async () => {
    const made = await sheets('day');
    expect([...made.keys()]).toEqual([
      ...['日终检查单', '对账单', '对账结果', '差错统计', '轧差净额', '三方签署', '说明'],
    ]);
    expect(
      made
        .get('对账单')!
        .slice(1)
        .map((row) => [row[0], row[3], row[4]]),
    ).toEqual(expect.arrayContaining([['上海技术交易所 stex', 2, 200_000.07]]));
    const fates = made.get('对账结果')!.filter(([side]) => String(side).endsWith('stex'));
    expect(fates.map((row) => row[2])).toEqual([1, 0, 0, 1]);
    expect(made.get('差错统计')![1]!.slice(0, 7)).toEqual([
      ...['AMT+', '金额不符（长款） the book shows more than the journal', 'S3', 1, 1, 0, 100_000.07],
    ]);
    const signed = made.get('三方签署')!.slice(1);
    expect(signed).toHaveLength(exchanges.length);
    expect(new Set(signed.map((row) => row[2])).size).toBe(1);
  });

  it('an exchange gets what concerns it, in every report', async () => {
    expect([...(await sheets('balances', 'szse')).keys()]).toEqual(['深交所科交中心', '说明']);
    expect((await sheets('breaks', 'szse')).get('当日差错')).toHaveLength(1);
    expect((await sheets('breaks', 'stex')).get('当日差错')).toHaveLength(2);
    expect(
      (await sheets('nets', 'szse'))
        .get('轧差分录')!
        .slice(1)
        .map(([deal]) => deal),
    ).toEqual(['szse:3']);
    expect((await sheets('instructions', 'ctex')).get('交收指令')).toHaveLength(2);
    expect(
      (await sheets('day', 'szse'))
        .get('对账单')!
        .slice(1)
        .map(([side]) => side),
    ).toEqual(['深交所科交中心 szse']);
  });

  it('who took which report away is in the audit trail, with its digest', async () => {
    const { sha256 } = await make('nets', 'csv');
    const { rows } = await listActs(desk.database, { act: 'report-made' }, { limit: 1, order: 'newest' });
    expect(JSON.parse(rows[0]!.bytes.toString())).toMatchObject({
      ...{ actor: 'auditor-1', role: 'auditor', subject: `report:nets/${DAY}` },
      detail: { form: 'csv', sha256 },
    });
  });

  it('there is none of a day that was not compared, netted or opened, and none beyond the limit', async () => {
    const codesOf = async (asked: Promise<Checked<MadeReport>>) => {
      const made = await asked;
      return made.ok ? 'made' : made.refusals.map(({ code }) => code).join();
    };
    const refused = await Promise.all(reportKinds.map((kind) => codesOf(ask(kind, 'csv', { cycle: '2026-03-03' }))));
    expect(Object.fromEntries(reportKinds.map((kind, i) => [kind, refused[i]]))).toEqual({
      ...{ breaks: 'state-forbids', balances: 'state-forbids', nets: 'state-forbids' },
      ...{ instructions: 'made', day: 'reference-unknown' },
    });
    const limits = { reportRows: 1000, reportPdfRows: 0 };
    expect(await codesOf(ask('nets', 'pdf', { limits }))).toBe('too-many');
    expect(await codesOf(ask('nets', 'csv', { limits }))).toBe('made');
  });
});
