import type { Exchange } from '../contract/exchange.ts';
import { formatFen } from '../contract/money.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import { type DueOrder, updateDue } from './hold.ts';
import { type Net, netObligations } from './net.ts';
import { type Offered, offeredForNet, oweFees, releaseFromNet, takeIntoNet } from './net-obligations.ts';
import { latestNetOf, type NetSummary, netById, type WrittenNet } from './net-read.ts';
import { type SettlementRules, settlementRules } from './settlement-rules.ts';

export interface NetParts {
  readonly database: Database;
  nowMs(): number;
  /** Absent: those in settlement-rules.json. */
  readonly rules?: SettlementRules;
}

/**
 * Nets the fees between the exchanges for a business day: of every deal that stands, with what earlier days left over; deals
 * that something holds stay out. Asked again it gives the net that stands, unless what it is made of has changed: then a new
 * one takes its place. Once all three have signed it, that is refused.
 *
 * One transaction: a crash leaves all of it or nothing. Faults of the database are thrown.
 */
export async function netCycle(order: DueOrder, parts: NetParts): Promise<Checked<NetSummary>> {
  const { feeOwed } = parts.rules ?? settlementRules;
  return transaction(parts.database, async (connection) => {
    await takeNetTurn(connection);
    const latest = await latestNetOf(connection, order.cycle);
    const standing = latest?.state === 'superseded' || latest?.state === 'aborted' ? undefined : latest;
    if (standing !== undefined && standing.state !== 'netted') {
      return standing.run === order.run ? accepted(standing) : refused(refuse('state-forbids', '/net', standing.state));
    }
    await updateDue(connection, order);
    await oweFees(connection, order.cycle, feeOwed);
    const offered = await offeredForNet(connection, standing?.id ?? null);
    if (standing !== undefined) {
      if (standing.entriesSha256 === offered.entriesSha256 && standing.holdsSha256 === offered.holdsSha256) {
        return accepted(standing);
      }
      if ((await signaturesOn(connection, standing.id)) === 3) {
        return refused(refuse('state-forbids', '/net', 'confirmed'));
      }
      await connection.query(`update clearing_net set state = 'superseded' where id = $1`, [standing.id]);
      await releaseFromNet(connection, standing.id);
    }
    const no = (latest?.no ?? 0) + 1;
    const net = await recordNet(connection, { ...order, no }, offered, parts.nowMs());
    await takeIntoNet(connection, net.id);
    return accepted(net);
  });
}

/** What is owed belongs to one net at a time, whatever the day: all who change that take turns. */
export async function takeNetTurn(connection: Queryable): Promise<void> {
  await connection.query(`select pg_advisory_xact_lock(hashtextextended('clearing/net', 0))`);
}

async function signaturesOn(connection: Queryable, net: string): Promise<number> {
  const { rows } = await connection.query<{ count: bigint }>(
    'select count(*) as count from clearing_day join clearing_day_signature using (cycle, no) where net = $1',
    [net],
  );
  return Number(rows[0]!.count);
}

async function recordNet(
  connection: Queryable,
  { cycle, no, run }: { readonly cycle: string; readonly no: number; readonly run: string },
  offered: Offered,
  atMs: number,
): Promise<NetSummary> {
  // Sums between two exchanges net as their parts do (P6): the parts stay in the database.
  const nets = netObligations(
    offered.sums.map(({ debtor, creditor, currency, fen }) => ({
      dealId: cycle,
      entry: `${no}`,
      debtor: debtor as Exchange,
      creditor: creditor as Exchange,
      currency,
      fen,
    })),
  );
  const id = `${cycle}#${no}`;
  await connection.query(
    `insert into clearing_net (id, cycle, no, run, nets, entries, entries_sha256, holds_sha256, held_deals, held_fen, made_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, to_timestamp($11 / 1000.0))`,
    [
      ...[id, cycle, no, run, JSON.stringify(nets.map(written))],
      ...[offered.entries, offered.entriesSha256, offered.holdsSha256, offered.heldDeals, offered.heldFen, atMs],
    ],
  );
  return (await netById(connection, id))!;
}

/** Amounts leave as text. */
function written({ currency, gross, positions, payIn, legs }: Net): WrittenNet {
  const yuan = (fen: bigint) => formatFen(fen, 'yuan');
  const each = <V, W>(of: Readonly<Record<Exchange, V>>, write: (value: V) => W) =>
    ({ ctex: write(of.ctex), stex: write(of.stex), szse: write(of.szse) }) satisfies Record<Exchange, W>;
  return {
    currency,
    gross: each(gross, (owed) => each(owed, yuan)),
    positions: each(positions, yuan),
    payIn: yuan(payIn),
    legs: legs.map(({ from, to, fen }) => ({ payer: from, payee: to, amount: yuan(fen) })),
  };
}
