import type { Json } from '../contract/json.ts';
import { formatFen } from '../contract/money.ts';
import { accepted, type Checked, type Refusal, refuse, refused } from '../contract/refusal.ts';
import { at, dayIn, fenIn, listIn, readDocument, signedFen, textAt } from './camt-tree.ts';
import { type ControlFailure, controlFailure } from './controls.ts';

/** One booked line of the settlement account; money in is positive, out negative. */
export interface BankEntry {
  /** 1 for the first entry of the statement. */
  readonly line: number;
  /** The bank's own reference (NtryRef, else AcctSvcrRef). */
  readonly reference: string;
  readonly amountFen: bigint;
  readonly bookedOn: string;
  readonly valueOn: string;
  /** What the instruction called itself (EndToEndId), where the bank says it and the entry is one transaction. */
  readonly endToEndId?: string;
}

/** A bank's book of one account (camt.053 BankToCustomerStatement). */
export interface BankStatement {
  readonly id: string;
  readonly account: string;
  readonly openingFen: bigint;
  readonly closingFen: bigint;
  /** The day of the closing balance. */
  readonly date: string;
  readonly entries: readonly BankEntry[];
  /** Numbers and sums the bank states of its entries, where it does. */
  readonly stated: { readonly count?: number; readonly creditFen?: bigint; readonly debitFen?: bigint };
}

const NAMESPACE = /^urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.\d{2}$/;
/** Elements that repeat, and in what; any other that comes twice is refused rather than passed over. */
const REPEATED = new Map([
  ['Stmt', 'BkToCstmrStmt'],
  ['Bal', 'Stmt'],
  ['Ntry', 'Stmt'],
  ['NtryDtls', 'Ntry'],
  ['TxDtls', 'NtryDtls'],
  ['Ustrd', 'RmtInf'],
  ['Strd', 'RmtInf'],
  ['AdrLine', 'PstlAdr'],
  ['TtlNtriesPerBkTxCd', 'TxsSummry'],
]);

/** Bytes of one camt.053 document with one statement in CNY → the bank's book, or every reason why not. */
export function readCamt053(bytes: Uint8Array): Checked<BankStatement> {
  const read = readDocument(bytes, NAMESPACE, REPEATED);
  if (!read.ok) return read;
  const statements = listIn(at(read.value, 'BkToCstmrStmt'), 'Stmt');
  if (statements.length !== 1) return refused(refuse('inconsistent', '/BkToCstmrStmt/Stmt', `${statements.length}`));
  return statementIn(statements[0]!);
}

function statementIn(stmt: Json): Checked<BankStatement> {
  const found: Refusal[] = [];
  const need = <T>(checked: T | undefined, code: Refusal['code'], pointer: string, otherwise: T): T => {
    if (checked === undefined) found.push(refuse(code, pointer));
    return checked ?? otherwise;
  };
  const id = need(textAt(stmt, 'Id'), 'missing-field', '/Id', '');
  const account = need(
    textAt(stmt, 'Acct', 'Id', 'IBAN') ?? textAt(stmt, 'Acct', 'Id', 'Othr', 'Id'),
    'missing-field',
    '/Acct/Id',
    '',
  );
  const balance = (code: string) => listIn(stmt, 'Bal').find((one) => textAt(one, 'Tp', 'CdOrPrtry', 'Cd') === code);
  // PRCD: the closing balance of the day before, which some banks give in place of the opening one.
  const openingFen = need(signedFen(balance('OPBD') ?? balance('PRCD') ?? ''), 'missing-field', '/Bal/OPBD', 0n);
  const closing = balance('CLBD') ?? '';
  const closingFen = need(signedFen(closing), 'missing-field', '/Bal/CLBD', 0n);
  const date = need(dayIn(at(closing, 'Dt')), 'bad-date', '/Bal/CLBD/Dt', '');
  const entries: BankEntry[] = [];
  for (const [i, entry] of listIn(stmt, 'Ntry').entries()) {
    const pointer = `/Ntry/${i}`;
    const status = textAt(entry, 'Sts', 'Cd') ?? textAt(entry, 'Sts');
    // Pending and information entries are in no balance (camt.053 usage); anything else is not known to us.
    if (status === 'PDNG' || status === 'INFO') continue;
    if (status !== 'BOOK') found.push(refuse('unknown-code', `${pointer}/Sts`, String(status).slice(0, 20)));
    const details = listIn(entry, 'NtryDtls').flatMap((one) => listIn(one, 'TxDtls'));
    const endToEndId = details.length === 1 ? textAt(details[0]!, 'Refs', 'EndToEndId') : undefined;
    const bookedOn = need(dayIn(at(entry, 'BookgDt')), 'bad-date', `${pointer}/BookgDt`, '');
    entries.push({
      line: i + 1,
      reference: need(
        textAt(entry, 'NtryRef') ?? textAt(entry, 'AcctSvcrRef'),
        'missing-field',
        `${pointer}/NtryRef`,
        '',
      ),
      amountFen: need(signedFen(entry), 'bad-money', `${pointer}/Amt`, 0n),
      bookedOn,
      valueOn: dayIn(at(entry, 'ValDt')) ?? bookedOn,
      ...(endToEndId === undefined || endToEndId === 'NOTPROVIDED' ? {} : { endToEndId }),
    });
  }
  if (found.length > 0) return refused(...found.slice(0, 50));
  return accepted({ id, account, openingFen, closingFen, date, entries, stated: statedIn(stmt) });
}

function statedIn(stmt: Json): BankStatement['stated'] {
  const summary = at(stmt, 'TxsSummry');
  const count = textAt(summary, 'TtlNtries', 'NbOfNtries');
  const creditFen = fenIn(at(summary, 'TtlCdtNtries', 'Sum'));
  const debitFen = fenIn(at(summary, 'TtlDbtNtries', 'Sum'));
  return {
    ...(count === undefined || !/^\d{1,15}$/.test(count) ? {} : { count: Number(count) }),
    ...(creditFen === undefined ? {} : { creditFen }),
    ...(debitFen === undefined ? {} : { debitFen }),
  };
}

/**
 * The controls of a bank's book: opening plus entries is closing, the sums are those stated, and it opens where the one
 * before closed (`closedAtFen`; undefined: there was none). Empty: it is sound.
 */
export function failedBankControls(book: BankStatement, closedAtFen: bigint | undefined): readonly ControlFailure[] {
  const failures: ControlFailure[] = [];
  const check = (control: Parameters<typeof controlFailure>[0], stated: bigint | undefined, found: bigint) => {
    if (stated !== undefined && stated !== found) {
      failures.push(controlFailure(control, formatFen(stated, 'yuan'), formatFen(found, 'yuan')));
    }
  };
  const [credits, debits] = [
    book.entries.filter((one) => one.amountFen > 0n),
    book.entries.filter((one) => one.amountFen < 0n),
  ];
  const sum = (entries: readonly BankEntry[]) => entries.reduce((total, one) => total + one.amountFen, 0n);
  if (book.stated.count !== undefined && book.stated.count !== book.entries.length) {
    failures.push(controlFailure('count', String(book.stated.count), String(book.entries.length)));
  }
  check('total-credit', book.stated.creditFen, sum(credits));
  check('total-debit', book.stated.debitFen, -sum(debits));
  check('closing', book.closingFen, book.openingFen + sum(book.entries));
  if (closedAtFen !== undefined) check('opening-balance', book.openingFen, closedAtFen);
  return failures;
}
