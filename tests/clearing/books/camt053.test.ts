import { failedBankControls, readCamt053 } from '../../../src/clearing/camt053.ts';

const amount = (text: string, side: string) => `<Amt Ccy="CNY">${text}</Amt><CdtDbtInd>${side}</CdtDbtInd>`;
const balance = (code: string, text: string, side = 'CRDT') =>
  `<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp>${amount(text, side)}<Dt><Dt>2026-03-02</Dt></Dt></Bal>`;
const entry = (reference: string, text: string, side: string, more = '', status = '<Sts><Cd>BOOK</Cd></Sts>') =>
  `<Ntry><NtryRef>${reference}</NtryRef>${amount(text, side)}${status}<BookgDt><Dt>2026-03-02</Dt></BookgDt><ValDt><DtTm>2026-03-03T09:00:00</DtTm></ValDt><BkTxCd/>${more}</Ntry>`;
const details = (id: string) => `<NtryDtls><TxDtls><Refs><EndToEndId>${id}</EndToEndId></Refs></TxDtls></NtryDtls>`;
const summary = (count: number, credit: string, debit: string) =>
  `<TxsSummry><TtlNtries><NbOfNtries>${count}</NbOfNtries></TtlNtries><TtlCdtNtries><Sum>${credit}</Sum></TtlCdtNtries><TtlDbtNtries><Sum>${debit}</Sum></TtlDbtNtries></TxsSummry>`;
const book = (content: string, message = 'camt.053.001.08') =>
  Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:${message}"><BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId></GrpHdr><Stmt><Id>S1</Id><Acct><Id><Othr><Id>622200001</Id></Othr></Id></Acct>${content}</Stmt></BkToCstmrStmt></Document>`,
  );

const sound = [
  balance('OPBD', '100'),
  balance('CLBD', '20.5', 'DBIT'),
  summary(3, '79.50', '200'),
  entry('E1', '79.5', 'CRDT', details('QIAO-1')),
  entry('E2', '200.00', 'DBIT', `${details('A')}${details('B')}`),
  entry('E3', '0', 'CRDT', details('NOTPROVIDED'), '<Sts>BOOK</Sts>'),
  entry('E4', '9999', 'CRDT', '', '<Sts>PDNG</Sts>'),
].join('');

describe("a bank's book in camt.053", () => {
  test('balances and booked entries are read with their signs; what is only pending is in no balance and left out', () => {
    const read = readCamt053(book(sound));
    expect(read).toMatchObject({
      ok: true,
      value: { id: 'S1', account: '622200001', openingFen: 10_000n, closingFen: -2_050n, date: '2026-03-02' },
    });
    if (!read.ok) return;
    expect(read.value.entries).toEqual([
      {
        line: 1,
        reference: 'E1',
        amountFen: 7_950n,
        bookedOn: '2026-03-02',
        valueOn: '2026-03-03',
        endToEndId: 'QIAO-1',
      },
      { line: 2, reference: 'E2', amountFen: -20_000n, bookedOn: '2026-03-02', valueOn: '2026-03-03' },
      { line: 3, reference: 'E3', amountFen: 0n, bookedOn: '2026-03-02', valueOn: '2026-03-03' },
    ]);
    expect(failedBankControls(read.value, 10_000n)).toMatchObject([]);
  });

  test.each([
    ['closing', sound.replace('20.5<', '20.51<'), 10_000n],
    ['count', sound.replace('NbOfNtries>3', 'NbOfNtries>4'), 10_000n],
    ['total-credit', sound.replace('<Sum>79.50', '<Sum>79.51'), 10_000n],
    ['total-debit', sound.replace('<Sum>200', '<Sum>201'), 10_000n],
    ['opening-balance', sound, 9_999n],
  ])('a book whose %s does not hold is said to fail it', (control, content, closedAtFen) => {
    const read = readCamt053(book(content));
    expect(read.ok && failedBankControls(read.value, closedAtFen).map((one) => one.control)).toEqual([control]);
  });

  test.each([
    ['a camt.052, which would read as an empty day', book(sound, 'camt.052.001.08'), 'unknown-kind'],
    ['another currency', book(sound.replace('Ccy="CNY">79.5', 'Ccy="USD">79.5')), 'bad-money'],
    ['a part of a fen', book(sound.replace('>79.5<', '>79.505<')), 'bad-money'],
    ['a status nobody knows', book(sound.replace('<Sts>PDNG', '<Sts>MAYBE')), 'unknown-code'],
    ['no closing balance', book(sound.replace('CLBD', 'ITBD')), 'missing-field'],
    ['an element twice that may come once', book(sound.replace('<BkTxCd/>', '<BkTxCd/><BkTxCd/>')), 'duplicate-key'],
    [
      'a DOCTYPE',
      Buffer.from(book(sound).toString().replace('<Document', '<!DOCTYPE a><Document')),
      'doctype-forbidden',
    ],
    ['half of it', book(sound).subarray(0, 900), 'not-xml'],
  ])('%s is refused, never read as something else', (_, bytes, code) => {
    const read = readCamt053(bytes);
    expect(read.ok).toBe(false);
    expect(!read.ok && read.refusals.map((one) => one.code)).toContain(code);
  });
});
