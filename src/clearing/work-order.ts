import { accepted, type Checked } from '../contract/refusal.ts';
import type { NewAdjustment } from './adjustment-kept.ts';
import type { Break, Standing } from './break.ts';
import type { BreakState } from './break-states.ts';
import type { Proposal, Wish } from './proposal.ts';
import type { KeptProposal } from './proposal-kept.ts';

/** What somebody wants done with a break. */
export type Order =
  | { readonly act: 'take' | 'post' }
  | { readonly act: 'assign'; readonly to: string }
  | { readonly act: 'propose'; readonly wish: Wish }
  /** `sha256`: of the proposal that was looked at. */
  | { readonly act: 'approve'; readonly sha256: string }
  /** Always with its reason. */
  | { readonly act: 'withdraw' | 'return' | 'reopen'; readonly note: string }
  | Remark;

/** Leaves the break as it is. */
export type Remark =
  | { readonly act: 'comment'; readonly note: string }
  | { readonly act: 'attach'; readonly sha256: string };

/** What there is, read under lock. */
export interface Known {
  readonly breaks: ReadonlyMap<string, { readonly stands: Break; readonly booked: Standing | undefined }>;
  readonly proposals: ReadonlyMap<bigint, KeptProposal>;
  readonly evidence: ReadonlySet<string>;
  readonly makers: ReadonlySet<string>;
}

export interface About {
  readonly by: { readonly name: string; readonly role: string };
  readonly at: Date;
  readonly thresholdFen: bigint;
  readonly known: Known;
}

/** One act, decided: what the break becomes and what is kept beside it. `after === before`: it stays as it is. */
export interface Done {
  readonly order: Order;
  readonly before: Break;
  readonly after: Break;
  readonly reason?: string;
  readonly note?: string;
  readonly detail: Readonly<Record<string, string>>;
  readonly proposal?: Proposal;
  readonly approval?: {
    readonly proposal: bigint;
    readonly sha256: string;
    readonly maker: string;
    readonly checker: string;
    readonly place: number;
  };
  readonly booking?: readonly Omit<NewAdjustment, 'postedBy' | 'at'>[];
}

/** The break in another state, or the same, one version on. */
export function moved(
  order: Order,
  before: Break,
  state: BreakState,
  { at }: About,
  changes: Partial<Break>,
  beside: Partial<Done> = {},
): Checked<Done> {
  const after: Break = { ...before, ...changes, state, version: before.version + 1, closedAs: null, changedAt: at };
  return accepted({ order, before, after, detail: {}, ...('note' in order ? { note: order.note } : {}), ...beside });
}
