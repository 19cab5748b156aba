import type { Exchange } from '../contract/exchange.ts';
import type { Listing, ListingState } from '../contract/message.ts';
import type { ListingStanding } from '../journal/standing.ts';
import { type Effect, type HostDecision, listingStream, type StepContext } from './step.ts';

/**
 * A new content can open a mirror that was suspended, or (where it was held for a while) leave it suspended: what each
 * exchange makes of that differs, so it is told the state that holds.
 */
export function restate(
  after: ListingStanding,
  before: ListingStanding | undefined,
  context: StepContext,
): readonly Effect[] {
  if (before === undefined) return [];
  const isSuspended = after.status === 'suspended';
  return after.hosts
    .filter((host) => isSuspended || !before.hosts.includes(host))
    .map((host) =>
      stateOfOurs(after, host, after.status, isSuspended ? '原交易所已中止 / suspended at home' : '', context),
    );
}

/**
 * A new version may not be shown where the old one was: the gateway suspends the old one there. It never ends it, for
 * a later version may be admitted again and an exchange does not take up an ended mirror.
 */
export function takeDown(
  listing: Listing,
  gone: readonly Exchange[],
  decisions: readonly HostDecision[],
  context: StepContext,
): readonly Effect[] {
  return gone.map((host) => {
    const decision = decisions.find((one) => one.host === host)?.decision;
    const reason = decision?.issues.map(({ code }) => code).join(', ') ?? '';
    return stateOfOurs(listing, host, 'suspended', reason, context);
  });
}

/** What the gateway itself says of a listing to one host. */
export function stateOfOurs(
  { id, version }: Pick<Listing, 'id' | 'version'>,
  host: Exchange,
  status: ListingState['status'],
  reason: string,
  context: Pick<StepContext, 'rules' | 'atMs'>,
): Effect {
  return {
    message: {
      kind: 'listing-state',
      listing: { id, version },
      status,
      reason,
      at: context.rules.instant(context.atMs),
    },
    issuer: 'qiao',
    audience: [host],
    listing: id,
    stream: listingStream(id),
    to: [host],
    decisions: [],
  };
}
