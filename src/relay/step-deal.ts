import type { Deal, DealConfirmed, Funds } from '../contract/message.ts';
import { fenOf } from '../contract/money.ts';
import { type Refusal, refuse } from '../contract/refusal.ts';
import { admittedKey, type DealStanding, type ListingStanding, versionKey } from '../journal/standing.ts';
import {
  buyerKeyOf,
  dealStream,
  type Effect,
  early,
  isUndone,
  type StepContext,
  type Stepped,
  turned,
} from './step.ts';

/** A deal of the home: concluded, then (once the host has confirmed and the price is paid) certified; or undone. */
export function stepDeal(deal: Deal, context: StepContext): Stepped {
  const { standing, sender, digest } = context;
  if (deal.home !== sender) return turned(refuse('not-yours', '/home', deal.home));
  const id = 'id' in deal.listing ? deal.listing.id : deal.listing.mirror;
  const listing = standing.listings.get(id);
  if (listing === undefined) return early('/listing', id);
  if (listing.home !== sender) return turned(refuse('not-yours', '/listing', id));
  const given = standing.versions.get(versionKey(deal.id, deal.version));
  if (given !== undefined && given !== digest) {
    return turned(refuse('version-conflict', '/version', `${deal.id} v${deal.version}`));
  }
  const before = standing.deals.get(deal.id);
  const refusals = before === undefined ? firstRefusals(deal, listing, context) : laterRefusals(deal, before, context);
  if (refusals.length > 0) return turned(...refusals);
  if (before === undefined && deal.status !== 'concluded') return early('/status', deal.status);

  standing.versions.set(versionKey(deal.id, deal.version), digest);
  standing.changed.versions.push({ id: deal.id, version: deal.version, digest, deal: true });
  if (before === undefined) take(listing.assets, deal, context);
  else if (isUndone(deal.status)) give(listing.assets, deal.id, context);
  const message: Deal = { ...deal, listing: { id: listing.id, version: listing.version } };
  standing.deals.set(deal.id, {
    id: deal.id,
    version: deal.version,
    listing: listing.id,
    home: deal.home,
    host: deal.host,
    status: deal.status,
    priceFen: fenOf(deal.price),
    dueFen: dueBeforeCertificate(deal),
    paidFen: before?.paidFen ?? 0n,
    // What the host will co-sign: the very bytes of this version's payload.
    digest: context.digestOf(message),
    message: context.messageId,
    confirmation: before?.confirmation ?? null,
    cosigned: null,
  });
  standing.changed.deals.add(deal.id);
  return { ok: true, effects: [effectOf(message, deal, listing.id, context, deal.host === sender ? [] : [deal.host])] };
}

function firstRefusals(deal: Deal, listing: ListingStanding, context: StepContext): readonly Refusal[] {
  const { standing, sender } = context;
  const found: Refusal[] = [];
  if (deal.status !== 'concluded') return found;
  if (listing.status === 'withdrawn') found.push(refuse('state-forbids', '/listing', listing.status));
  if (deal.mode !== listing.mode) found.push(refuse('inconsistent', '/mode', `${listing.mode}`));
  const holder = listing.assets.map((asset) => standing.awards.get(asset)).find((held) => held !== undefined);
  if (holder !== undefined && holder !== deal.id) found.push(refuse('award-taken', '/listing', holder));
  if (deal.host === sender) return found;
  if (!listing.hosts.includes(deal.host)) found.push(refuse('state-forbids', '/host', deal.host));
  else if (!standing.admitted.has(admittedKey(listing.id, deal.host, buyerKeyOf(deal.buyer)))) {
    found.push(refuse('state-forbids', '/buyer', 'interest: accepted'));
  }
  return found;
}

function laterRefusals(deal: Deal, before: DealStanding, context: StepContext): readonly Refusal[] {
  const found: Refusal[] = [];
  if (deal.version <= before.version)
    return [refuse('version-conflict', '/version', `${deal.version} ≤ ${before.version}`)];
  if (deal.host !== before.host) found.push(refuse('inconsistent', '/host', before.host));
  if (isUndone(before.status)) found.push(refuse('state-forbids', '/status', `${before.status} → ${deal.status}`));
  // Terms are not moved under a co-signature: price and listing stay as confirmed.
  if (fenOf(deal.price) !== before.priceFen) found.push(refuse('inconsistent', '/price'));
  if (deal.status === 'certified') {
    if (before.status === 'certified') found.push(refuse('state-forbids', '/status', before.status));
    else if (before.host !== before.home) {
      if (before.confirmation === null || !context.isCosigned(before)) found.push(refuse('not-confirmed', '/status'));
      if (before.paidFen < before.dueFen)
        found.push(refuse('not-funded', '/status', `${before.paidFen} / ${before.dueFen} 分`));
    }
  } else if (!isUndone(deal.status))
    found.push(refuse('state-forbids', '/status', `${before.status} → ${deal.status}`));
  return found;
}

/** What must be paid before a certificate: all of it, or the first instalment, or (royalties) nothing yet. */
function dueBeforeCertificate(deal: Deal): bigint {
  const price = fenOf(deal.price);
  if (deal.payment.plan === 'lump-sum') return price;
  if (deal.payment.plan !== 'instalments') return deal.payment.plan === 'royalty' ? 0n : 1n;
  const first = deal.payment.instalments?.[0]?.share ?? '1.00';
  return (price * BigInt(first.replace('.', '').padEnd(7, '0'))) / 1_000_000n;
}

/** Given and taken again within one batch: the deletion is written first, so both happen. */
function take(assets: readonly string[], deal: Deal, { standing }: StepContext): void {
  for (const asset of assets) {
    standing.awards.set(asset, deal.id);
    standing.changed.awardsTaken.set(asset, deal.id);
    standing.sales.set(asset, deal.concludedAt.slice(0, 10));
    standing.changed.sales.add(asset);
  }
}

function give(assets: readonly string[], deal: string, { standing }: StepContext): void {
  for (const asset of assets) {
    if (standing.awards.get(asset) !== deal) continue;
    standing.awards.delete(asset);
    if (!standing.changed.awardsTaken.delete(asset)) standing.changed.awardsGiven.add(asset);
  }
}

/** The host stands by exactly that deal. */
export function stepDealConfirmed(confirmed: DealConfirmed, context: StepContext): Stepped {
  const { standing, sender } = context;
  const deal = standing.deals.get(confirmed.deal);
  if (deal === undefined) return early('/deal', confirmed.deal);
  if (deal.host !== sender || confirmed.host !== sender) return turned(refuse('not-yours', '/deal', confirmed.deal));
  const found: Refusal[] = [];
  if (confirmed.homeNumber !== undefined && `${deal.home}:${confirmed.homeNumber}` !== deal.id) {
    found.push(refuse('inconsistent', '/homeNumber', deal.id));
  }
  if (confirmed.version !== deal.version) found.push(refuse('version-conflict', '/version', `${deal.version}`));
  // Confirmed once is enough, unless the certificate waits because both signatures are not to be found.
  const isSigned = deal.confirmation !== null && (!isUnderWay(deal.status) || context.isCosigned(deal));
  if (isSigned || isUndone(deal.status)) found.push(refuse('state-forbids', '/deal', deal.status));
  if (found.length > 0) return turned(...found);
  deal.confirmation = context.messageId;
  deal.cosigned = 'now';
  deal.status = statusOf(deal);
  standing.changed.deals.add(deal.id);
  const message: DealConfirmed = { ...confirmed, deal: deal.id, dealSha256: deal.digest };
  const { message: confirms, digest, home, host } = deal;
  const effect = effectOf(message, deal, deal.listing, context, [home]);
  return { ok: true, effects: [{ ...effect, cosigns: { message: confirms, digest, home, host } }] };
}

/** A leg of money: told to the other side of the deal or interest, counted towards what the certificate waits for. */
export function stepFunds(funds: Funds, context: StepContext): Stepped {
  const { standing, sender, messageId } = context;
  if (standing.known.has(funds.id)) return turned(refuse('id-conflict', '/id', funds.id));
  const deal = funds.deal === undefined ? undefined : standing.deals.get(funds.deal);
  const interest = funds.interest === undefined ? undefined : standing.interests.get(funds.interest);
  if (deal === undefined && interest === undefined) {
    return funds.deal === undefined ? early('/interest', funds.interest ?? '') : early('/deal', funds.deal);
  }
  const listing = deal?.listing ?? interest!.listing;
  const home = standing.listings.get(listing)!.home;
  const host = deal?.host ?? interest!.host;
  if (sender !== home && sender !== host) return turned(refuse('not-yours', '/id', funds.id));
  if (deal !== undefined) {
    if (funds.leg === 'price-paid') deal.paidFen += fenOf(funds.amount);
    if (funds.leg === 'refund') deal.paidFen -= fenOf(funds.amount);
    if (deal.paidFen < 0n) {
      deal.paidFen += fenOf(funds.amount);
      return turned(refuse('state-forbids', '/amount', `> ${deal.paidFen} 分`));
    }
    deal.status = statusOf(deal);
    standing.changed.deals.add(deal.id);
  }
  standing.known.add(funds.id);
  standing.changed.funds.push({
    id: funds.id,
    deal: funds.deal ?? null,
    interest: funds.interest ?? null,
    leg: funds.leg,
    amountFen: fenOf(funds.amount),
    message: messageId,
  });
  const other = sender === home ? host : home;
  const effect = effectOf(
    funds,
    { id: funds.deal ?? '', home, host },
    listing,
    context,
    other === sender ? [] : [other],
  );
  return { ok: true, effects: [deal === undefined ? { ...effect, stream: `listing/${listing}` } : effect] };
}

/** Before the certificate. */
function isUnderWay(status: Deal['status']): boolean {
  return status === 'concluded' || status === 'confirmed' || status === 'funded';
}

/** concluded → confirmed → funded; what comes after is the home's word. */
function statusOf(deal: DealStanding): Deal['status'] {
  if (!isUnderWay(deal.status)) return deal.status;
  if (deal.confirmation === null && deal.home !== deal.host) return 'concluded';
  if (deal.paidFen > 0n && deal.paidFen >= deal.dueFen) return 'funded';
  return deal.confirmation === null ? 'concluded' : 'confirmed';
}

function effectOf(
  message: Deal | DealConfirmed | Funds,
  deal: Pick<Deal, 'id' | 'home' | 'host'>,
  listing: string,
  context: StepContext,
  to: Effect['to'],
): Effect {
  const others = [deal.home, deal.host].filter(
    (exchange, i, all) => exchange !== context.sender && all.indexOf(exchange) === i,
  );
  return {
    message,
    issuer: context.sender,
    audience: others.length === 0 ? ['qiao'] : others,
    listing,
    stream: dealStream(deal.id),
    to,
    decisions: [],
  };
}
