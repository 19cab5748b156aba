import { instructNet } from '../../../src/clearing/instruction.ts';
import { netCycle } from '../../../src/clearing/net-cycle.ts';
import { writeDay } from '../../../src/clearing/settle-day.ts';
import { reserveDeals } from '../../../src/clearing/settle-deals.ts';
import { takeStatusFile } from '../../../src/clearing/settle-status.ts';
import { viewing } from '../../../src/journal/viewing.ts';
import { by, DAY, Desk, given, report } from './desk.ts';

describe('settlement, by several at once and for several to see', () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await Desk.open();
  });
  afterAll(() => desk.drop());
  beforeEach(async () => {
    await desk.clear();
    await desk.trade({ no: '1', hostFee: 500_00n });
    await desk.trade({ no: '2', home: 'stex', host: 'szse', hostFee: 70_00n });
  });
  const four = <T>(work: () => Promise<T>) => Promise.all([work(), work(), work(), work()]);
  const same = (all: readonly unknown[]) => expect(new Set(all.map((one) => JSON.stringify(one, plain))).size).toBe(1);
  const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);

  it('is done once, whoever asks at the same moment, and all get the same answer', async () => {
    const order = await desk.compare();
    same(await four(() => netCycle(order, desk.parts())));
    const days = await four(() => writeDay(desk.database, order, desk.nowMs));
    same(days.map((one) => given(one).sha256));
    await desk.sign(given(days[0]));
    const told = await four(() => instructNet({ cycle: DAY, settlesOn: DAY, by }, desk.parts()));
    same(told);
    const reserved = await four(() => reserveDeals(order, desk.parts()));
    expect(reserved.map((one) => one.reserved).sort()).toEqual([0, 0, 0, 2]);
    const bytes = Buffer.from(report(given(told[0]).map(({ id }) => ({ id, status: 'ACSC' }))));
    same(await four(() => takeStatusFile({ bytes, by }, desk.parts())));
    const { rows } = await desk.database.query(
      `select act from audit where act in ('net-instructed', 'payment-status-taken')`,
    );
    expect(rows.map(({ act }) => act).sort()).toEqual(['net-instructed', 'payment-status-taken']);
  });

  it('shows an exchange the net and the day, and of the rest what it is a party to', async () => {
    await desk.trade({ no: '3', off: 1n });
    const [first] = await desk.instruct();
    await desk.reserve();
    await desk.bank(report([{ id: first!.id, status: 'ACSC' }]));
    const count = async (viewer: 'ctex' | 'stex' | 'szse' | '*' | '', table: string) => {
      const { rows } = await viewing(desk.database, viewer, (connection) =>
        connection.query<{ count: bigint }>(`select count(*) as count from ${table}`),
      );
      return Number(rows[0]!.count);
    };
    const seenOf = async (table: string) => {
      const seen: number[] = [];
      for (const viewer of ['ctex', 'stex', 'szse', '*', ''] as const) seen.push(await count(viewer, table));
      return seen;
    };
    // ctex is the home of 1 and 3 at stex, stex that of 2 at szse; ctex pays both.
    expect({
      due: await seenOf('clearing_due'),
      owed: await seenOf('clearing_obligation'),
      nets: await seenOf('clearing_net'),
      entries: await seenOf('clearing_net_entry'),
      holds: await seenOf('clearing_hold'),
      payments: await seenOf('clearing_instruction'),
      files: await seenOf('clearing_instruction_file'),
      statuses: await seenOf('clearing_status'),
      statusFiles: await seenOf('clearing_status_file'),
      deals: await seenOf('clearing_settlement'),
      days: await seenOf('clearing_day'),
      signatures: await seenOf('clearing_day_signature'),
    }).toEqual({
      due: [2, 3, 1, 3, 0],
      owed: [1, 2, 1, 2, 0],
      nets: [1, 1, 1, 1, 0],
      entries: [1, 2, 1, 2, 0],
      holds: [1, 1, 0, 1, 0],
      payments: [2, 1, 1, 2, 0],
      files: [1, 0, 0, 1, 0],
      statuses: [1, 1, 0, 1, 0],
      statusFiles: [0, 0, 0, 1, 0],
      deals: [1, 2, 1, 2, 0],
      days: [1, 1, 1, 1, 0],
      signatures: [3, 3, 3, 3, 0],
    });
  });
});
