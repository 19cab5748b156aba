import { accepted, type Checked, type Refusal, refuse, refused } from '../contract/refusal.ts';
import { digestOf } from '../envelope/digest.ts';
import { recordAct } from '../journal/audit.ts';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import { readCamt054 } from './camt054.ts';
import type { By } from './instruction.ts';
import { takeNetTurn } from './net-cycle.ts';
import { owePaymentAgain } from './net-obligations.ts';
import { readPacs002 } from './pacs002.ts';
import type { StatusLine } from './settle-line.ts';
import { type DealSettled, endPayout, type Named, payoutNamed } from './settle-payout.ts';
import { type SettlementRules, settlementRules } from './settlement-rules.ts';

export type StatusKind = 'pacs.002' | 'camt.054';

export interface StatusParts {
  readonly database: Database;
  nowMs(): number;
  settlementAllowed(): { readonly ok: boolean };
  /** Signs and keeps the `settled` receipts of deals, inside the transaction in which they settle. */
  recordSettled(connection: Queryable, settled: readonly DealSettled[]): Promise<Checked<unknown>>;
  readonly rules?: SettlementRules;
}

/** What became of one line of a bank's file. */
export interface TakenLine {
  readonly line: number;
  readonly names: string;
  readonly says: StatusLine['says'];
  readonly reference: string | null;
  readonly fen: bigint | null;
  /** `repeated`: said before, and the same; `refused`: contradicts what is known, kept for people. */
  readonly outcome: 'taken' | 'repeated' | 'pending' | 'refused';
  readonly refusals: readonly Refusal[];
}

export interface TakenFile {
  readonly sha256: string;
  readonly kind: StatusKind | 'unknown';
  /** Why nothing of it was read. */
  readonly refusals: readonly Refusal[];
  readonly lines: readonly TakenLine[];
}

/**
 * Takes what a bank says of our payments: pacs.002 or camt.054, every line matched with its instruction or payout by its
 * end-to-end id, amount, file and account. The file is kept as it came, whatever becomes of it; the same bytes again give
 * the first answer. An unknown payment, another amount or the contrary of what a bank said before moves nothing.
 *
 * Refused as a whole, and not kept, while the log lacks its witnesses: it is to be brought again.
 */
export async function takeStatusFile(
  { bytes, by }: { readonly bytes: Uint8Array; readonly by: By },
  parts: StatusParts,
): Promise<Checked<TakenFile>> {
  const sha256 = digestOf(bytes);
  const read = readStatus(bytes);
  const rules = parts.rules ?? settlementRules;
  try {
    const taken = await transaction(parts.database, async (connection) => {
      await takeNetTurn(connection);
      const before = await statusFile(connection, sha256);
      if (before !== undefined) return before;
      if (read.lines.length > 0 && !parts.settlementAllowed().ok) throw new Stopped([refuse('settlement-stopped')]);
      const at = new Date(parts.nowMs());
      await connection.query(
        'insert into clearing_status_file (sha256, kind, bytes, actor, refusals, received_at) values ($1, $2, $3, $4, $5, $6)',
        [sha256, read.kind, Buffer.from(bytes), by.actor, JSON.stringify(read.refusals), at],
      );
      const nets = new Set<string>();
      const settled: DealSettled[] = [];
      for (const line of read.lines) {
        const { named, ...taken } = await judge(connection, line, rules);
        if (taken.outcome === 'taken' && named?.of === 'instruction') {
          nets.add(named.net);
          await endInstruction(connection, line, at);
        } else if (taken.outcome === 'taken' && named?.of === 'payout') {
          settled.push(...(await endPayout(connection, line, at)));
        }
        await keepLine(connection, sha256, taken);
      }
      for (const net of nets) await endNet(connection, net);
      if (settled.length > 0) {
        const receipts = await parts.recordSettled(connection, settled);
        if (!receipts.ok) throw new Stopped(receipts.refusals);
      }
      const detail = { kind: read.kind, lines: read.lines.length, settledDeals: settled.length };
      await recordAct(connection, { ...by, act: 'payment-status-taken', subject: `status/${sha256}`, detail, at });
      return (await statusFile(connection, sha256))!;
    });
    return accepted(taken);
  } catch (error) {
    if (error instanceof Stopped) return refused(...error.refusals);
    throw error;
  }
}

/** Undoes the transaction and carries the reasons out. */
class Stopped extends Error {
  readonly refusals: readonly Refusal[];
  constructor(refusals: readonly Refusal[]) {
    super('stopped');
    this.refusals = refusals;
  }
}

function readStatus(bytes: Uint8Array): {
  readonly kind: TakenFile['kind'];
  readonly lines: readonly StatusLine[];
  readonly refusals: readonly Refusal[];
} {
  const report = readPacs002(bytes);
  if (report.ok) return { kind: 'pacs.002', lines: report.value, refusals: [] };
  if (report.refusals[0]!.code !== 'unknown-kind') return { kind: 'unknown', lines: [], refusals: report.refusals };
  const notification = readCamt054(bytes);
  if (notification.ok) return { kind: 'camt.054', lines: notification.value, refusals: [] };
  return { kind: 'unknown', lines: [], refusals: notification.refusals };
}

/** What a line comes to, against what is known of the payment it names. */
async function judge(
  connection: Queryable,
  line: StatusLine,
  { accounts }: SettlementRules,
): Promise<TakenLine & { readonly named: Named | undefined }> {
  const { names, says, reference, fen, booked } = line;
  const answer = (outcome: TakenLine['outcome'], ...refusals: Refusal[]) => {
    return { line: line.line, names, says, reference, fen, outcome, refusals, named };
  };
  const named =
    (await instructionNamed(connection, names, accounts)) ?? (await payoutNamed(connection, names, accounts));
  if (named === undefined) return answer('refused', refuse('reference-unknown', '/EndToEndId', names));
  const found: Refusal[] = [];
  if (fen !== null && fen !== named.fen) found.push(refuse('inconsistent', '/Amt'));
  if (line.messageId !== undefined && line.messageId !== named.messageId) {
    found.push(refuse('inconsistent', '/OrgnlMsgId', line.messageId.slice(0, 35)));
  }
  if (booked !== undefined && booked.account !== (booked.way === 'out' ? named.debited : named.credited)) {
    found.push(refuse('inconsistent', '/Acct', booked.account.slice(0, 34)));
  }
  if (found.length > 0) return answer('refused', ...found);
  if (says === 'pending') return answer('pending');
  if (named.ended === undefined) return answer('taken');
  return named.ended === says ? answer('repeated') : answer('refused', refuse('state-forbids', '/TxSts', named.ended));
}

async function instructionNamed(
  connection: Queryable,
  id: string,
  accounts: SettlementRules['accounts'],
): Promise<Named | undefined> {
  const { rows } = await connection.query<{
    net: string;
    payer: keyof typeof accounts;
    payee: keyof typeof accounts;
    fen: bigint;
    state: string;
    message: string;
  }>(
    `select i.net, i.payer, i.payee, i.fen, i.state, f.message_id as message
       from clearing_instruction i join clearing_instruction_file f on f.sha256 = i.file where i.id = $1`,
    [id],
  );
  const one = rows[0];
  if (one === undefined) return undefined;
  return {
    of: 'instruction',
    net: one.net,
    fen: one.fen,
    messageId: one.message,
    debited: accounts[one.payer].settlement,
    credited: accounts[one.payee].settlement,
    ended: one.state === 'instructed' ? undefined : (one.state as 'settled' | 'failed'),
  };
}

async function endInstruction(connection: Queryable, { names, says, reference }: StatusLine, at: Date): Promise<void> {
  await connection.query('update clearing_instruction set state = $2, reference = $3, ended_at = $4 where id = $1', [
    names,
    says,
    reference ?? names,
    at,
  ]);
}

/** Once every payment of it has ended: settled, or failed, and then what failed is owed on. */
async function endNet(connection: Queryable, net: string): Promise<void> {
  const { rows } = await connection.query<{ id: string; state: string }>(
    'select id, state from clearing_instruction where net = $1 order by id',
    [net],
  );
  if (rows.some(({ state }) => state === 'instructed')) return;
  const failed = rows.filter(({ state }) => state === 'failed');
  await connection.query('update clearing_net set state = $2 where id = $1', [
    net,
    failed.length > 0 ? 'failed' : 'settled',
  ]);
  for (const { id } of failed) await owePaymentAgain(connection, id);
}

async function keepLine(connection: Queryable, file: string, taken: TakenLine): Promise<void> {
  const { line, names, says, reference, fen, outcome, refusals } = taken;
  await connection.query(
    `insert into clearing_status (file, line, names, says, reference, fen, outcome, refusals)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [file, line, names, says, reference, fen, outcome, JSON.stringify(refusals)],
  );
}

/** A file that was taken before, with what became of it. */
export async function statusFile(connection: Queryable, sha256: string): Promise<TakenFile | undefined> {
  const { rows } = await connection.query<Omit<TakenFile, 'lines'> & Record<string, unknown>>(
    'select sha256, kind, refusals from clearing_status_file where sha256 = $1',
    [sha256],
  );
  const file = rows[0];
  if (file === undefined) return undefined;
  const lines = await connection.query<TakenLine & Record<string, unknown>>(
    `select line, names, says, reference, fen, outcome, refusals from clearing_status where file = $1 order by line`,
    [sha256],
  );
  return { ...file, lines: lines.rows };
}

/** Everything that banks have said of payments of a net, and what nobody could match; the newest first. */
export async function statusesOf(
  connection: Queryable,
  { net, limit }: { readonly net?: string; readonly limit: number },
): Promise<readonly (TakenLine & { readonly file: string; readonly kind: string; readonly receivedAt: Date })[]> {
  const { rows } = await connection.query<TakenLine & { file: string; kind: string; receivedAt: Date }>(
    `select s.line, s.names, s.says, s.reference, s.fen, s.outcome, s.refusals, s.file, f.kind, f.received_at as "receivedAt"
       from clearing_status s join clearing_status_file f on f.sha256 = s.file
      where $1::text is null or exists (select from clearing_instruction i where i.id = s.names and i.net = $1)
      order by f.received_at desc, s.file, s.line limit $2`,
    [net ?? null, limit],
  );
  return rows;
}
