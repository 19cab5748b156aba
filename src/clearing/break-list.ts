import type { Exchange } from '../contract/exchange.ts';
import type { Queryable } from '../journal/database.ts';
import { Conditions } from '../journal/pages.ts';
import { type Break, breakColumns } from './break.ts';
import type { BreakState } from './break-states.ts';
import type { BreakCode, Severity } from './codes.ts';

/** What is asked of the breaks; everything absent matches all. Amounts are fen and without sign. */
export interface BreakFilter {
  /** The business day whose comparison found it last. */
  readonly cycle?: string;
  readonly states?: readonly BreakState[];
  readonly codes?: readonly BreakCode[];
  readonly severities?: readonly Severity[];
  /** Either of the two. */
  readonly exchange?: Exchange;
  readonly assignee?: string;
  readonly dealId?: string;
  /** At least so old: first seen on that day or before. */
  readonly seenBy?: string;
  readonly dueBefore?: string;
  readonly fromFen?: bigint;
  readonly toFen?: bigint;
  /** What this checker may approve: proposed by others, and not yet approved by them. */
  readonly forChecker?: string;
}

export interface BreakPage {
  readonly rows: readonly Break[];
  /** Where the next page begins: after this one. Absent: that was the last. */
  readonly next?: BreakPosition;
}

/** The order of the desk: the gravest first, then the oldest. */
export interface BreakPosition {
  readonly severity: Severity;
  readonly firstSeen: string;
  readonly id: string;
}

const AMOUNT = 'greatest(abs(b.home_gap_fen), abs(b.host_gap_fen))';

function conditionsOf(filter: BreakFilter): Conditions {
  const where = new Conditions();
  where.equal('b.last_cycle', filter.cycle);
  where.equal('b.assignee', filter.assignee);
  where.equal('b.deal_id', filter.dealId);
  const among = (column: string, values: readonly string[] | undefined) => {
    if (values !== undefined) where.add(`${column} = any(${where.bind(values)}::text[])`);
  };
  among('b.state', filter.states);
  among('b.code', filter.codes);
  among('b.severity', filter.severities);
  if (filter.exchange !== undefined) where.add(`${where.bind(filter.exchange)} in (b.home, b.host)`);
  if (filter.seenBy !== undefined) where.add(`b.first_seen <= ${where.bind(filter.seenBy)}`);
  if (filter.dueBefore !== undefined) where.add(`b.due < ${where.bind(filter.dueBefore)} and b.state <> 'closed'`);
  if (filter.fromFen !== undefined) where.add(`${AMOUNT} >= ${where.bind(filter.fromFen)}`);
  if (filter.toFen !== undefined) where.add(`${AMOUNT} <= ${where.bind(filter.toFen)}`);
  if (filter.forChecker !== undefined) {
    const checker = where.bind(filter.forChecker);
    where.add(`b.state = 'proposed' and b.maker <> ${checker} and b.checker is distinct from ${checker}`);
  }
  return where;
}

export async function listBreaks(
  connection: Queryable,
  filter: BreakFilter,
  request: { readonly after?: BreakPosition; readonly limit: number },
): Promise<BreakPage> {
  const where = conditionsOf(filter);
  if (request.after !== undefined) {
    const { severity, firstSeen, id } = request.after;
    where.add(
      `(b.severity, b.first_seen, b.id) > (${where.bind(severity)}, ${where.bind(firstSeen)}::date, ${where.bind(id)})`,
    );
  }
  const { rows } = await connection.query<Break & Record<string, unknown>>(
    `select ${breakColumns('b')} from clearing_break b ${where.text()}
      order by b.severity, b.first_seen, b.id limit ${where.bind(request.limit + 1)}`,
    where.values,
  );
  if (rows.length <= request.limit) return { rows };
  const kept = rows.slice(0, request.limit);
  const { severity, firstSeen, id } = kept.at(-1)!;
  return { rows: kept, next: { severity, firstSeen, id } };
}

/** 合计: what the filter comes to, whatever the page. Sums are fen, surplus and shortage apart. */
export interface BreakTotals {
  readonly breaks: bigint;
  readonly overFen: bigint;
  readonly underFen: bigint;
  readonly valueFen: bigint;
  readonly byState: Readonly<Record<string, number>>;
  readonly bySeverity: Readonly<Record<string, number>>;
}

export async function breakTotals(connection: Queryable, filter: BreakFilter): Promise<BreakTotals> {
  const where = conditionsOf(filter);
  const { rows } = await connection.query<Part & Record<string, unknown>>(
    `select b.state, b.severity, count(*) as count, coalesce(sum(delta_fen) filter (where delta_fen > 0), 0)::text as over,
            coalesce(sum(delta_fen) filter (where delta_fen < 0), 0)::text as under, sum(value_fen)::text as value
       from clearing_break b ${where.text()} group by b.state, b.severity`,
    where.values,
  );
  const by = (name: 'state' | 'severity') => {
    const counts: Record<string, number> = {};
    for (const row of rows) counts[row[name]] = (counts[row[name]] ?? 0) + Number(row.count);
    return counts;
  };
  const add = (of: (row: Part) => bigint) => rows.reduce((sum, row) => sum + of(row), 0n);
  return {
    breaks: add(({ count }) => count),
    overFen: add(({ over }) => BigInt(over)),
    underFen: add(({ under }) => BigInt(under)),
    valueFen: add(({ value }) => BigInt(value)),
    byState: by('state'),
    bySeverity: by('severity'),
  };
}

interface Part {
  readonly state: string;
  readonly severity: string;
  readonly count: bigint;
  readonly over: string;
  readonly under: string;
  readonly value: string;
}
