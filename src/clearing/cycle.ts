import type { Exchange } from '../contract/exchange.ts';
import type { Queryable } from '../journal/database.ts';

/** A state of a day's close, and what has to be done to get there (clearing.md §3). */
interface State {
  readonly zh: string;
  readonly en: string;
  readonly task: { readonly zh: string; readonly en: string };
}

/** In their order; `failed` takes the place of `settled`. 0014_clearing_cycle.sql lets nothing else happen. */
export const cycleStates = {
  open: { zh: '开放', en: 'open', task: { zh: '营业日开启', en: 'the day is opened' } },
  cut: {
    zh: '日切',
    en: 'cut',
    task: { zh: '三所均过日切时点，流水截断', en: 'past every cut-off the journal is cut' },
  },
  loaded: { zh: '齐账', en: 'loaded', task: { zh: '三本账与流水装载', en: 'three books and the journal are loaded' } },
  reconciled: {
    zh: '已对账',
    en: 'reconciled',
    task: { zh: '三方比对', en: 'the books are compared with the journal' },
  },
  held: {
    zh: '差错挂起',
    en: 'held',
    task: { zh: '差错登记，所涉成交暂不交收', en: 'breaks hold their own deals out' },
  },
  netted: { zh: '已轧差', en: 'netted', task: { zh: '交易所间费用轧差', en: 'fees between the exchanges are netted' } },
  confirmed: {
    zh: '三方确认',
    en: 'confirmed',
    task: { zh: '三所签署日终结果', en: "three exchanges sign the day's result" },
  },
  instructed: { zh: '已发指令', en: 'instructed', task: { zh: '生成交收指令', en: 'settlement is instructed' } },
  settled: { zh: '已交收', en: 'settled', task: { zh: '交收回执齐全', en: 'every instruction has its status' } },
  failed: {
    zh: '交收未成',
    en: 'failed',
    task: { zh: '有指令失败，转入次日', en: 'what failed goes into the next net' },
  },
  closed: { zh: '日终', en: 'closed', task: { zh: '日终完成', en: 'the day is closed' } },
} as const satisfies Record<string, State>;

export type CycleState = keyof typeof cycleStates;

/** A day in these states can be compared again: nobody has signed its result yet. */
export const comparable: readonly CycleState[] = ['loaded', 'reconciled', 'held', 'netted'];

/** What is in the way of the next step, for people. */
export interface Blocker {
  readonly code: 'cut-off' | 'calendar' | 'book-missing' | 'CTL' | 'SIG' | 'signature' | 'settlement' | 'status';
  readonly exchange: Exchange | null;
  /** Only a bad signature and a bad control total stop a day; everything else is waited for. */
  readonly stops: boolean;
  readonly zh: string;
  readonly en: string;
}

/** The close of one business day. */
export interface Cycle {
  /** The business day, `2026-03-02`. */
  readonly cycle: string;
  /** Counts comparisons, from 1. */
  readonly version: number;
  readonly state: CycleState;
  /** The journal's last number within the day; null: not cut yet. */
  readonly cut: bigint | null;
  /** The comparison that counts. */
  readonly run: string | null;
  /** Empty: nothing is in the way. */
  readonly blocked: readonly Blocker[];
  readonly openedAt: Date;
  readonly changedAt: Date;
}

/** Who takes a step: a person, or the gateway by its clock. */
export interface Taker {
  readonly name: string;
  readonly role: string;
}

export const BY_CLOCK: Taker = { name: 'gateway', role: 'system' };

const COLUMNS = `cycle, version, state, cut, run, blocked, opened_at as "openedAt", changed_at as "changedAt"`;

export async function readCycle(connection: Queryable, cycle: string): Promise<Cycle | undefined> {
  const { rows } = await connection.query<Cycle & Record<string, unknown>>(
    `select ${COLUMNS} from clearing_cycle where cycle = $1`,
    [cycle],
  );
  return rows[0];
}

/** The newest days first, from before `before`. */
export async function listCycles(
  connection: Queryable,
  before: string | undefined,
  limit: number,
): Promise<readonly Cycle[]> {
  const { rows } = await connection.query<Cycle & Record<string, unknown>>(
    `select ${COLUMNS} from clearing_cycle where cycle < coalesce($1, '9999') order by cycle desc limit $2`,
    [before ?? null, limit],
  );
  return rows;
}

/** Days that are not closed yet, the oldest first. */
export async function unclosedCycles(connection: Queryable): Promise<readonly Cycle[]> {
  const { rows } = await connection.query<Cycle & Record<string, unknown>>(
    `select ${COLUMNS} from clearing_cycle where state <> 'closed' order by cycle`,
  );
  return rows;
}
