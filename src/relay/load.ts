import type { Message } from '../contract/message.ts';
import type { Queryable } from '../journal/database.ts';
import { idsOf } from '../journal/numbers.ts';
import { lockNames } from '../journal/rows.ts';
import { emptyStanding, type Standing, type Wanted } from '../journal/standing.ts';
import { loadAwards, loadCited, loadKnown, loadListings, loadRelated, loadSales } from '../journal/standing-load.ts';
import { numberRefs, resolve, want } from './resolve.ts';
import { rightsOf } from './step.ts';

/** Resolves numbers, then reads everything that the messages touch, with its locks, in a fixed order. */
export async function load(
  connection: Queryable,
  received: readonly Message[],
): Promise<{ readonly messages: readonly Message[]; readonly standing: Standing }> {
  const standing = emptyStanding();
  if (received.length === 0) return { messages: [], standing };
  const idOf = await idsOf(connection, received.flatMap(numberRefs));
  const wanted: Wanted = {
    listings: new Set(),
    content: new Set(),
    interests: new Set(),
    deals: new Set(),
    known: new Set(),
  };
  const messages = received.map((message) => resolve(message, idOf));
  for (const message of messages) want(message, wanted);
  // Which listing an interest or deal belongs to never changes, so this may be read before the locks.
  await loadRelated(connection, wanted, standing);
  await lockNames(connection, wanted.listings);
  standing.interests.clear();
  standing.deals.clear();
  await loadRelated(connection, wanted, standing);
  await loadListings(connection, wanted, standing);
  // A listing is judged by the rules of its own day; what follows from it by those that it was shown under.
  if (messages.some(({ kind }) => kind !== 'listing')) await loadCited(connection, wanted.listings, standing);
  await loadKnown(connection, [...wanted.known], standing);
  await loadAwards(connection, takenAssets(messages, standing), standing);
  await loadSales(connection, listedRights(messages), standing);
  return { messages, standing };
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
