import { hash } from 'node:crypto';
import type { Adapter, Answer, Arrival } from '../contract/adapter.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { Message } from '../contract/message.ts';
import { type Refusal, refuse } from '../contract/refusal.ts';
import type { TrustList } from '../envelope/jws.ts';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import { type Admission, type Entry, enter, forget, turnDown } from '../journal/inbox.ts';
import { kindsBeingNumbered } from '../journal/outbox.ts';
import type { Standing } from '../journal/standing.ts';
import { commit, type Planned } from './commit.ts';
import { isCosigned } from './cosigning.ts';
import { load } from './load.ts';
import { numberRefs } from './resolve.ts';
import type { RuleDesk } from './rule-desk.ts';
import type { Seals } from './seal.ts';
import type { StepContext, Stepped } from './step.ts';
import { stepMessage } from './steps.ts';

/** What the road needs from outside; handed in once. */
export interface IntakeParts {
  readonly database: Database;
  readonly adapters: ReadonlyMap<Exchange, Adapter>;
  readonly exchanges: readonly Exchange[];
  readonly seals: Seals;
  /** By which keys signatures count. */
  readonly trust: TrustList;
  rules(): RuleDesk;
  nowMs(): number;
  newId(): string;
  /** Called after the commit with the exchanges that have something waiting. */
  wake(exchanges: ReadonlySet<Exchange>): void;
  /** How long something early is answered `busy` before it is refused, ms. */
  readonly patienceMs: number;
}

/** One arrival on the road: read, entered, decided, answered. */
interface Traveller {
  readonly entry: Entry;
  readonly message?: Message;
  answer?: Answer;
}

/**
 * Takes a batch of arrivals (no two with the same key) through the whole road in one transaction:
 * decode → enter → resolve → decide → seal → record. The answers are true once this resolves.
 */
export async function takeIn(arrivals: readonly Arrival[], parts: IntakeParts): Promise<readonly Answer[]> {
  const travellers = arrivals.map((arrival) => read(arrival, parts));
  const woken = new Set<Exchange>();
  await transaction(parts.database, async (connection) => {
    const admissions = await enter(
      connection,
      travellers.map(({ entry }) => entry),
    );
    const fresh = travellers.filter((traveller, i) => admit(traveller, admissions[i]!));
    // Before the numbers are read: one that is written down in between is then found, and not taken for unknown.
    const numbering = await beingNumbered(connection, fresh);
    const { messages, standing } = await load(
      connection,
      fresh.flatMap(({ message }) => message ?? []),
    );
    const planned: Planned[] = [];
    const early: Traveller[] = [];
    const rules = parts.rules();
    const isPutOff = new Set<Exchange>();
    for (const [i, traveller] of fresh.entries()) {
      const message = messages[i]!;
      const { exchange, ordered } = traveller.entry.arrival;
      if (ordered && isPutOff.has(exchange)) {
        traveller.answer = PUT_OFF;
        early.push(traveller);
        continue;
      }
      const stepped = step(traveller, message, standing, rules, parts);
      if (stepped.ok === true) {
        traveller.answer = { outcome: 'accepted', messageId: traveller.entry.messageId };
        planned.push(...planOf(traveller, stepped.effects, parts));
      } else if (stepped.ok === 'early' && maySoonBeKnown(traveller.entry.arrival, message, numbering, parts)) {
        traveller.answer = PUT_OFF;
        isPutOff.add(exchange);
        early.push(traveller);
      } else {
        traveller.answer = { outcome: 'refused', refusals: stepped.refusals };
      }
    }
    await commit(connection, planned, standing, parts);
    await forget(
      connection,
      early.map(({ entry }) => entry.arrival),
    );
    await turnDown(
      connection,
      travellers.flatMap((traveller, i) => turnedDown(traveller, admissions[i]!)),
    );
    for (const { effect } of planned) for (const exchange of effect.to) woken.add(exchange);
  });
  if (woken.size > 0) parts.wake(woken);
  return travellers.map(({ answer }) => {
    if (answer === undefined) throw new Error('assertion: an arrival was left without an answer');
    return answer;
  });
}

const PUT_OFF: Answer = { outcome: 'busy', retryAfterMs: 500 };

/** An answer, and what is kept of it, is never much longer than what was asked. */
const MOST_REFUSALS = 50;

/** Reads the bytes; what cannot be read is refused, and still entered so that a repeat gets the same answer. */
function read(arrival: Arrival, parts: IntakeParts): Traveller {
  const digest = hash('sha256', arrival.bytes, 'buffer');
  const decoded = parts.adapters.get(arrival.exchange)!.decode(arrival.bytes);
  const entry = { arrival, digest, messageId: parts.newId() };
  if (!decoded.ok) {
    const refusals = decoded.refusals.slice(0, MOST_REFUSALS);
    return { entry: { ...entry, refusals }, answer: { outcome: 'refused', refusals } };
  }
  return { entry, message: decoded.value };
}

/** True when the arrival is new and must be acted on; otherwise its answer is set. */
function admit(traveller: Traveller, admission: Admission): boolean {
  switch (admission.known) {
    case 'new':
      return traveller.message !== undefined;
    case 'repeated':
      traveller.answer =
        admission.refusals === undefined
          ? { outcome: 'accepted', messageId: admission.messageId! }
          : { outcome: 'refused', refusals: admission.refusals };
      return false;
    case 'conflict':
      traveller.answer = { outcome: 'refused', refusals: [refuse('id-conflict', '', traveller.entry.arrival.key)] };
      return false;
    case 'replayed':
      traveller.answer = { outcome: 'refused', refusals: [refuse('replayed')] };
      return false;
  }
}

function turnedDown(
  { entry, answer }: Traveller,
  admission: Admission,
): readonly { arrival: Arrival; refusals: readonly Refusal[]; entered: boolean }[] {
  // A repeat was kept the first time, a conflict is kept as an equivocation.
  if (answer?.outcome !== 'refused' || admission.known === 'repeated' || admission.known === 'conflict') return [];
  const entered = admission.known === 'new' && entry.refusals === undefined;
  return [{ arrival: entry.arrival, refusals: answer.refusals, entered }];
}

function step(
  { entry }: Traveller,
  message: Message,
  standing: Standing,
  rules: RuleDesk,
  parts: IntakeParts,
): Stepped {
  const context: StepContext = {
    sender: entry.arrival.exchange,
    standing,
    rules,
    exchanges: parts.exchanges,
    atMs: parts.nowMs(),
    ...(entry.arrival.sentAtMs === undefined ? {} : { sentAtMs: entry.arrival.sentAtMs }),
    messageId: entry.messageId,
    // What the exchange adds for itself (event ids, times of sending) is not content.
    digest: digestOfJson({ ...message, extensions: undefined }),
    digestOf: digestOfJson,
    isCosigned: (deal) => isCosigned(deal, parts.trust),
  };
  return stepMessage(message, context);
}

function digestOfJson(value: object): string {
  return hash('sha256', JSON.stringify(value), 'hex');
}

type Numbering = ReadonlyMap<Exchange, ReadonlySet<string>>;

/** What is being numbered at each exchange that now uses a number of its own. */
async function beingNumbered(connection: Queryable, fresh: readonly Traveller[]): Promise<Numbering> {
  const asked = new Set(
    fresh.flatMap(({ entry, message }) =>
      message !== undefined && numberRefs(message).length > 0 ? entry.arrival.exchange : [],
    ),
  );
  const found = new Map<Exchange, ReadonlySet<string>>();
  for (const exchange of asked) found.set(exchange, await kindsBeingNumbered(connection, exchange));
  return found;
}

/**
 * Whether what it refers to may be a moment behind: over a transport that reorders messages, or because we have told
 * the exchange something and have not yet written down the number it gave. Otherwise it never will be known.
 */
function maySoonBeKnown(arrival: Arrival, message: Message, numbering: Numbering, parts: IntakeParts): boolean {
  if (arrival.sentAtMs !== undefined && parts.nowMs() - arrival.sentAtMs < parts.patienceMs) return true;
  return numberRefs(message).some(({ kind }) => numbering.get(arrival.exchange)?.has(kind) === true);
}

/** The first effect is the message that arrived; what follows is the gateway's own word. */
function planOf({ entry }: Traveller, effects: readonly Planned['effect'][], parts: IntakeParts): readonly Planned[] {
  const { bytes, proof } = entry.arrival;
  return effects.map((effect, i) => {
    if (i > 0) return { effect, id: parts.newId(), atMs: parts.nowMs(), sentToUs: false };
    const native = { bytes, digest: entry.digest.toString('hex'), proof };
    return { effect, id: entry.messageId, atMs: parts.nowMs(), sentToUs: true, native };
  });
}
