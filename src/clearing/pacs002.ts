import type { Json } from '../contract/json.ts';
import { accepted, type Checked, type Refusal, refuse, refused } from '../contract/refusal.ts';
import { at, fenOfAmount, listIn, readDocument, textAt } from './camt-tree.ts';
import type { StatusLine } from './settle-line.ts';

const NAMESPACE = /^urn:iso:std:iso:20022:tech:xsd:pacs\.002\.001\.\d{2}$/;
const REPEATED = new Map([
  ['TxInfAndSts', 'FIToFIPmtStsRpt'],
  ['OrgnlGrpInfAndSts', 'FIToFIPmtStsRpt'],
  ['StsRsnInf', 'TxInfAndSts'],
  ['AddtlInf', 'StsRsnInf'],
]);

/** ISO 20022 ExternalPaymentTransactionStatus1Code, folded into what matters here. One that is not listed is refused. */
const SAYS: Readonly<Record<string, StatusLine['says']>> = Object.assign(Object.create(null), {
  // settled at the payer's bank, at the payee's
  ACSC: 'settled',
  ACCC: 'settled',
  RJCT: 'failed',
  CANC: 'failed',
  // received, checked, on its way
  RCVD: 'pending',
  PDNG: 'pending',
  ACTC: 'pending',
  ACCP: 'pending',
  ACSP: 'pending',
} satisfies Record<string, StatusLine['says']>);

/**
 * Bytes of one pacs.002 (FIToFIPaymentStatusReport) → what it says, payment by payment.
 *
 * A word about a whole file without its payments is refused: what becomes of money is never inferred.
 */
export function readPacs002(bytes: Uint8Array): Checked<readonly StatusLine[]> {
  const read = readDocument(bytes, NAMESPACE, REPEATED);
  if (!read.ok) return read;
  const report = at(read.value, 'FIToFIPmtStsRpt');
  const payments = listIn(report, 'TxInfAndSts');
  if (payments.length === 0) return refused(refuse('missing-field', '/FIToFIPmtStsRpt/TxInfAndSts'));
  const groups = listIn(report, 'OrgnlGrpInfAndSts');
  const found: Refusal[] = [];
  const lines = payments.map((payment, i) => {
    const pointer = `/FIToFIPmtStsRpt/TxInfAndSts/${i}`;
    const names = textAt(payment, 'OrgnlEndToEndId');
    if (names === undefined) found.push(refuse('missing-field', `${pointer}/OrgnlEndToEndId`));
    const code = textAt(payment, 'TxSts');
    const says = code === undefined ? undefined : SAYS[code];
    if (says === undefined) found.push(refuse('unknown-code', `${pointer}/TxSts`, (code ?? '').slice(0, 20)));
    const amount = at(payment, 'OrgnlTxRef', 'IntrBkSttlmAmt');
    const fen = amount === '' ? null : fenOfAmount(amount);
    if (fen === undefined) found.push(refuse('bad-money', `${pointer}/OrgnlTxRef/IntrBkSttlmAmt`));
    const messageId =
      textAt(payment, 'OrgnlGrpInf', 'OrgnlMsgId') ??
      (groups.length === 1 ? textAt(groups[0]!, 'OrgnlMsgId') : undefined);
    const reference =
      says === 'failed' ? reasonIn(payment) : (textAt(payment, 'AcctSvcrRef') ?? textAt(payment, 'ClrSysRef'));
    return {
      line: i + 1,
      names: (names ?? '').slice(0, 35),
      says: says ?? 'pending',
      reference: reference?.slice(0, 140) ?? null,
      fen: fen ?? null,
      ...(messageId === undefined ? {} : { messageId }),
    };
  });
  return found.length > 0 ? refused(...found.slice(0, 50)) : accepted(lines);
}

function reasonIn(payment: Json): string | undefined {
  const [first] = listIn(payment, 'StsRsnInf');
  return first === undefined ? undefined : (textAt(first, 'Rsn', 'Cd') ?? textAt(first, 'Rsn', 'Prtry'));
}
