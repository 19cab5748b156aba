import type { Exchange } from '../contract/exchange.ts';
import { exchangeOf } from '../contract/exchange.ts';
import type { Listing, ListingState } from '../contract/message.ts';
import { refuse } from '../contract/refusal.ts';
import { type ListingStanding, versionKey } from '../journal/standing.ts';
import type { Decision } from '../rules/decide.ts';
import { restate, takeDown } from './own-word.ts';
import type { RuleDesk } from './rule-desk.ts';
import {
  assetsOf,
  type Effect,
  early,
  type HostDecision,
  listingStream,
  rightsOf,
  type StepContext,
  type Stepped,
  turned,
} from './step.ts';

/** A listing, new or changed: decided for every other exchange, delivered where the rules allow. */
export function stepListing(listing: Listing, context: StepContext): Stepped {
  const { standing, sender, digest, messageId } = context;
  if (listing.home !== sender) return turned(refuse('not-yours', '/home', listing.home));
  const before = standing.listings.get(listing.id);
  const given = standing.versions.get(versionKey(listing.id, listing.version));
  if (given !== undefined && given !== digest) {
    return turned(refuse('version-conflict', '/version', `${listing.id} v${listing.version}`));
  }
  if (before?.status === 'closed' || before?.status === 'withdrawn') {
    return turned(refuse('state-forbids', '/status', before.status));
  }
  const shownVersion = contentVersion(listing.id, context);
  standing.versions.set(versionKey(listing.id, listing.version), digest);
  standing.changed.versions.push({ id: listing.id, version: listing.version, digest, deal: false });
  const own = effectOf(listing, context, [], []);
  // A version that comes after a later one is kept, and changes nothing.
  if (before !== undefined && listing.version <= shownVersion) return { ok: true, effects: [own] };

  const decisions = decideAll(listing, context);
  const shown = decisions.filter(({ decision }) => isRelayed(decision.verdict)).map(({ host }) => host);
  const after: ListingStanding = {
    id: listing.id,
    home: listing.home,
    // A state may have come before the change that it followed.
    version: Math.max(before?.version ?? 0, listing.version),
    // A change while suspended does not take the suspension away.
    status: before?.status ?? listing.status,
    title: listing.title,
    mode: listing.mode,
    message: messageId,
    stateAt: before?.stateAt ?? null,
    hosts: shown,
    assets: assetsOf(listing),
    content: listing,
  };
  standing.listings.set(listing.id, after);
  standing.changed.listings.add(listing.id);
  const gone = (before?.hosts ?? []).filter((host) => !shown.includes(host));
  return {
    ok: true,
    effects: [
      effectOf(listing, context, shown, decisions),
      ...takeDown(listing, gone, decisions, context),
      ...restate(after, before, context),
    ],
  };
}

/** A listing suspended, published again, withdrawn or closed: told to every exchange that shows it. */
export function stepListingState(state: ListingState, context: StepContext): Stepped {
  const { standing, sender, atMs } = context;
  const id = 'id' in state.listing ? state.listing.id : state.listing.mirror;
  if (exchangeOf(id) !== sender) return turned(refuse('not-yours', '/listing/id', id));
  const before = standing.listings.get(id);
  if (before === undefined) return early('/listing/id', id);
  const version = state.listing.version ?? before.version;
  const at = state.at ?? context.rules.instant(context.sentAtMs ?? atMs);
  const effect: Effect = {
    // A suspension that was overtaken by a change of the content holds for the content shown now.
    message: { ...state, listing: { id, version: Math.max(before.version, version) } },
    issuer: sender,
    audience: context.exchanges.filter((exchange) => exchange !== sender),
    listing: id,
    stream: listingStream(id),
    to: before.hosts,
    decisions: [],
  };
  const isDated = state.at !== undefined || context.sentAtMs !== undefined;
  if (isLate(before, version, isDated ? at : undefined)) {
    return { ok: true, effects: [{ ...effect, message: { ...state, listing: { id, version } }, to: [] }] };
  }
  if (before.status === 'closed' || (before.status === 'withdrawn' && state.status !== 'withdrawn')) {
    return turned(refuse('state-forbids', '/status', `${before.status} → ${state.status}`));
  }
  before.version = Math.max(before.version, version);
  before.status = state.status;
  before.stateAt = at;
  if (state.status === 'withdrawn' || state.status === 'closed') before.hosts = [];
  standing.changed.listings.add(id);
  return { ok: true, effects: [effect] };
}

/** The highest version of the content known so far; 0: none. States have versions, too, and may be ahead of it. */
function contentVersion(id: string, { standing }: StepContext): number {
  let highest = 0;
  const prefix = `${id}\n`;
  for (const name of standing.versions.keys()) {
    if (name.startsWith(prefix)) highest = Math.max(highest, Number(name.slice(prefix.length)));
  }
  return highest;
}

/**
 * Of two states the later one holds by the home's own clock, within one second by version, whichever arrives first.
 * Without a clock nothing reorders, and only the version can tell.
 */
function isLate(before: ListingStanding, version: number, at: string | undefined): boolean {
  if (at === undefined) return version < before.version;
  if (before.stateAt === null) return false;
  const ahead = Date.parse(at) - Date.parse(before.stateAt);
  return ahead < 0 || (ahead === 0 && version < before.version);
}

export function decideAll(
  listing: Listing,
  context: Pick<StepContext, 'rules' | 'exchanges' | 'atMs' | 'standing'>,
): readonly HostDecision[] {
  // The rights, not the listing: the same listing is not resold by being listed.
  const sales = rightsOf(listing).flatMap((asset) => context.standing.sales.get(asset) ?? []);
  const lastSoldOn = sales.sort().at(-1);
  return context.exchanges
    .filter((host) => host !== listing.home)
    .map((host) => ({ host, decision: context.rules.decide(listing, host, context.atMs, lastSoldOn) }));
}

/** When to look again at what is not shown: the decision's own date, or when one of the two rulebooks changes. */
export function recheckOn(
  decision: Decision,
  between: readonly Exchange[],
  rules: Pick<RuleDesk, 'nextChangeOn'>,
  atMs: number,
): string | null {
  if (isRelayed(decision.verdict)) return null;
  const dates = [decision.recheckOn, rules.nextChangeOn(between, atMs)].filter((date) => date !== undefined);
  return dates.sort()[0] ?? null;
}

export function isRelayed(verdict: string): boolean {
  return verdict === 'relay' || verdict === 'relay-with-terms';
}

function effectOf(
  listing: Listing,
  context: StepContext,
  to: readonly Exchange[],
  decisions: readonly HostDecision[],
): Effect {
  return {
    message: listing,
    issuer: context.sender,
    // Addressed to all others from the start: a host that may not show it today may when its rules change.
    audience: context.exchanges.filter((exchange) => exchange !== context.sender),
    listing: listing.id,
    stream: listingStream(listing.id),
    to,
    decisions,
  };
}
