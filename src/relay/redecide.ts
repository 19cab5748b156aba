import { dateAt } from '../contract/dates.ts';
import type { Exchange } from '../contract/exchange.ts';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import { numbersOf } from '../journal/numbers.ts';
import { type DecisionRow, keepDecisions, queueDeliveries } from '../journal/record.ts';
import { lockNames } from '../journal/rows.ts';
import { emptyStanding, type Standing } from '../journal/standing.ts';
import { loadListings, loadSales } from '../journal/standing-load.ts';
import { saveStanding } from '../journal/standing-save.ts';
import {
  postponeRecheck,
  recheckSuspended,
  stillCurrent,
  type WaitingListing,
  waitingListings,
} from '../journal/waiting.ts';
import type { Decision } from '../rules/decide.ts';
import { type CommitParts, commit, type Planned } from './commit.ts';
import { stateOfOurs } from './own-word.ts';
import { decideAll, isRelayed, recheckOn } from './step-listing.ts';

export interface RedecideParts extends CommitParts {
  readonly database: Database;
  readonly exchanges: readonly Exchange[];
  newId(): string;
  wake(exchanges: ReadonlySet<Exchange>): void;
  readonly batch: number;
}

/**
 * Decides again what was held or refused: listings whose recheck date has come, or (`all`) every one, because a
 * rulebook has changed. What may go now goes out as the same message, under the new decision. Gives how many went.
 */
export async function redecide(parts: RedecideParts, all: boolean): Promise<number> {
  const due = all ? undefined : dateAt(parts.nowMs());
  if (all) await recheckSuspended(parts.database, dateAt(parts.nowMs()));
  let after = 0n;
  let relayed = 0;
  for (;;) {
    const waiting = await waitingListings(parts.database, after, parts.batch, due);
    if (waiting.length === 0) return relayed;
    after = waiting.at(-1)!.no;
    const woken = new Set<Exchange>();
    await transaction(parts.database, async (connection) => {
      const ids = new Set(waiting.map(({ listing }) => listing));
      await lockNames(connection, ids);
      const standing = emptyStanding();
      const none = new Set<string>();
      await loadListings(
        connection,
        { listings: ids, content: ids, interests: none, deals: none, known: none },
        standing,
      );
      await loadSales(
        connection,
        [...standing.listings.values()].flatMap(({ assets }) => assets),
        standing,
      );
      // Another process, or the last sweep, may have decided between the look and the lock.
      const current = await stillCurrent(
        connection,
        waiting.map(({ no }) => no),
      );
      const again = decideAgain(
        waiting.filter(({ no }) => current.has(no)),
        standing,
        parts,
      );
      const at = new Date(parts.nowMs());
      const changed = again.filter(({ same }) => !same);
      await keepDecisions(
        connection,
        changed.map(({ row }) => row),
        at,
        standing.existing,
      );
      const same = again.filter((one) => one.same);
      await postponeRecheck(
        connection,
        same.map(({ no }) => no),
        same.map(({ row }) => row.recheckOn),
      );
      const going = changed.filter(({ row }) => isRelayed(row.verdict));
      await saveStanding(connection, standing, at);
      await queueDeliveries(
        connection,
        going.map(({ row, host }) => ({ message: row.message, exchange: host, lane: row.listing, kind: 'listing' })),
        at,
      );
      await commit(connection, await restated(connection, going, parts), emptyStanding(), parts);
      for (const { host } of going) woken.add(host);
      relayed += going.length;
    });
    if (woken.size > 0) parts.wake(woken);
  }
}

/** Where an earlier version is still shown as suspended, the gateway says that the listing is published again. */
async function restated(
  connection: Queryable,
  going: readonly Again[],
  parts: RedecideParts,
): Promise<readonly Planned[]> {
  const numberOf = await numbersOf(
    connection,
    going.map(({ row, host }) => ({ exchange: host, kind: 'listing', id: row.listing })),
  );
  const atMs = parts.nowMs();
  return going
    .filter(({ row, host }) => numberOf(host, 'listing', row.listing) !== undefined)
    .map(({ row, host }) => ({
      effect: stateOfOurs({ id: row.listing, version: row.version }, host, 'published', '', {
        rules: parts.rules(),
        atMs,
      }),
      id: parts.newId(),
      atMs,
      sentToUs: false,
    }));
}

interface Again {
  readonly no: bigint;
  readonly host: Exchange;
  readonly row: DecisionRow;
  /** It came out as before: only the day of the next look moves. */
  readonly same: boolean;
}

function decideAgain(waiting: readonly WaitingListing[], standing: Standing, parts: RedecideParts): readonly Again[] {
  const atMs = parts.nowMs();
  return waiting.flatMap(({ no, listing: id, host, message, body }): readonly Again[] => {
    const listing = standing.listings.get(id);
    // It may have changed between the look and the lock.
    if (listing?.content === undefined || listing.message !== message || listing.status !== 'published') return [];
    const [decided] = decideAll(listing.content, {
      rules: parts.rules(),
      exchanges: [listing.home, host],
      atMs,
      standing,
    });
    const { decision } = decided!;
    if (isRelayed(decision.verdict)) {
      listing.hosts = [...new Set([...listing.hosts, host])];
      standing.changed.listings.add(id);
    }
    const row = {
      listing: id,
      version: listing.content.version,
      host,
      verdict: decision.verdict,
      message,
      body: JSON.stringify(decision),
      recheckOn: recheckOn(decision, [listing.home, host], parts.rules(), atMs),
    };
    const before = body as Decision;
    const same =
      before.verdict === decision.verdict && JSON.stringify(before.issues) === JSON.stringify(decision.issues);
    return [{ no, host, row, same }];
  });
}
