import { exchanges } from '../contract/exchange.ts';
import { fenOf } from '../contract/money.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import { digestOf } from '../envelope/digest.ts';
import { recordAct } from '../journal/audit.ts';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import { takeNetTurn } from './net-cycle.ts';
import { releaseFromNet } from './net-obligations.ts';
import { latestNetOf, type NetSummary } from './net-read.ts';
import { type Payment, writePacs009 } from './pacs009.ts';
import { isConfirmed } from './settle-day.ts';
import { type SettlementRules, settlementRules } from './settlement-rules.ts';

/** Who does it; of what the gateway does by itself `gateway`, `system`. */
export interface By {
  readonly actor: string;
  readonly role: string;
}

export interface InstructParts {
  readonly database: Database;
  nowMs(): number;
  /** Whether the log is witnessed as it must be for money to move. */
  settlementAllowed(): { readonly ok: boolean };
  /** Absent: those in settlement-rules.json. */
  readonly rules?: SettlementRules;
  /** True in production: accounts that are nobody's are not instructed on. */
  readonly samplesRefused?: boolean;
}

/** One payment of a net and what the banks have said of it. */
export interface Instruction extends Payment {
  readonly net: string;
  /** SHA-256, hex, of its file. */
  readonly file: string;
  readonly state: 'instructed' | 'settled' | 'failed';
  readonly reference: string | null;
  readonly endedAt: Date | null;
}

export interface InstructionFile {
  readonly sha256: string;
  readonly net: string;
  readonly payer: string;
  readonly messageId: string;
  /** pacs.009. */
  readonly bytes: Buffer;
}

/**
 * Makes the payments of a net that all three have signed: at most two, a pacs.009 file for each payer and currency. A net
 * without payments is settled by that. Done once; asked again it gives what there is. Refused while the log lacks its
 * witnesses, a signature is missing, or (in production) the accounts are samples.
 */
export async function instructNet(
  { cycle, settlesOn, by }: { readonly cycle: string; readonly settlesOn: string; readonly by: By },
  parts: InstructParts,
): Promise<Checked<readonly Instruction[]>> {
  const { accounts, isSample } = parts.rules ?? settlementRules;
  return transaction(parts.database, async (connection) => {
    await takeNetTurn(connection);
    const net = await latestNetOf(connection, cycle);
    if (net === undefined || net.state === 'superseded' || net.state === 'aborted') {
      return refused(refuse('state-forbids', '/net'));
    }
    if (net.state !== 'netted') return accepted(await instructionsOf(connection, net.id));
    if (!parts.settlementAllowed().ok) return refused(refuse('settlement-stopped'));
    if (isSample && parts.samplesRefused === true && paymentsOf(net).length > 0) {
      return refused(refuse('sample-accounts', '/accounts', 'QIAO_SETTLEMENT'));
    }
    if (!(await isConfirmed(connection, cycle))) return refused(refuse('not-confirmed', '/signatures'));
    const at = new Date(parts.nowMs());
    const payments = paymentsOf(net);
    await connection.query(`update clearing_net set state = 'instructed' where id = $1`, [net.id]);
    for (const currency of new Set(payments.map((one) => one.currency))) {
      for (const payer of exchanges) {
        const own = payments.filter((one) => one.payer === payer && one.currency === currency);
        if (own.length === 0) continue;
        const messageId = `${numberOf(net)}-${currency}-${payer.toUpperCase()}`;
        const madeAt = localInstant(at);
        const remittance = `技术交易服务费清分 ${net.id} / inter-exchange fees, net ${net.id}`;
        const bytes = writePacs009({ messageId, madeAt, settlesOn, remittance, payments: own }, accounts);
        await keepFile(connection, { net: net.id, payer, messageId, bytes, sha256: digestOf(bytes) }, own, at);
      }
    }
    if (payments.length === 0)
      await connection.query(`update clearing_net set state = 'settled' where id = $1`, [net.id]);
    const detail = { payments: payments.length, entries: Number(net.entries) };
    await recordAct(connection, { ...by, act: 'net-instructed', subject: `net/${net.id}`, detail, at });
    return accepted(await instructionsOf(connection, net.id));
  });
}

/** `2026-03-02#1` → `Q20260302-1`: banks take 35 characters, and letters, digits and hyphens only. */
function numberOf({ cycle, no }: NetSummary): string {
  return `Q${cycle.replaceAll('-', '')}-${no}`;
}

function paymentsOf(net: NetSummary): readonly Payment[] {
  return net.nets.flatMap(({ currency, legs }) =>
    legs.map(({ payer, payee, amount }, i) => ({
      id: `${numberOf(net)}-${currency}-${i + 1}`,
      payer,
      payee,
      currency,
      fen: fenOf({ amount, currency: 'CNY' }),
    })),
  );
}

/** RFC 3339 at +08:00, to the second. */
function localInstant(at: Date): string {
  return `${new Date(at.getTime() + 8 * 3_600_000).toISOString().slice(0, 19)}+08:00`;
}

async function keepFile(
  connection: Queryable,
  file: InstructionFile,
  payments: readonly Payment[],
  at: Date,
): Promise<void> {
  const { sha256, net, payer, messageId, bytes } = file;
  await connection.query(
    'insert into clearing_instruction_file (sha256, net, payer, message_id, bytes, made_at) values ($1, $2, $3, $4, $5, $6)',
    [sha256, net, payer, messageId, bytes, at],
  );
  for (const { id, payee, currency, fen } of payments) {
    await connection.query(
      'insert into clearing_instruction (id, net, payer, payee, currency, fen, file) values ($1, $2, $3, $4, $5, $6, $7)',
      [id, net, payer, payee, currency, fen, sha256],
    );
  }
}

/** The payments of a net. */
export async function instructionsOf(connection: Queryable, net: string): Promise<readonly Instruction[]> {
  const { rows } = await connection.query<Instruction & Record<string, unknown>>(
    `select id, net, payer, payee, currency, fen, file, state, reference, ended_at as "endedAt"
       from clearing_instruction where net = $1 order by id`,
    [net],
  );
  return rows;
}

/** The files of a net, as they are handed to the banks. */
export async function instructionFilesOf(connection: Queryable, net: string): Promise<readonly InstructionFile[]> {
  const { rows } = await connection.query<InstructionFile & Record<string, unknown>>(
    `select sha256, net, payer, message_id as "messageId", bytes from clearing_instruction_file
      where net = $1 order by message_id`,
    [net],
  );
  return rows;
}

/**
 * Calls off the net of a business day: what was in it waits for the next. Refused once money of it has moved, or it has
 * ended. Whoever does so answers for it that no bank has the files, or that they were recalled.
 */
export async function abortNet(
  { cycle, reason, by }: { readonly cycle: string; readonly reason: string; readonly by: By },
  parts: { readonly database: Database; nowMs(): number },
): Promise<Checked<NetSummary>> {
  return transaction(parts.database, async (connection) => {
    await takeNetTurn(connection);
    const net = await latestNetOf(connection, cycle);
    if (net?.state === 'aborted') return accepted(net);
    if (net === undefined || (net.state !== 'netted' && net.state !== 'instructed')) {
      return refused(refuse('state-forbids', '/net', net?.state ?? ''));
    }
    if ((await instructionsOf(connection, net.id)).some(({ state }) => state === 'settled')) {
      return refused(refuse('state-forbids', '/net', 'settled'));
    }
    const at = new Date(parts.nowMs());
    await connection.query(
      `update clearing_instruction set state = 'failed', reference = $2, ended_at = $3 where net = $1 and state = 'instructed'`,
      [net.id, `aborted: ${reason}`.slice(0, 140), at],
    );
    await connection.query(`update clearing_net set state = 'aborted' where id = $1`, [net.id]);
    await releaseFromNet(connection, net.id);
    await recordAct(connection, { ...by, act: 'net-aborted', subject: `net/${net.id}`, detail: { reason }, at });
    return accepted({ ...net, state: 'aborted' });
  });
}
