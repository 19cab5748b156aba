import { createHash } from 'node:crypto';
import type { Adapter, Answer, Arrival } from '../contract/adapter.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { Message } from '../contract/message.ts';
import { type Refusal, refuse } from '../contract/refusal.ts';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import { type Admission, type Entry, enter, forget, turnDown } from '../journal/inbox.ts';
import { idsOf } from '../journal/numbers.ts';
import { mayBeNumbering } from '../journal/outbox.ts';
import { lockNames } from '../journal/rows.ts';
import { emptyStanding, type Standing, type Wanted } from '../journal/standing.ts';
import { loadAwards, loadKnown, loadListings, loadRelated, loadSales } from '../journal/standing-load.ts';
import { commit, type Planned } from './commit.ts';
import { numberRefs, resolve, want } from './resolve.ts';
import type { RuleDesk } from './rule-desk.ts';
import type { Seals } from './seal.ts';
import { rightsOf, type StepContext, type Stepped } from './step.ts';
import { stepMessage } from './steps.ts';

/** What the road needs from outside; handed in once. */
export interface IntakeParts {
  readonly database: Database;
  readonly adapters: ReadonlyMap<Exchange, Adapter>;
  readonly exchanges: readonly Exchange[];
  readonly seals: Seals;
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
    const standing = await load(connection, fresh);
    const planned: Planned[] = [];
    const early: Traveller[] = [];
    const rules = parts.rules();
    for (const traveller of fresh) {
      const stepped = traveller.message === undefined ? undefined : step(traveller, standing, rules, parts);
      if (stepped === undefined) continue;
      if (stepped.ok === true) {
        traveller.answer = { outcome: 'accepted', messageId: traveller.entry.messageId };
        planned.push(...planOf(traveller, stepped.effects, parts));
      } else if (stepped.ok === 'early' && (await maySoonBeKnown(connection, traveller, parts))) {
        traveller.answer = { outcome: 'busy', retryAfterMs: 500 };
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

/** Reads the bytes; what cannot be read is refused, and still entered so that a repeat gets the same answer. */
function read(arrival: Arrival, parts: IntakeParts): Traveller {
  const digest = createHash('sha256').update(arrival.bytes).digest();
  const decoded = parts.adapters.get(arrival.exchange)!.decode(arrival.bytes);
  const entry = { arrival, digest, messageId: parts.newId() };
  if (!decoded.ok) {
    return {
      entry: { ...entry, refusals: decoded.refusals },
      answer: { outcome: 'refused', refusals: decoded.refusals },
    };
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

/** Resolves numbers, then reads everything that the batch touches, with its locks, in a fixed order. */
async function load(connection: Queryable, fresh: readonly Traveller[]): Promise<Standing> {
  const standing = emptyStanding();
  const messages = fresh.flatMap(({ message }) => (message === undefined ? [] : [message]));
  if (messages.length === 0) return standing;
  const idOf = await idsOf(connection, messages.flatMap(numberRefs));
  const wanted: Wanted = {
    listings: new Set(),
    content: new Set(),
    interests: new Set(),
    deals: new Set(),
    known: new Set(),
  };
  for (const traveller of fresh) {
    if (traveller.message === undefined) continue;
    const resolved = resolve(traveller.message, idOf);
    (traveller as { message: Message }).message = resolved;
    want(resolved, wanted);
  }
  // Which listing an interest or deal belongs to never changes, so this may be read before the locks.
  await loadRelated(connection, wanted, standing);
  await lockNames(connection, wanted.listings);
  standing.interests.clear();
  standing.deals.clear();
  await loadRelated(connection, wanted, standing);
  await loadListings(connection, wanted, standing);
  await loadKnown(connection, [...wanted.known], standing);
  await loadAwards(connection, takenAssets(messages, standing), standing);
  await loadSales(connection, listedRights(messages), standing);
  return standing;
}

/** What deals would take: locked, so that two deals on one right never both find it free. */
function takenAssets(messages: readonly Message[], standing: Standing): readonly string[] {
  return messages.flatMap((message) => {
    if (message.kind !== 'deal') return [];
    const id = 'id' in message.listing ? message.listing.id : message.listing.mirror;
    return standing.listings.get(id)?.assets ?? [];
  });
}

/** A right that is listed again is looked up for its last sale. */
function listedRights(messages: readonly Message[]): readonly string[] {
  return messages.flatMap((message) => (message.kind === 'listing' ? rightsOf(message) : []));
}

function step(traveller: Traveller, standing: Standing, rules: RuleDesk, parts: IntakeParts): Stepped {
  const { entry, message } = traveller;
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
  };
  return stepMessage(message!, context);
}

function digestOfJson(value: object): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/**
 * Whether what it refers to may be a moment behind: over a transport that reorders messages, or because we have told
 * the exchange something and have not yet written down the number it gave. Otherwise it never will be known.
 */
async function maySoonBeKnown(
  connection: Queryable,
  { entry: { arrival }, message }: Traveller,
  parts: IntakeParts,
): Promise<boolean> {
  if (arrival.sentAtMs !== undefined && parts.nowMs() - arrival.sentAtMs < parts.patienceMs) return true;
  const kinds = numberRefs(message!).map(({ kind }) => kind);
  return kinds.length > 0 && (await mayBeNumbering(connection, arrival.exchange, kinds));
}

/** The first effect is the message that arrived; what follows is the gateway's own word. */
function planOf({ entry }: Traveller, effects: readonly Planned['effect'][], parts: IntakeParts): readonly Planned[] {
  return effects.map((effect, i) => ({
    effect,
    id: i === 0 ? entry.messageId : parts.newId(),
    atMs: parts.nowMs(),
    sentToUs: i === 0,
    ...(i === 0
      ? { native: { bytes: entry.arrival.bytes, digest: entry.digest.toString('hex'), proof: entry.arrival.proof } }
      : {}),
  }));
}
