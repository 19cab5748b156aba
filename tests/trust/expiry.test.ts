import { expiriesOf } from '../../src/trust/expiry.ts';
import { linkRecord, makeOperators, nextList, trustRecord } from '../support/trust.ts';

const DAY = 86_400_000;
const END = '2027-01-01T00:00:00+08:00';
const operators = makeOperators();
const none = { tls: new Map<string, Uint8Array>(), crls: [] };

describe('what runs out', () => {
  it('is said 30, 7 and 1 day before, and when it has ended', async () => {
    const entries = [trustRecord('ctex', 'Ed25519')];
    const list = await nextList(operators, undefined, { entries });
    const said = (daysBefore: number) => {
      const [one] = expiriesOf({ ...none, list, nowMs: Date.parse(END) - daysBefore * DAY });
      return [one?.daysLeft, one?.warning];
    };
    expect(said(100)).toEqual([100, undefined]);
    expect(said(30.01)).toEqual([30, undefined]);
    expect(said(30)).toEqual([30, 30]);
    expect(said(7.01)).toEqual([7, 30]);
    expect(said(7)).toEqual([7, 7]);
    expect(said(1.01)).toEqual([1, 7]);
    expect(said(1)).toEqual([1, 1]);
    expect(said(0.01)).toEqual([0, 1]);
    expect(said(0)).toEqual([0, 0]);
    expect(said(-2)).toEqual([-2, 0]);
  });

  it('is nobody’s business once a successor is there, or the key is revoked; SM2 is no successor of Ed25519', async () => {
    const old = trustRecord('ctex', 'Ed25519');
    const longer = { notAfter: '2028-01-01T00:00:00+08:00' };
    const successor = trustRecord('ctex', 'ES256', longer);
    const second = trustRecord('szse', 'SM2-SM3', longer);
    const alone = trustRecord('szse', 'Ed25519');
    const revoked = trustRecord('stex', 'Ed25519', { status: 'revoked', revokedAt: '2026-06-01T00:00:00+08:00' });
    const links = [linkRecord('szse', 'exchange'), linkRecord('szse', 'gateway', longer)];
    const list = await nextList(operators, undefined, { entries: [old, successor, second, alone, revoked], links });
    const at = (nowMs: number) =>
      expiriesOf({ ...none, list, nowMs })
        .filter(({ warning }) => warning !== undefined)
        .map(({ kid }) => kid)
        .sort();
    expect(at(Date.parse(END) - DAY)).toEqual([alone.kid, links[0]!.kid].sort());
    expect(at(Date.parse(END) + DAY)).toEqual([alone.kid, links[0]!.kid].sort());
    const kids = expiriesOf({ ...none, list, nowMs: Date.parse(END) + DAY }).map(({ kid }) => kid);
    expect(kids).not.toContain(old.kid);
    expect(kids).not.toContain(revoked.kid);
  });

  it('a certificate that cannot be read has ended already', async () => {
    const list = await nextList(operators, undefined);
    const tls = new Map([['ctex', new Uint8Array([1, 2, 3])]]);
    const [one] = expiriesOf({ list, tls, crls: [], nowMs: Date.parse(END) });
    expect(one).toMatchObject({ kind: 'tls-certificate', participant: 'ctex', warning: 0 });
  });
});
