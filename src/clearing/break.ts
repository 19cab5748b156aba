import type { Exchange } from '../contract/exchange.ts';
import type { Queryable } from '../journal/database.ts';
import { insertRows, updateRows } from '../journal/rows.ts';
import type { Entry } from './adjustment.ts';
import type { Escalation } from './ageing.ts';
import type { BreakAction } from './break-actions.ts';
import type { BreakState, ClosedAs } from './break-states.ts';
import type { Blame } from './classify.ts';
import type { BreakCode, Severity } from './codes.ts';

/** A break as it stands: what was found, how far it is, who has it. Amounts are fen. */
export interface Break {
  readonly id: string;
  /** The business days whose comparisons found it first and last. */
  readonly cycle: string;
  readonly lastCycle: string;
  /** The last comparison that found it as it is here; its fields and the three columns stand there. */
  readonly run: string;
  readonly dealId: string;
  readonly code: BreakCode;
  readonly codes: readonly BreakCode[];
  readonly side: Exchange | null;
  readonly home: Exchange;
  readonly host: Exchange;
  readonly severity: Severity;
  /** Book minus journal; null where no amount differs. */
  readonly deltaFen: bigint | null;
  readonly valueFen: bigint;
  readonly homeGapFen: bigint;
  readonly hostGapFen: bigint;
  readonly businessDate: string;
  readonly blame: Blame | null;
  readonly isFound: boolean;
  readonly findingSha256: string;
  readonly state: BreakState;
  readonly version: number;
  readonly firstSeen: string;
  readonly due: string;
  readonly escalation: Escalation;
  readonly assignee: string | null;
  readonly proposal: bigint | null;
  readonly maker: string | null;
  readonly proposalSha256: string | null;
  readonly checker: string | null;
  readonly coveredSha256: string | null;
  readonly closedAs: ClosedAs | null;
  readonly changedAt: Date;
}

/** What stands in the books for a break's sake: not reversed yet; at most one. */
export interface Standing {
  readonly no: bigint;
  readonly action: BreakAction;
  readonly entries: readonly Entry[];
}

/** Columns that change, with their types; the others are what the break is. */
const CHANGING = {
  lastCycle: ['last_cycle', 'text'],
  run: ['run', 'uuid'],
  codes: ['codes', 'text[]'],
  severity: ['severity', 'text'],
  deltaFen: ['delta_fen', 'bigint'],
  valueFen: ['value_fen', 'bigint'],
  homeGapFen: ['home_gap_fen', 'bigint'],
  hostGapFen: ['host_gap_fen', 'bigint'],
  businessDate: ['business_date', 'date'],
  blame: ['blame', 'text'],
  isFound: ['is_found', 'boolean'],
  findingSha256: ['finding_sha256', 'text'],
  state: ['state', 'text'],
  version: ['version', 'integer'],
  due: ['due', 'date'],
  escalation: ['escalation', 'integer'],
  assignee: ['assignee', 'text'],
  proposal: ['proposal', 'bigint'],
  maker: ['maker', 'text'],
  proposalSha256: ['proposal_sha256', 'text'],
  checker: ['checker', 'text'],
  coveredSha256: ['covered_sha256', 'text'],
  closedAs: ['closed_as', 'text'],
  changedAt: ['changed_at', 'timestamptz'],
} as const;

const LASTING = {
  id: ['id', 'text'],
  cycle: ['cycle', 'text'],
  dealId: ['deal_id', 'text'],
  code: ['code', 'text'],
  side: ['side', 'text'],
  home: ['home', 'text'],
  host: ['host', 'text'],
  firstSeen: ['first_seen', 'date'],
} as const;

type Member = keyof typeof CHANGING | keyof typeof LASTING;
type Table = Readonly<Partial<Record<Member, readonly [column: string, type: string]>>>;

const ALL: Table = { ...LASTING, ...CHANGING };

/** For `select`: every member under its name; `of` is the table's alias. */
export function breakColumns(of: string): string {
  return Object.entries(ALL)
    .map(([name, [column]]) => `${of}.${column} as "${name}"`)
    .join(', ');
}

function typesOf(table: Table): Record<string, string> {
  return Object.fromEntries(Object.values(table).map(([column, type]) => [column, type]));
}

function rowOf(one: Break, table: Table): Record<string, unknown> {
  return Object.fromEntries(Object.entries(table).map(([name, [column]]) => [column, one[name as Member]]));
}

/** Locks breaks until the transaction ends, always in one order; those that do not exist are left out. */
export async function lockBreaks(
  connection: Queryable,
  ids: readonly string[],
): Promise<Map<string, { readonly stands: Break; readonly booked: Standing | undefined }>> {
  const { rows } = await connection.query<Break & BookedColumns & Record<string, unknown>>(
    `select ${breakColumns('b')}, s.no as "bookedNo", p.action as "bookedAs", s.accounts as "bookedAccounts", s.amounts_fen::text[] as "bookedFen"
       from (select * from clearing_break where id = any($1::text[]) order by id for update) b
       left join clearing_adjustment s on s.break_id = b.id and s.reverses is null
        and not exists (select from clearing_adjustment r where r.reverses = s.no)
       left join clearing_proposal p on p.no = s.proposal`,
    [ids],
  );
  return new Map(
    rows.map(({ bookedNo, bookedAs, bookedAccounts, bookedFen, ...stands }) => [
      stands.id,
      {
        stands: stands as Break,
        booked:
          bookedNo === null
            ? undefined
            : {
                no: bookedNo,
                action: bookedAs,
                entries: bookedAccounts.map((account, at) => ({ account, amountFen: BigInt(bookedFen[at]!) })),
              },
      },
    ]),
  );
}

interface BookedColumns {
  readonly bookedNo: bigint | null;
  readonly bookedAs: BreakAction;
  readonly bookedAccounts: readonly string[];
  readonly bookedFen: readonly string[];
}

export async function addBreaks(connection: Queryable, breaks: readonly Break[]): Promise<void> {
  await insertRows(
    connection,
    'clearing_break',
    typesOf(ALL),
    breaks.map((one) => rowOf(one, ALL)),
  );
}

export async function saveBreaks(connection: Queryable, breaks: readonly Break[]): Promise<void> {
  const table = { id: LASTING.id, ...CHANGING };
  await updateRows(
    connection,
    'clearing_break',
    'id',
    typesOf(table),
    breaks.map((one) => rowOf(one, table)),
  );
}
