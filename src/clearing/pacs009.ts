import type { Exchange } from '../contract/exchange.ts';
import { exchangeNames } from '../contract/exchange.ts';
import { formatFen } from '../contract/money.ts';
import type { Accounts } from './settlement-rules.ts';

/** One payment between two exchanges. */
export interface Payment {
  /** End-to-end id, 1 to 35 characters; the bank repeats it in every word about this payment. */
  readonly id: string;
  readonly payer: Exchange;
  readonly payee: Exchange;
  /** ISO 4217. */
  readonly currency: string;
  readonly fen: bigint;
}

/** A file of payments of one payer in one currency. */
export interface PaymentFile {
  /** 1 to 35 characters. */
  readonly messageId: string;
  /** RFC 3339, with its zone. */
  readonly madeAt: string;
  /** `YYYY-MM-DD` on which it is to be paid. */
  readonly settlesOn: string;
  /** What it is for, at most 140 characters. */
  readonly remittance: string;
  readonly payments: readonly Payment[];
}

/** ISO 20022 FinancialInstitutionCreditTransferV08, the version that the HVPS+ and CBPR+ guidelines are written for. */
const NAMESPACE = 'urn:iso:std:iso:20022:tech:xsd:pacs.009.001.08';
/** China's clearing system in ISO's external code list; its members are known by twelve digits (行号). */
const CLEARING_SYSTEM = 'CNAPS';

/**
 * Writes a pacs.009 document: the payer's bank is to move each amount from the payer's settlement account to the payee's.
 * @throws RangeError (assertion) for a file without payments, of two payers or of two currencies
 */
export function writePacs009(file: PaymentFile, accounts: Readonly<Record<Exchange, Accounts>>): Buffer {
  const { payments } = file;
  const first = payments[0];
  if (first === undefined || payments.some((one) => one.payer !== first.payer || one.currency !== first.currency)) {
    throw new RangeError('assertion: one payer and one currency a file');
  }
  const total = payments.reduce((sum, { fen }) => sum + fen, 0n);
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<Document xmlns="${NAMESPACE}">`,
    '  <FICdtTrf>',
    '    <GrpHdr>',
    `      <MsgId>${escaped(file.messageId)}</MsgId>`,
    `      <CreDtTm>${escaped(file.madeAt)}</CreDtTm>`,
    `      <NbOfTxs>${payments.length}</NbOfTxs>`,
    `      <CtrlSum>${formatFen(total, 'yuan')}</CtrlSum>`,
    `      <TtlIntrBkSttlmAmt Ccy="${escaped(first.currency)}">${formatFen(total, 'yuan')}</TtlIntrBkSttlmAmt>`,
    `      <IntrBkSttlmDt>${escaped(file.settlesOn)}</IntrBkSttlmDt>`,
    // CLRG: through a clearing system, not over an account that one bank keeps with the other.
    '      <SttlmInf><SttlmMtd>CLRG</SttlmMtd></SttlmInf>',
    '    </GrpHdr>',
    ...payments.flatMap((payment) => paymentLines(payment, file.remittance, accounts)),
    '  </FICdtTrf>',
    '</Document>',
    '',
  ];
  return Buffer.from(lines.join('\n'), 'utf8');
}

function paymentLines(
  { id, payer, payee, currency, fen }: Payment,
  remittance: string,
  accounts: Readonly<Record<Exchange, Accounts>>,
): readonly string[] {
  return [
    '    <CdtTrfTxInf>',
    `      <PmtId><InstrId>${escaped(id)}</InstrId><EndToEndId>${escaped(id)}</EndToEndId></PmtId>`,
    `      <IntrBkSttlmAmt Ccy="${escaped(currency)}">${formatFen(fen, 'yuan')}</IntrBkSttlmAmt>`,
    ...side('Dbtr', payer, accounts[payer]),
    ...side('Cdtr', payee, accounts[payee]),
    `      <RmtInf><Ustrd>${escaped(remittance)}</Ustrd></RmtInf>`,
    '    </CdtTrfTxInf>',
  ];
}

/** The exchange, by the code of its bank and its name, and its account. For the payee the account's bank comes first. */
function side(role: 'Dbtr' | 'Cdtr', exchange: Exchange, { bank, settlement }: Accounts): readonly string[] {
  const member = `<ClrSysMmbId><ClrSysId><Cd>${CLEARING_SYSTEM}</Cd></ClrSysId><MmbId>${escaped(bank)}</MmbId></ClrSysMmbId>`;
  const party = `      <${role}><FinInstnId><Nm>${exchangeNames[exchange].zh}</Nm></FinInstnId></${role}>`;
  const account = `      <${role}Acct><Id><Othr><Id>${escaped(settlement)}</Id></Othr></Id></${role}Acct>`;
  const agent = `      <${role}Agt><FinInstnId>${member}</FinInstnId></${role}Agt>`;
  return role === 'Dbtr' ? [party, account, agent] : [agent, party, account];
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
