import type { Access } from '../access/access.ts';
import type { Closing } from '../clearing/cycle-close.ts';
import type { LoadParts } from '../clearing/load.ts';
import type { QueryParts } from '../clearing/query.ts';
import type { StatusParts } from '../clearing/settle-status.ts';
import type { LinkState, Webhook } from '../contract/adapter.ts';
import type { StatementReader } from '../contract/books.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { Json } from '../contract/json.ts';
import type { Checked } from '../contract/refusal.ts';
import type { TrustList } from '../envelope/jws.ts';
import type { CosignedCheckpoint, Quorum, SignedCheckpoint } from '../journal/checkpoints.ts';
import type { Database, Queryable } from '../journal/database.ts';
import type { Recomputed } from '../journal/log-work.ts';
import type { TreeHead } from '../journal/tree.ts';
import type { SettlementGate } from '../relay/finality.ts';
import type { WitnessState } from '../relay/witnessing.ts';
import type { Calendars } from '../rules/calendar.ts';
import type { Rulebook } from '../rules/rulebook.ts';
import type { TrustState } from '../trust/expiry.ts';
import type { EventFeed } from './events.ts';
import type { Metrics } from './metrics.ts';

/** Everything the HTTP surface is handed; it makes nothing itself but answers. */
export interface Parts {
  readonly database: Database;
  readonly metrics: Metrics;
  /** Where exchanges push to; mounted before everything else. */
  readonly webhooks: readonly Webhook[];
  readonly links: readonly { readonly exchange: Exchange; state(): LinkState }[];
  /** Every version known of an exchange's rulebook. */
  rulebooks(exchange: Exchange): readonly Rulebook[];
  /** The trust list in force, and what is about to end. */
  trust(): TrustState;
  /** The business calendars that decisions count days by. */
  readonly calendars: Calendars;
  /** Takes a new rulebook version over, in that transaction; what hangs on it is decided again afterwards. */
  adoptRulebook(connection: Queryable, rulebook: Json, at: Date): Promise<Checked<AdoptedRulebook>>;
  /** What `/readyz` asks: the database, its migrations, the queue. Each throws what is wrong. */
  readonly checks: readonly { readonly name: string; check(): Promise<void> }[];
  /** What somebody must look at now although the work goes on; `/readyz` shows it, readiness does not hang on it. */
  alarms(): readonly Alarm[];
  /** The Merkle log, who confirms it, and whether it still holds what was said. */
  logState(): Promise<LogState>;
  /** Which witnesses make a checkpoint final. */
  readonly quorum: Quorum;
  /** The close of each day, and books brought by hand. */
  readonly clearing: ClearingDesk;
  /** Live progress of clearing. */
  readonly events: EventFeed;
  /** True from SIGTERM on: no longer ready, still answering. */
  stopping(): boolean;
  /** Who may come in. */
  readonly access: Access;
  /** Where people reach the gateway, without a slash at the end; absent: over plain http, on this machine. */
  readonly publicUrl: string | undefined;
  /** Who may read `/metrics`. */
  readonly metricsFor: 'loopback' | 'anybody';
  /** Signs the cursors of pages: at least 16 bytes, the same in every process of one gateway. */
  readonly cursorKey: Uint8Array;
  readonly limits: HttpLimits;
  nowMs(): number;
  /** A fresh UUID. */
  newId(): string;
  log(level: 'info' | 'warn' | 'error', event: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface ClearingDesk {
  readonly closing: Closing;
  readonly loading: LoadParts;
  readonly maxBookBytes: number;
  /** Reads a book in its exchange's own form. */
  read(exchange: Exchange, bytes: AsyncIterable<Uint8Array>): StatementReader;
  readonly limits: {
    readonly breaksAtOnce: number;
    readonly twoCheckersFen: number;
    readonly attachmentBytes: number;
    readonly reportRows: number;
    readonly reportPdfRows: number;
  };
  /** Holds what was booked for breaks against what was found. */
  verify(): Promise<unknown>;
  /** The trust list in force. */
  trust(): TrustList;
  readonly asking: Pick<QueryParts, 'calendar' | 'say'>;
  readonly settling: Pick<StatusParts, 'settlementAllowed' | 'recordSettled' | 'rules'>;
  /** Lets it go on in the background; what goes wrong there is logged. */
  later(work: () => Promise<unknown>): void;
}

/** One thing that is wrong, and where or since when. */
export interface Alarm {
  readonly code: string;
  readonly at: string;
  readonly zh: string;
  readonly en: string;
}

export interface LogState {
  readonly head: TreeHead;
  /** Rows without a leaf yet. */
  readonly waiting: bigint;
  /** The newest checkpoint, and the newest with a quorum of witnesses behind it. */
  readonly signed: SignedCheckpoint | undefined;
  readonly final: CosignedCheckpoint | undefined;
  readonly witnesses: readonly WitnessState[];
  readonly settlement: SettlementGate;
  readonly recomputed: Pick<Recomputed, 'alarms' | 'lastCycle' | 'progress'>;
}

export interface HttpLimits {
  readonly bodyLimitBytes: number;
  readonly pageLimit: number;
  readonly pageDefault: number;
}

export interface AdoptedRulebook {
  readonly exchange: Exchange;
  readonly version: number;
  readonly sha256: string;
}
