import { type Instruction, instructionFilesOf, instructionsOf } from '../../../src/clearing/instruction.ts';
import { entriesOf, netsOf } from '../../../src/clearing/net-read.ts';
import { statusesOf, takeStatusFile } from '../../../src/clearing/settle-status.ts';
import { settlementRules } from '../../../src/clearing/settlement-rules.ts';
import { formatFen } from '../../../src/contract/money.ts';
import { by, DAY, Desk, notice, report } from './desk.ts';

const { accounts } = settlementRules;

describe('what banks say of the payments of a net', () => {
  let desk: Desk;
  let first: Instruction;
  let second: Instruction;
  beforeAll(async () => {
    desk = await Desk.open();
  });
  afterAll(() => desk.drop());
  beforeEach(async () => {
    await desk.clear();
    await desk.trade({ no: '1', hostFee: 500_00n });
    await desk.trade({ no: '2', home: 'stex', host: 'szse', hostFee: 70_00n });
    [first, second] = (await desk.instruct()) as [Instruction, Instruction];
  });
  const netState = async () => (await netsOf(desk.database, DAY))[0]!.state;
  const states = async () => (await instructionsOf(desk.database, `${DAY}#1`)).map(({ state }) => state);
  const outcomes = async (file: string) =>
    (await desk.bank(file)).lines.map(({ outcome, refusals }) =>
      [outcome, ...refusals.map(({ code }) => code)].join(' '),
    );
  const yuan = (fen: bigint) => formatFen(fen, 'yuan');

  it('settles the net once every payment of it has settled, by either kind of message', async () => {
    expect(await outcomes(report([{ id: first.id, status: 'ACSC', amount: yuan(first.fen) }]))).toEqual(['taken']);
    expect([await netState(), ...(await states())]).toEqual(['instructed', 'settled', 'instructed']);
    const { settlement } = accounts[second.payee];
    expect(await outcomes(notice(settlement, [{ id: second.id, amount: yuan(second.fen), way: 'CRDT' }]))).toEqual([
      'taken',
    ]);
    expect([await netState(), ...(await states())]).toEqual(['settled', 'settled', 'settled']);
  });

  it('lets what failed be owed on, by its payer to its payee, in the next net (P10)', async () => {
    await desk.bank(
      report([
        { id: first.id, status: 'ACSC' },
        { id: second.id, status: 'RJCT', reason: 'AM04' },
      ]),
    );
    expect(await netState()).toBe('failed');
    expect((await instructionsOf(desk.database, `${DAY}#1`))[1]).toMatchObject({ state: 'failed', reference: 'AM04' });
    const next = await desk.net('2026-03-03');
    expect(await entriesOf(desk.database, next.id, { limit: 9 })).toEqual([
      {
        subject: `net:${DAY}#1`,
        entry: second.id,
        debtor: second.payer,
        creditor: second.payee,
        currency: 'CNY',
        fen: second.fen,
      },
    ]);
    expect(next.nets).toMatchObject([
      { legs: [{ payer: second.payer, payee: second.payee, amount: yuan(second.fen) }] },
    ]);
  });

  it('answers the same bytes with the first answer, and the same word in other bytes as a repetition', async () => {
    const file = report([{ id: first.id, status: 'ACSC' }]);
    const answer = await desk.bank(file);
    expect(await desk.bank(file)).toEqual(answer);
    expect(await outcomes(report([{ id: first.id, status: 'ACSC' }], 'R2'))).toEqual(['repeated']);
    expect((await statusesOf(desk.database, { limit: 9 })).length).toBe(2);
  });

  it('lets nothing move for a payment nobody knows, another amount, another file or another account, and keeps the word', async () => {
    expect(await outcomes(report([{ id: 'Q-UNKNOWN', status: 'ACSC' }]))).toEqual(['refused reference-unknown']);
    expect(await outcomes(report([{ id: first.id, status: 'ACSC', amount: '1.00' }]))).toEqual([
      'refused inconsistent',
    ]);
    expect(await outcomes(report([{ id: first.id, status: 'ACSC', message: 'Q-OTHER' }]))).toEqual([
      'refused inconsistent',
    ]);
    const amount = yuan(first.fen);
    const { settlement } = accounts[first.payer];
    expect(await outcomes(notice('SOMEBODY', [{ id: first.id, amount, way: 'DBIT' }]))).toEqual([
      'refused inconsistent',
    ]);
    // Money that came in at the payer's.
    expect(await outcomes(notice(settlement, [{ id: first.id, amount, way: 'CRDT' }]))).toEqual([
      'refused inconsistent',
    ]);
    expect(await states()).toEqual(['instructed', 'instructed']);
    const kept = await statusesOf(desk.database, { limit: 9 });
    expect(kept.map(({ outcome }) => outcome)).toEqual(Array(5).fill('refused'));
  });

  it('lets nobody take back what was said: settled stays settled, failed stays failed, in the table too', async () => {
    await desk.bank(
      report([
        { id: first.id, status: 'ACSC' },
        { id: second.id, status: 'CANC' },
      ]),
    );
    const contrary = report([
      { id: first.id, status: 'RJCT' },
      { id: second.id, status: 'ACCC' },
    ]);
    expect(await outcomes(contrary)).toEqual(['refused state-forbids', 'refused state-forbids']);
    expect(await states()).toEqual(['settled', 'failed']);
    const again = `update clearing_instruction set state = 'failed', ended_at = now() where id = '${first.id}'`;
    await expect(desk.database.query(again)).rejects.toThrow(/has ended as settled already/);
    await expect(desk.database.query(`update clearing_instruction set fen = 1`)).rejects.toThrow(/ended|only its end/);
  });

  it('of one file that says two things of a payment takes the first and refuses the other', async () => {
    const both = report([
      { id: first.id, status: 'ACSC' },
      { id: first.id, status: 'RJCT' },
    ]);
    expect(await outcomes(both)).toEqual(['taken', 'refused state-forbids']);
  });

  it('waits while a payment is on its way', async () => {
    expect(await outcomes(report([{ id: first.id, status: 'ACSP' }]))).toEqual(['pending']);
    expect(await states()).toEqual(['instructed', 'instructed']);
  });

  it.each([
    ['a DOCTYPE', (xml: string) => xml.replace('<Document', '<!DOCTYPE x><Document'), 'doctype-forbidden'],
    ['another kind of message', (xml: string) => xml.replace('pacs.002', 'pacs.004'), 'unknown-kind'],
    ['a status nobody knows', (xml: string) => xml.replace('ACSC', 'ABCD'), 'unknown-code'],
    [
      'a word about the whole file',
      (xml: string) => xml.replace(/<TxInfAndSts>.*<\/TxInfAndSts>/, ''),
      'missing-field',
    ],
    [
      'a payment without its id',
      (xml: string) => xml.replace(/<OrgnlEndToEndId>.*?<\/OrgnlEndToEndId>/, ''),
      'missing-field',
    ],
    ['another currency', (xml: string) => xml.replace('Ccy="CNY"', 'Ccy="HKD"'), 'bad-money'],
    ['an element twice', (xml: string) => xml.replace('<TxSts>', '<TxSts>RJCT</TxSts><TxSts>'), 'duplicate-key'],
    ['half of it', (xml: string) => xml.slice(0, 300), 'not-xml'],
    [
      'other bytes than text',
      (xml: string) => Buffer.from(xml).map((byte, i) => (i === 200 ? 0xff : byte)),
      'not-text',
    ],
  ] as const)('reads nothing of a file with %s, says why, and keeps it', async (_, change, code) => {
    const bytes = Buffer.from(change(report([{ id: first.id, status: 'ACSC', amount: yuan(first.fen) }])));
    const taken = await takeStatusFile({ bytes, by }, desk.parts());
    expect(taken).toMatchObject({ ok: true, value: { kind: 'unknown', lines: [], refusals: [{ code }] } });
    expect(await states()).toEqual(['instructed', 'instructed']);
    const { rows } = await desk.database.query<{ bytes: Buffer }>('select bytes from clearing_status_file');
    expect(rows.map((row) => row.bytes.equals(bytes))).toEqual([true]);
  });

  it('takes no word, and keeps none, while the log lacks its witnesses', async () => {
    desk.allowed = false;
    const file = { bytes: Buffer.from(report([{ id: first.id, status: 'ACSC' }])), by };
    expect(await takeStatusFile(file, desk.parts())).toMatchObject({
      ok: false,
      refusals: [{ code: 'settlement-stopped' }],
    });
    expect(await states()).toEqual(['instructed', 'instructed']);
    desk.allowed = true;
    expect(await takeStatusFile(file, desk.parts())).toMatchObject({
      ok: true,
      value: { lines: [{ outcome: 'taken' }] },
    });
  });

  it('has a file for each payer, of exactly its payments', async () => {
    const files = await instructionFilesOf(desk.database, `${DAY}#1`);
    expect(files.map(({ messageId }) => messageId)).toEqual(['Q20260302-1-CNY-CTEX']);
    expect(files[0]!.bytes.toString().match(/<EndToEndId>/g)).toHaveLength(2);
    expect(files[0]!.sha256).toBe(first.file);
  });
});
