import type { Json } from '../contract/json.ts';
import { accepted, type Checked, type Refusal, refuse, refused } from '../contract/refusal.ts';
import { at, listIn, readDocument, signedFen, textAt } from './camt-tree.ts';
import type { StatusLine } from './settle-line.ts';

const NAMESPACE = /^urn:iso:std:iso:20022:tech:xsd:camt\.054\.001\.\d{2}$/;
const REPEATED = new Map([
  ['Ntfctn', 'BkToCstmrDbtCdtNtfctn'],
  ['Ntry', 'Ntfctn'],
  ['NtryDtls', 'Ntry'],
  ['TxDtls', 'NtryDtls'],
  ['Ustrd', 'RmtInf'],
  ['Strd', 'RmtInf'],
  ['AdrLine', 'PstlAdr'],
]);

/**
 * Bytes of one camt.054 (BankToCustomerDebitCreditNotification) → what was booked, payment by payment.
 *
 * Each booking names its payment (EndToEndId). Of an entry with several payments each has its own amount, and together they
 * are the entry. A reversal of a booking is refused: money that comes back is for people.
 */
export function readCamt054(bytes: Uint8Array): Checked<readonly StatusLine[]> {
  const read = readDocument(bytes, NAMESPACE, REPEATED);
  if (!read.ok) return read;
  const found: Refusal[] = [];
  const lines: StatusLine[] = [];
  for (const [n, notification] of listIn(at(read.value, 'BkToCstmrDbtCdtNtfctn'), 'Ntfctn').entries()) {
    const pointer = `/BkToCstmrDbtCdtNtfctn/Ntfctn/${n}`;
    const account = textAt(notification, 'Acct', 'Id', 'Othr', 'Id') ?? textAt(notification, 'Acct', 'Id', 'IBAN');
    if (account === undefined) found.push(refuse('missing-field', `${pointer}/Acct/Id`));
    for (const [i, entry] of listIn(notification, 'Ntry').entries()) {
      const entryAt = `${pointer}/Ntry/${i}`;
      for (const one of paymentsIn(entry, entryAt, found)) {
        const booked = { account: account ?? '', way: one.fen > 0n ? ('in' as const) : ('out' as const) };
        lines.push({ ...one, line: lines.length + 1, fen: one.fen < 0n ? -one.fen : one.fen, booked });
      }
    }
  }
  if (lines.length === 0 && found.length === 0)
    return refused(refuse('missing-field', '/BkToCstmrDbtCdtNtfctn/Ntfctn'));
  return found.length > 0 ? refused(...found.slice(0, 50)) : accepted(lines);
}

type Booked = Pick<StatusLine, 'names' | 'says' | 'reference'> & { readonly fen: bigint };

/** The payments of one entry, amounts with their sign. */
function paymentsIn(entry: Json, pointer: string, found: Refusal[]): readonly Booked[] {
  const status = textAt(entry, 'Sts', 'Cd') ?? textAt(entry, 'Sts');
  const says = status === 'BOOK' ? 'settled' : status === 'PDNG' || status === 'INFO' ? 'pending' : undefined;
  if (says === undefined) found.push(refuse('unknown-code', `${pointer}/Sts`, String(status).slice(0, 20)));
  if (textAt(entry, 'RvslInd') === 'true') found.push(refuse('state-forbids', `${pointer}/RvslInd`));
  const entryFen = signedFen(entry);
  const details = listIn(entry, 'NtryDtls').flatMap((one) => listIn(one, 'TxDtls'));
  if (entryFen === undefined || entryFen === 0n) found.push(refuse('bad-money', `${pointer}/Amt`));
  if (details.length === 0) found.push(refuse('missing-field', `${pointer}/NtryDtls/TxDtls`));
  let sum = 0n;
  const payments = details.map((detail, i): Booked => {
    const names = textAt(detail, 'Refs', 'EndToEndId');
    if (names === undefined) found.push(refuse('missing-field', `${pointer}/TxDtls/${i}/Refs/EndToEndId`));
    const own = at(detail, 'Amt') === '' && details.length === 1 ? entryFen : signedFen(detail);
    if (own === undefined || own === 0n) found.push(refuse('bad-money', `${pointer}/TxDtls/${i}/Amt`));
    sum += own ?? 0n;
    const reference =
      textAt(detail, 'Refs', 'AcctSvcrRef') ?? textAt(entry, 'AcctSvcrRef') ?? textAt(entry, 'NtryRef') ?? null;
    return {
      names: (names ?? '').slice(0, 35),
      says: says ?? 'pending',
      reference: reference === null ? null : reference.slice(0, 140),
      fen: own ?? 0n,
    };
  });
  if (details.length > 0 && entryFen !== undefined && sum !== entryFen) {
    found.push(refuse('inconsistent', `${pointer}/Amt`));
  }
  return payments;
}
