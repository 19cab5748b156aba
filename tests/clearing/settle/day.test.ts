import { instructNet } from '../../../src/clearing/instruction.ts';
import { netCycle } from '../../../src/clearing/net-cycle.ts';
import {
  type Day,
  isConfirmed,
  signaturesOf,
  signDay,
  takeDaySignature,
  writeDay,
} from '../../../src/clearing/settle-day.ts';
import { exchanges } from '../../../src/contract/exchange.ts';
import type { Signer } from '../../../src/envelope/jws.ts';
import { makeSm2Pem, nativeSm2, readSm2PrivateKey, sm2Signer, sm2Verify } from '../../../src/trust/sm2.ts';
import { trustEntry, trusting } from '../../envelope/keys.ts';
import { by, DAY, Desk, given } from './desk.ts';

describe('the result of a day', () => {
  let desk: Desk;
  let day: Day;
  beforeAll(async () => {
    desk = await Desk.open();
  });
  afterAll(() => desk.drop());
  beforeEach(async () => {
    await desk.clear();
    await desk.trade({ no: '1' });
    await desk.trade({ no: '2', off: 7n });
    const order = await desk.compare();
    given(await netCycle(order, desk.parts()));
    day = given(await writeDay(desk.database, order, desk.nowMs));
  });
  const signed = (bytes: Uint8Array, key: keyof Desk['keys'] = 'ctex', exchange = key) =>
    signDay(bytes, { exchange, atMs: desk.nowMs(), signers: [desk.keys[key].signer] });
  const take = async (jws: Uint8Array, exchange: keyof Desk['keys'] = 'ctex') =>
    takeDaySignature({ cycle: DAY, exchange, jws }, desk.signing());
  const instruct = () => instructNet({ cycle: DAY, settlesOn: '2026-03-03', by }, desk.parts());

  it('is one text of bytes: books, comparison, net, and what was left out', () => {
    const result = JSON.parse(day.bytes.toString());
    expect(result).toMatchObject({
      format: 'qiao-day/1',
      cycle: DAY,
      net: { entries: '1', nets: [{ currency: 'CNY', payIn: '500.00' }] },
      held: { deals: '1', fees: '500.00' },
      comparison: { breaks: { 'AMT+': 1 } },
    });
    // RFC 8785: keys in order, no white space, no number that a reader could round.
    expect(JSON.stringify(result)).toBe(day.bytes.toString());
    expect(Object.keys(result)).toEqual(Object.keys(result).toSorted());
    expect(day.bytes.toString()).not.toMatch(/:\d+\.\d/);
  });

  it('is written once, and is the same bytes for whoever asks again', async () => {
    const again = given(await writeDay(desk.database, await desk.compare(), desk.nowMs));
    expect(again.bytes.equals(day.bytes)).toBe(true);
  });

  it('is confirmed by three signatures and by no fewer; only then is money instructed', async () => {
    for (const [i, exchange] of exchanges.entries()) {
      expect(await isConfirmed(desk.database, DAY)).toBe(false);
      expect(await instruct()).toMatchObject({ ok: false, refusals: [{ code: 'not-confirmed' }] });
      expect(await take(await signed(day.bytes, exchange), exchange)).toEqual({
        ok: true,
        value: exchanges.slice(0, i + 1),
      });
    }
    expect(await isConfirmed(desk.database, DAY)).toBe(true);
    expect(await instruct()).toMatchObject({ ok: true, value: [{ payer: 'ctex', payee: 'stex', fen: 500_00n }] });
  });

  it('is signed as it stands: other bytes, by however little, are refused', async () => {
    const other = Buffer.from(day.bytes.toString().replace('500.00', '500.01'));
    expect(await take(await signed(other))).toMatchObject({
      ok: false,
      refusals: [{ code: 'inconsistent', pointer: '/payload' }],
    });
    expect(await take(await signed(Buffer.from(`${day.bytes} `)))).toMatchObject({ ok: false });
  });

  it('is signed by each for itself, with a key that counts', async () => {
    expect(await take(await signed(day.bytes, 'stex'), 'ctex')).toMatchObject({
      ok: false,
      refusals: [{ code: 'not-yours' }],
    });
    expect(await take(await signed(day.bytes, 'stex', 'ctex'), 'ctex')).toMatchObject({
      ok: false,
      refusals: [{ code: 'bad-signature', en: expect.stringContaining('issuer-mismatch') }],
    });
    const stale = await signDay(day.bytes, {
      exchange: 'ctex',
      atMs: desk.nowMs() - 3_600_000,
      signers: [desk.keys.ctex.signer],
    });
    expect(await take(stale)).toMatchObject({ ok: false, refusals: [{ code: 'stale' }] });
  });

  it('is signed with every kind of key that its signer has', async () => {
    const pair = readSm2PrivateKey(makeSm2Pem());
    const sm2 = sm2Signer('stex:sm2-sm3:1', pair, nativeSm2);
    const entry = trustEntry('stex', sm2.kid, 'SM2-SM3', sm2Verify(pair.public, nativeSm2));
    const trust = trusting(...exchanges.map((one) => desk.keys[one].entry), entry);
    const sign = async (...signers: readonly Signer[]) => {
      const jws = await signDay(day.bytes, { exchange: 'stex', atMs: desk.nowMs(), signers });
      return takeDaySignature({ cycle: DAY, exchange: 'stex', jws }, { ...desk.signing(), trust: () => trust });
    };
    const { signer } = desk.keys.stex;
    for (const one of [signer, sm2]) expect(await sign(one)).toMatchObject({ refusals: [{ code: 'bad-signature' }] });
    expect(await sign(signer, sm2)).toEqual({ ok: true, value: ['stex'] });
  });

  it('counts a signature once, the first', async () => {
    const first = await signed(day.bytes, 'stex');
    await take(first, 'stex');
    expect(await take(await signed(day.bytes, 'stex'), 'stex')).toEqual({ ok: true, value: ['stex'] });
    const [kept] = await signaturesOf(desk.database, day);
    expect(kept!.jws.equals(Buffer.from(first))).toBe(true);
  });

  it('is another day once the net is another: what was signed before counts no more', async () => {
    const old = await signed(day.bytes);
    await take(old);
    await desk.book({ no: '2' });
    const order = await desk.compare();
    given(await netCycle(order, desk.parts()));
    expect(await take(old)).toMatchObject({ ok: false, refusals: [{ code: 'state-forbids' }] });
    const next = given(await writeDay(desk.database, order, desk.nowMs));
    expect(next.no).toBe(2);
    expect(await take(old)).toMatchObject({ ok: false, refusals: [{ code: 'inconsistent' }] });
    expect(await signaturesOf(desk.database, next)).toEqual([]);
  });

  it('lets no money go while the log lacks its witnesses, signed or not', async () => {
    await desk.sign(day);
    desk.allowed = false;
    expect(await instruct()).toMatchObject({ ok: false, refusals: [{ code: 'settlement-stopped' }] });
    desk.allowed = true;
    expect((await instruct()).ok).toBe(true);
  });

  it('is not written where nothing has been netted', async () => {
    expect(await writeDay(desk.database, { cycle: '2026-03-04', cut: 0n }, desk.nowMs)).toMatchObject({ ok: false });
  });
});
