import { openCosigned } from '../envelope/cosigned.ts';
import { verifyEnvelope } from '../envelope/envelope.ts';
import { verifyReceipt } from '../envelope/receipt.ts';
import { verifyJournal } from '../journal/verify.ts';
import type { Federation } from './federation.ts';
import { table } from './table.ts';

/** The stage of the demo: what plays, and where it is told. */
export interface Act {
  readonly federation: Federation;
  /** Of the supervisor `automation`, for this run alone. */
  readonly operatorToken: string;
  say(text: string): Promise<void>;
  title(text: string): Promise<void>;
}

const KINDS: Readonly<Record<string, string>> = {
  listing: '挂牌 listing',
  'listing-state': '状态 state',
  interest: '意向 interest',
  'interest-decision': '资格 decision',
  bid: '报价 bid',
  deal: '成交 deal',
  'deal-confirmed': '确认 confirmed',
  funds: '资金 funds',
};

interface Line {
  readonly kind: string;
  readonly issuer: string;
  readonly exchange: string;
  readonly subject: string;
  readonly outcome: string;
  readonly number: string | null;
  readonly reasons:
    | readonly { readonly code: string; readonly detail?: { readonly zh: string; readonly en: string } }[]
    | null;
}

/** Deliveries and the decisions that sent nothing, in the order of the journal. */
export async function showMessages({ federation, say }: Act): Promise<void> {
  const { rows } = await federation.gateway.database.query<Record<string, never>>(
    `select m.no, m.kind, m.issuer, d.exchange, m.subject, d.state as outcome, d.number, d.reason as reasons
       from delivery d join message m on m.id = d.message
     union all
     select m.no, m.kind, m.issuer, c.host, m.subject, c.verdict, null, c.body -> 'issues'
       from decision c join message m on m.id = c.message where c.current and c.verdict in ('hold', 'refuse')
     order by 1, 4`,
  );
  const OUTCOMES: Readonly<Record<string, string>> = {
    accepted: '已接受 accepted',
    refused: '对方拒绝 refused there',
    refuse: '规则不允许 refused',
    hold: '暂缓 held',
    dead: '待人工 dead letter',
  };
  const lines = (rows as unknown as Line[]).map(({ kind, issuer, exchange, subject, outcome, number, reasons }) => [
    KINDS[kind] ?? kind,
    `${issuer} → ${exchange}`,
    subject,
    OUTCOMES[outcome] ?? outcome,
    number ??
      (reasons ?? []).map(({ code, detail }) => (detail === undefined ? code : `${code} ${detail.zh}`)).join('\n'),
  ]);
  await say(
    table(
      ['消息 message', '方向', '项目 listing', '结果 outcome', '编号或原因 number or reason'],
      lines,
      [18, 14, 26, 24, 48],
    ),
  );
}

/** Every envelope and receipt verified again from its stored bytes. */
export async function proveJournal({ federation, say }: Act): Promise<boolean> {
  const proof = await verifyJournal(federation.gateway.database, {
    envelope: (bytes, atMs) => verifyEnvelope(bytes, federation.keys.trust, { atMs }),
    receipt: (bytes, of, atMs) => verifyReceipt(bytes, federation.keys.trust, { of, atMs }),
    cosigned: (bytes, parties, atMs) => openCosigned(bytes, federation.keys.trust, parties, atMs),
  });
  await say(
    `  信封 ${proof.envelopes} 件、回执 ${proof.receipts} 件、流 ${proof.streams} 条，逐字节验证：${proof.faults.length === 0 ? '全部通过' : `${proof.faults.length} 处不符`}`,
  );
  await say(
    `  ${proof.envelopes} envelopes, ${proof.receipts} receipts, ${proof.streams} streams verified from their bytes: ${proof.faults.length === 0 ? 'all good' : proof.faults.join('; ')}`,
  );
  return proof.faults.length === 0 && proof.envelopes > 0;
}
