import { holdsOf } from '../../../src/clearing/hold.ts';
import { abortNet } from '../../../src/clearing/instruction.ts';
import { netCycle } from '../../../src/clearing/net-cycle.ts';
import { entriesOf, netsOf } from '../../../src/clearing/net-read.ts';
import { by, DAY, Desk, given, report } from './desk.ts';

describe('netting the fees of a business day', () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await Desk.open();
  });
  afterAll(() => desk.drop());
  beforeEach(async () => {
    await desk.clear();
  });
  const subjects = async (net: string) =>
    (await entriesOf(desk.database, net, { limit: 100 })).map(
      ({ subject, entry, fen }) => `${subject} ${entry} ${fen}`,
    );

  it('owes the host its own fee for every deal with a certificate on which the three agree', async () => {
    await desk.trade({ no: '1', hostFee: 500_00n });
    await desk.trade({ no: '2', home: 'stex', host: 'szse', hostFee: 70_00n });
    await desk.trade({ no: '3', status: 'concluded' });
    const net = await desk.net();
    expect(await subjects(net.id)).toEqual(['ctex:1 fee 50000', 'stex:2 fee 7000']);
    expect(net.nets).toMatchObject([
      {
        currency: 'CNY',
        payIn: '500.00',
        positions: { ctex: '-500.00', stex: '430.00', szse: '70.00' },
        legs: [
          { payer: 'ctex', payee: 'stex', amount: '430.00' },
          { payer: 'ctex', payee: 'szse', amount: '70.00' },
        ],
      },
    ]);
  });

  it('leaves out what a break holds and says why, and takes it in once the books agree', async () => {
    await desk.trade({ no: '1' });
    await desk.trade({ no: '2', off: 1n });
    const first = await desk.net();
    expect(await subjects(first.id)).toEqual(['ctex:1 fee 50000']);
    expect(await holdsOf(desk.database, first.id, { limit: 10 })).toEqual([
      expect.objectContaining({ dealId: 'ctex:2', reason: 'AMT+', since: DAY, hostFeeFen: 500_00n }),
    ]);
    expect(first).toMatchObject({ heldDeals: 1n, heldFen: 500_00n });
    await desk.book({ no: '2' });
    const second = await desk.net();
    expect(second).toMatchObject({ id: `${DAY}#2`, heldDeals: 0n });
    expect(await subjects(second.id)).toEqual(['ctex:1 fee 50000', 'ctex:2 fee 50000']);
    expect((await netsOf(desk.database, DAY)).map(({ state }) => state)).toEqual(['netted', 'superseded']);
  });

  it('takes a deal out again when a break turns up before the three have signed', async () => {
    await desk.trade({ no: '1' });
    await desk.trade({ no: '2' });
    expect((await desk.net()).entries).toBe(2n);
    await desk.book({ no: '2', off: -1n });
    const net = await desk.net();
    expect(await subjects(net.id)).toEqual(['ctex:1 fee 50000']);
    expect(net).toMatchObject({ heldDeals: 1n, nets: [{ payIn: '500.00' }] });
  });

  it('gives the same net when it is asked again, or after the books were compared again', async () => {
    await desk.trade({ no: '1' });
    await desk.trade({ no: '2', off: -5n });
    const order = await desk.compare();
    const first = given(await netCycle(order, desk.parts()));
    expect(given(await netCycle(order, desk.parts()))).toEqual(first);
    expect(await desk.net()).toEqual(first);
    expect((await netsOf(desk.database, DAY)).length).toBe(1);
  });

  it('takes a fee in on the day of the certificate, though the books showed the deal before', async () => {
    await desk.trade({ no: '1', status: 'concluded' });
    expect((await desk.net()).entries).toBe(0n);
    await desk.say({ no: '1', status: 'certified' });
    const next = await desk.net('2026-03-03');
    expect(await subjects(next.id)).toEqual(['ctex:1 fee 50000']);
  });

  it('counts only what the journal had said by the cut', async () => {
    await desk.trade({ no: '1', status: 'concluded' });
    await desk.net();
    const order = await desk.compare('2026-03-03');
    await desk.say({ no: '1', status: 'certified' });
    expect(given(await netCycle(order, desk.parts())).entries).toBe(0n);
  });

  it('holds a deal whose fees moved after the three had agreed', async () => {
    await desk.trade({ no: '1', status: 'concluded' });
    await desk.net();
    await desk.say({ no: '1', hostFee: 501_00n });
    const net = await desk.net('2026-03-03');
    expect(net).toMatchObject({ entries: 0n, heldDeals: 1n });
    expect(await holdsOf(desk.database, net.id, { limit: 1 })).toMatchObject([
      { reason: 'CHANGED', since: '2026-03-03' },
    ]);
  });

  it('takes back what was owed when the deal is undone, in whichever net comes next', async () => {
    await desk.trade({ no: '1' });
    await desk.trade({ no: '2' });
    await desk.instruct();
    await desk.say({ no: '1', status: 'cancelled' });
    const next = await desk.net('2026-03-03');
    expect(await subjects(next.id)).toEqual(['ctex:1 reversal -50000']);
    expect(next.nets).toMatchObject([{ legs: [{ payer: 'stex', payee: 'ctex', amount: '500.00' }] }]);
  });

  it('of a deal certified and undone before any net is nothing (P8)', async () => {
    await desk.trade({ no: '1', off: 1n });
    await desk.net();
    await desk.book({ no: '1' });
    await desk.say({ no: '1', status: 'cancelled' });
    const net = await desk.net();
    expect(net.nets.flatMap(({ legs }) => legs)).toEqual([]);
  });

  it('closes a day without deals (P11)', async () => {
    expect(await desk.instruct()).toEqual([]);
    expect((await netsOf(desk.database, DAY))[0]).toMatchObject({ state: 'settled', nets: [], entries: 0n });
  });

  it('is called off while no money has moved, and everything in it waits for the next', async () => {
    await desk.trade({ no: '1' });
    await desk.instruct();
    expect(given(await abortNet({ cycle: DAY, reason: 'recalled', by }, desk.parts())).state).toBe('aborted');
    const again = await desk.net();
    expect(again.id).toBe(`${DAY}#2`);
    expect(await subjects(again.id)).toEqual(['ctex:1 fee 50000']);
  });

  it('is not called off once any payment has been made, not even by whoever owns the tables', async () => {
    await desk.trade({ no: '1' });
    const [payment] = await desk.instruct();
    await desk.bank(report([{ id: payment!.id, status: 'ACSC' }]));
    expect(await abortNet({ cycle: DAY, reason: 'late', by }, desk.parts())).toMatchObject({
      ok: false,
      refusals: [{ code: 'state-forbids' }],
    });
    await expect(desk.database.query(`update clearing_net set state = 'aborted'`)).rejects.toThrow(/does not go from/);
  });

  it('is not made anew once all three have signed it', async () => {
    await desk.trade({ no: '1' });
    await desk.trade({ no: '2', off: 1n });
    await desk.instruct();
    await desk.book({ no: '2' });
    expect(await netCycle(await desk.compare(), desk.parts())).toMatchObject({
      ok: false,
      refusals: [{ code: 'state-forbids' }],
    });
  });

  it('has figures and entries that nobody changes', async () => {
    await desk.trade({ no: '1' });
    await desk.net();
    const refusedBy = (text: string) => expect(desk.database.query(text)).rejects;
    await refusedBy(`update clearing_net set entries = 0`).toThrow(/figures of a net/);
    await refusedBy(`update clearing_obligation set fen = 1`).toThrow(/permission denied/);
    await refusedBy(`delete from clearing_net`).toThrow(/permission denied/);
    await refusedBy(`update clearing_net_entry set fen = 1`).toThrow(/permission denied/);
    await refusedBy(`update clearing_net set state = 'instructed'`).toThrow(/not all three/);
  });
});
