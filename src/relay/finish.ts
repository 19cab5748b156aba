import { type Exchange, idOf } from '../contract/exchange.ts';
import type { ListingMirrored } from '../contract/message.ts';
import { digestOf } from '../envelope/digest.ts';
import { type Database, transaction } from '../journal/database.ts';
import { keepNumbers, type NumberRow } from '../journal/numbers.ts';
import { type Finish, finishDeliveries } from '../journal/outbox.ts';
import { type ReceiptRow, recordReceipts } from '../journal/receipts.ts';
import { citedKey, emptyStanding } from '../journal/standing.ts';
import type { Decision } from '../rules/decide.ts';
import { numberedBy } from './address.ts';
import { type CommitParts, commit, type Planned } from './commit.ts';
import type { Attempt } from './lane.ts';
import { pause } from './pause.ts';
import { judge } from './seal.ts';
import { listingStream } from './step.ts';

export interface FinishParts extends CommitParts {
  readonly database: Database;
  newId(): string;
  /** Random number in [0, 1), for jitter. */
  random(): number;
  onFault(error: unknown): void;
  readonly retryBaseMs: number;
  readonly retryCapMs: number;
  readonly retryAttempts: number;
  readonly batch: number;
  /** While it is busy, how long a batch that is not full waits for more, ms. */
  readonly lingerMs: number;
}

export interface Finisher {
  /** Resolves once it is durable. */
  finish(exchange: Exchange, attempt: Attempt): Promise<void>;
}

interface Waiting {
  readonly exchange: Exchange;
  readonly attempt: Attempt;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Writes what became of deliveries, many with one commit: receipts, numbers, mirrors, retries. */
export function openFinisher(parts: FinishParts): Finisher {
  const waiting: Waiting[] = [];
  let running = false;
  let busy = false;
  const run = async () => {
    while (waiting.length > 0) {
      if (busy && waiting.length < parts.batch) await pause(parts.lingerMs);
      const batch = waiting.splice(0, parts.batch);
      busy = batch.length > 1;
      try {
        await write(batch, parts);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        // The lease runs out and the exchange is asked: nothing is lost, it is only later.
        parts.onFault(error);
        for (const { reject } of batch) reject(error);
      }
    }
    running = false;
  };
  return {
    finish: (exchange, attempt) =>
      new Promise((resolve, reject) => {
        waiting.push({ exchange, attempt, resolve, reject });
        if (running) return;
        running = true;
        void Promise.resolve().then(run);
      }),
  };
}

async function write(batch: readonly Waiting[], parts: FinishParts): Promise<void> {
  const atMs = parts.nowMs();
  const endings = await Promise.all(batch.map(({ exchange, attempt }) => endingOf(exchange, attempt, atMs, parts)));
  await transaction(parts.database, async (connection) => {
    const ended = await finishDeliveries(
      connection,
      endings.map(({ finish }) => finish),
      new Date(atMs),
    );
    const numbers: NumberRow[] = [];
    const planned: Planned[] = [];
    const standing = emptyStanding();
    const receipts: ReceiptRow[] = [];
    for (const [i, { exchange, attempt }] of batch.entries()) {
      const { finish, receipt } = endings[i]!;
      if (receipt === undefined || !ended.has(finish.no)) continue;
      receipts.push(receipt);
      if (finish.state !== 'accepted' || finish.number === null) continue;
      const numbered = numberedBy(attempt.message);
      if (numbered !== undefined) numbers.push({ exchange, number: finish.number, ...numbered });
      if (attempt.message.kind !== 'listing') continue;
      planned.push(mirrored(exchange, attempt, finish.number, atMs, parts));
      const { home, host } = (attempt.lease.decision as Decision | null)?.rulebooks ?? {};
      const shown = citedKey(attempt.message.id, exchange);
      if (home && host) standing.cited.set(shown, { home: home.sha256, host: host.sha256 });
    }
    await Promise.all([recordReceipts(connection, receipts), keepNumbers(connection, numbers)]);
    await commit(connection, planned, standing, parts);
  });
}

/** How a delivery goes on, and the receipt where it has come to its end. */
interface Ending {
  readonly finish: Finish;
  readonly receipt?: ReceiptRow;
}

async function endingOf(exchange: Exchange, attempt: Attempt, atMs: number, parts: FinishParts): Promise<Ending> {
  const { lease, outcome, request, loss } = attempt;
  const { no } = lease;
  const message = { id: lease.message, issuer: lease.issuer, digest: digestOf(lease.envelope) };
  const common = {
    no,
    loss: loss.length === 0 ? null : JSON.stringify(loss),
    sent: request?.bytes ?? null,
  };
  switch (outcome.outcome) {
    case 'accepted': {
      const number = outcome.number ?? null;
      const finish = { ...common, state: 'accepted', number, reason: null, answer: outcome.answer } as const;
      if (parts.seals.giveReceipts?.() === false) return { finish };
      const bytes = await judge(exchange, message, { number }, atMs, parts.seals);
      return {
        finish,
        receipt: { message: message.id, kind: 'accepted', issuer: exchange, recipient: exchange, bytes, atMs },
      };
    }
    case 'refused': {
      const codes = outcome.refusals.slice(0, 64).map(({ code }) => code);
      // Without a request nothing was sent: the word is the gateway's own, not the exchange's.
      const issuer = request === undefined ? 'qiao' : exchange;
      const verdict = { codes: codes.length === 0 ? ['host-refused'] : codes };
      const bytes = await judge(issuer, message, verdict, atMs, parts.seals);
      const reason = JSON.stringify(outcome.refusals);
      return {
        finish: { ...common, state: 'refused', number: null, reason, answer: outcome.answer },
        receipt: { message: message.id, kind: 'refused', issuer, recipient: exchange, bytes, atMs },
      };
    }
    case 'retry':
    case 'ambiguous':
    case 'absent': {
      const reason = JSON.stringify(outcome);
      const { attempts } = lease;
      const isFree = attempt.isFree === true;
      if (attempts >= parts.retryAttempts && !isFree) return { finish: { no, attempts, state: 'dead', reason } };
      // Never longer than any wait of ours: a time further off would pass for one that a wrong clock wrote (lane.ts).
      const asked = outcome.outcome === 'retry' ? Math.min(outcome.afterMs, parts.retryCapMs) : 0;
      const state = outcome.outcome === 'ambiguous' ? 'in-doubt' : 'waiting';
      const dueAt = new Date(atMs + Math.max(asked, backoffMs(lease.attempts, parts)));
      return { finish: { no, attempts, state, dueAt, isFree, reason } };
    }
  }
}

/** Full jitter over an exponential cap: many that failed together do not come back together. */
function backoffMs(attempts: number, parts: FinishParts): number {
  const cap = Math.min(parts.retryCapMs, parts.retryBaseMs * 2 ** Math.min(attempts - 1, 20));
  return Math.round(cap * (0.5 + parts.random() / 2));
}

/** The terms in force as values; whose rule each one is stands in the decision, which is kept with the listing. */
function termsSaid(decision: Decision | null): ListingMirrored['terms'] {
  const terms = decision?.terms ?? {};
  const said: Record<string, unknown> = {};
  for (const name of Object.keys(terms) as (keyof typeof terms)[]) said[name] = terms[name]?.value ?? null;
  return said;
}

/** The host's word to the home that it shows the listing: its own number, and under which terms. */
function mirrored(exchange: Exchange, attempt: Attempt, number: string, atMs: number, parts: FinishParts): Planned {
  const { message, lease } = attempt;
  if (message.kind !== 'listing') throw new Error('assertion: only listings are mirrored');
  const decision = lease.decision as Decision | null;
  const payload: ListingMirrored = {
    kind: 'listing-mirrored',
    listing: { id: message.id, version: message.version },
    host: exchange,
    mirror: idOf(exchange, number),
    mirroredAt: parts.rules().instant(atMs),
    terms: termsSaid(decision),
  };
  const answer = attempt.outcome.outcome === 'accepted' ? attempt.outcome.answer : new Uint8Array();
  return {
    effect: {
      message: payload,
      issuer: exchange,
      audience: [message.home],
      listing: message.id,
      stream: listingStream(message.id),
      // The home's own messages have no word for it: it is told through its record at the gateway.
      to: [],
      decisions: [],
    },
    id: parts.newId(),
    atMs,
    sentToUs: false,
    native: { bytes: answer, digest: digestOf(answer), proof: '' },
  };
}
