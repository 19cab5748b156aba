import { readCamt054 } from '../../../src/clearing/camt054.ts';
import { notice } from './desk.ts';

const good = notice('ACC', [
  { id: 'E1', amount: '430.00', way: 'DBIT' },
  { id: 'E2', amount: '0.01', way: 'CRDT', status: 'PDNG' },
]);
const read = (xml: string) => readCamt054(Buffer.from(xml));
const batch = (parts: readonly string[], total = '3.00') =>
  good.replace(
    /<Ntry>.*?<\/Ntry>/,
    `<Ntry><Amt Ccy="CNY">${total}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><AcctSvcrRef>B9</AcctSvcrRef><NtryDtls>${parts
      .map(
        (amount, i) =>
          `<TxDtls><Refs><EndToEndId>P${i}</EndToEndId></Refs>${amount === '' ? '' : `<Amt Ccy="CNY">${amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd>`}</TxDtls>`,
      )
      .join('')}</NtryDtls></Ntry>`,
  );

describe('a camt.054', () => {
  it('says of each booking which payment, how much, on which account and which way', () => {
    expect(read(good)).toEqual({
      ok: true,
      value: [
        {
          line: 1,
          names: 'E1',
          says: 'settled',
          reference: 'B0',
          fen: 43_000n,
          booked: { account: 'ACC', way: 'out' },
        },
        { line: 2, names: 'E2', says: 'pending', reference: 'B1', fen: 1n, booked: { account: 'ACC', way: 'in' } },
      ],
    });
  });

  it('of one entry with several payments takes each by its own amount, which add up to the entry', () => {
    expect(read(batch(['1.00', '2.00']))).toMatchObject({
      ok: true,
      value: [{ names: 'P0', fen: 100n, reference: 'B9' }, { names: 'P1', fen: 200n }, { names: 'E2' }],
    });
    expect(read(batch(['1.00', '2.01']))).toMatchObject({ ok: false, refusals: [{ code: 'inconsistent' }] });
    expect(read(batch(['1.00', '']))).toMatchObject({
      ok: false,
      refusals: [{ code: 'bad-money' }, { code: 'inconsistent' }],
    });
  });

  it.each([
    [
      'a DOCTYPE',
      (xml: string) => xml.replace('<Document', '<!DOCTYPE x [<!ENTITY a "b">]><Document'),
      'doctype-forbidden',
    ],
    ['a camt.053, which is built alike', (xml: string) => xml.replace('camt.054', 'camt.053'), 'unknown-kind'],
    ['a reversal', (xml: string) => xml.replace('<Sts>', '<RvslInd>true</RvslInd><Sts>'), 'state-forbids'],
    ['no account', (xml: string) => xml.replace(/<Acct>.*<\/Acct>/, ''), 'missing-field'],
    ['a booking of nothing it names', (xml: string) => xml.replace(/<NtryDtls>.*?<\/NtryDtls>/, ''), 'missing-field'],
    ['a part of a fen', (xml: string) => xml.replace('430.00', '430.001'), 'bad-money'],
    ['zero', (xml: string) => xml.replace('430.00', '0.00'), 'bad-money'],
    ['another currency', (xml: string) => xml.replace('"CNY"', '"USD"'), 'bad-money'],
    ['neither in nor out', (xml: string) => xml.replace('DBIT', 'BOTH'), 'bad-money'],
    ['a status nobody knows', (xml: string) => xml.replace('BOOK', 'DONE'), 'unknown-code'],
    ['no entry', (xml: string) => xml.replace(/<Ntry>.*<\/Ntry>/, ''), 'missing-field'],
  ])('with %s is refused', (_, change, code) => {
    expect(change(good)).not.toBe(good);
    expect(read(change(good))).toMatchObject({
      ok: false,
      refusals: expect.arrayContaining([expect.objectContaining({ code })]),
    });
  });
});
