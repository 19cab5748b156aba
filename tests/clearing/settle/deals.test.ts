import { recordRecordal } from '../../../src/clearing/release.ts';
import { type Settlement, settlementsOf } from '../../../src/clearing/settle-read.ts';
import { takeStatusFile } from '../../../src/clearing/settle-status.ts';
import { settlementRules } from '../../../src/clearing/settlement-rules.ts';
import { formatFen } from '../../../src/contract/money.ts';
import { refuse, refused } from '../../../src/contract/refusal.ts';
import { by, Desk, notice, report, type TestDeal } from './desk.ts';

const { accounts } = settlementRules;
const NEXT = '2026-03-03';
const EVIDENCE = 'e'.repeat(64);
const patent: TestDeal = { no: '1', dealType: 'transfer', objectType: 'invention' };

describe('a deal delivered against payment', () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await Desk.open();
  });
  afterAll(() => desk.drop());
  beforeEach(async () => {
    await desk.clear();
  });
  const all = () => settlementsOf(desk.database, {}, { limit: 50 });
  const only = async (): Promise<Settlement> => (await all())[0]!;
  const paid = async (one: Settlement, way: 'DBIT' | 'CRDT' = 'DBIT', id = 'N1') =>
    desk.bank(notice(accounts.ctex.custody, [{ id: one.payout, amount: formatFen(one.payoutFen, 'yuan'), way }], id));
  const standing = async (deal: TestDeal) => {
    const message = await desk.trade(deal);
    await desk.net();
    return message;
  };

  it('reserves title, price and fees together, and posts all of them when the bank has paid', async () => {
    const message = await standing({ no: '1' });
    expect(await desk.reserve()).toEqual({ reserved: 1, voided: 0, waiting: [] });
    const one = await only();
    expect(one.legs).toEqual([
      { leg: 'home-fee', payer: 'custody', payee: 'fees:ctex', fen: '100000' },
      { leg: 'host-fee', payer: 'custody', payee: 'fees:stex', fen: '50000' },
      { leg: 'price', payer: 'custody', payee: 'seller', fen: '10000000' },
      { leg: 'title', payer: 'seller', payee: 'buyer', fen: null },
    ]);
    expect(one).toMatchObject({ state: 'reserved', payoutFen: 10_000_000n });
    expect((await paid(one)).lines).toMatchObject([{ outcome: 'taken' }]);
    expect(await only()).toMatchObject({ state: 'posted', reference: 'B0' });
    expect([...desk.receipts]).toEqual([[message, 'B0']]);
  });

  it('is reserved once, however often that is asked for', async () => {
    await standing({ no: '1' });
    await desk.reserve();
    expect(await desk.reserve()).toMatchObject({ reserved: 0 });
    await paid(await only());
    expect(await desk.reserve()).toMatchObject({ reserved: 0 });
    expect((await all()).length).toBe(1);
  });

  it('waits for the office to record a transferred patent, and for the price to be paid', async () => {
    await standing(patent);
    expect(await desk.reserve()).toEqual({
      reserved: 0,
      voided: 0,
      waiting: [{ dealId: 'ctex:1', missing: ['ip-recordal'] }],
    });
    const recordal = { deal: 'ctex:1', number: '2026030200123', evidenceSha256: EVIDENCE, by };
    expect(await recordRecordal(recordal, desk.parts())).toMatchObject({ ok: true });
    expect(await recordRecordal(recordal, desk.parts())).toMatchObject({ ok: true });
    expect(await recordRecordal({ ...recordal, number: 'other' }, desk.parts())).toMatchObject({
      ok: false,
      refusals: [{ code: 'id-conflict' }],
    });
    expect(await desk.reserve()).toMatchObject({ reserved: 1, waiting: [] });
    await standing({ no: '2', paid: 0n });
    expect((await desk.reserve()).waiting).toEqual([{ dealId: 'ctex:2', missing: ['price-paid'] }]);
  });

  it('waits for its certificate and for nothing the journal had not said by the cut', async () => {
    await standing({ no: '1', status: 'concluded' });
    expect(await desk.reserve()).toEqual({ reserved: 0, voided: 0, waiting: [] });
    await standing({ no: '2', certificate: '' });
    expect((await desk.reserve()).waiting).toEqual([{ dealId: 'ctex:2', missing: ['certificate'] }]);
  });

  it('vouches for no deal it does not know, and takes no evidence that is none', async () => {
    const recordal = { deal: 'ctex:1', number: 'N', evidenceSha256: EVIDENCE, by };
    expect(await recordRecordal(recordal, desk.parts())).toMatchObject({ refusals: [{ code: 'reference-unknown' }] });
    const bad = { ...recordal, evidenceSha256: 'E'.repeat(64) };
    expect(await recordRecordal(bad, desk.parts())).toMatchObject({ refusals: [{ code: 'bad-format' }] });
  });

  it('voids all legs when a break turns up before the money has gone, and tries again once it stands', async () => {
    await standing({ no: '1' });
    await desk.reserve();
    const first = await only();
    await desk.book({ no: '1', off: 1n });
    await desk.net();
    expect(await desk.reserve()).toMatchObject({ reserved: 0, voided: 1 });
    expect(await only()).toMatchObject({ state: 'voided', reference: 'held: AMT+' });
    // The bank paid all the same: the contrary of what stands here moves nothing and is kept for people.
    expect((await paid(first)).lines).toMatchObject([{ outcome: 'refused', refusals: [{ code: 'state-forbids' }] }]);
    await desk.book({ no: '1' });
    await desk.net();
    expect(await desk.reserve()).toMatchObject({ reserved: 1 });
    const again = await all();
    expect(again.map(({ attempt, state }) => `${attempt} ${state}`).sort()).toEqual(['1 voided', '2 reserved']);
    expect(new Set(again.map(({ payout }) => payout)).size).toBe(2);
  });

  it('is voided when the bank could not pay, and recycled', async () => {
    await standing({ no: '1' });
    await desk.reserve();
    await desk.bank(report([{ id: (await only()).payout, status: 'RJCT', reason: 'AC04' }]));
    expect(await only()).toMatchObject({ state: 'voided', reference: 'AC04' });
    expect(desk.receipts.size).toBe(0);
    expect(await desk.reserve()).toMatchObject({ reserved: 1 });
  });

  it('posts nothing when its receipt cannot be signed: both stand or neither', async () => {
    await standing({ no: '1' });
    await desk.reserve();
    const one = await only();
    const file = Buffer.from(notice(accounts.ctex.custody, [{ id: one.payout, amount: '100000.00', way: 'DBIT' }]));
    const stopped = { ...desk.parts(), recordSettled: async () => refused<unknown>(refuse('settlement-stopped')) };
    expect(await takeStatusFile({ bytes: file, by }, stopped)).toMatchObject({
      ok: false,
      refusals: [{ code: 'settlement-stopped' }],
    });
    expect(await only()).toMatchObject({ state: 'reserved' });
    expect(await takeStatusFile({ bytes: file, by }, desk.parts())).toMatchObject({
      ok: true,
      value: { lines: [{ outcome: 'taken' }] },
    });
  });

  it('is returned leg by leg when it is undone after it was posted', async () => {
    await standing({ no: '1' });
    await desk.reserve();
    await paid(await only());
    const undone = await desk.say({ no: '1', status: 'cancelled' });
    await desk.net(NEXT);
    expect(await desk.reserve(NEXT)).toMatchObject({ reserved: 1 });
    const back = (await all()).find(({ kind }) => kind === 'return')!;
    expect(back.legs).toContainEqual({ leg: 'title', payer: 'buyer', payee: 'seller', fen: null });
    expect(back.legs).toContainEqual({ leg: 'price', payer: 'seller', payee: 'custody', fen: '10000000' });
    expect((await paid(back, 'CRDT', 'N2')).lines).toMatchObject([{ outcome: 'taken' }]);
    expect(desk.receipts.get(undone)).toBe('B0');
    expect(await desk.reserve(NEXT)).toMatchObject({ reserved: 0 });
  });

  it('is never settled twice, nor ended twice, whatever anybody writes', async () => {
    await standing({ no: '1' });
    await desk.reserve();
    const one = await only();
    const twice = `insert into clearing_settlement (deal_id, kind, attempt, cycle, home, host, message, payout, payout_fen, reserved_at)
      select deal_id, kind, 2, cycle, home, host, message, 'P-other', payout_fen, now() from clearing_settlement`;
    await expect(desk.database.query(twice)).rejects.toThrow(/clearing_settlement_living/);
    await paid(one);
    await expect(desk.database.query(twice)).rejects.toThrow(/clearing_settlement_living/);
    const void_ = `update clearing_settlement set state = 'voided', ended_at = now()`;
    await expect(desk.database.query(void_)).rejects.toThrow(/has ended as posted already/);
    await expect(desk.database.query(`update clearing_leg set fen = 1`)).rejects.toThrow(/permission denied/);
    await expect(desk.database.query(`delete from clearing_settlement`)).rejects.toThrow(/permission denied/);
  });
});
