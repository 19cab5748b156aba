import { canonicalIpNumber } from './check-digits.ts';
import { type Exchange, exchangeOf, idOf } from './exchange.ts';
import type { Deal, Listing, ListingRef, Message, Party, Payment } from './message.ts';
import { fenOf } from './money.ts';
import { type Refusal, refuse } from './refusal.ts';

/** What a schema cannot say: everything in a schema-valid message that contradicts itself. */
export function contradictions(message: Message): readonly Refusal[] {
  switch (message.kind) {
    case 'listing':
      return ofListing(message);
    case 'deal':
      return ofDeal(message);
    case 'interest':
    case 'bid':
      return [
        ...ofOwner(message.id, message.host),
        ...ofMirror(message.listing, message.host),
        ...ofParty(message.buyer, '/buyer'),
      ];
    case 'listing-mirrored':
      return ofOwner(message.mirror, message.host);
    case 'funds':
      return (message.deal === undefined) === (message.interest === undefined)
        ? [refuse('inconsistent', '', 'deal / interest')]
        : [];
    default:
      return [];
  }
}

function ofListing(listing: Listing): readonly Refusal[] {
  const found: Refusal[] = [];
  if (listing.id !== idOf(listing.home, listing.nativeId)) found.push(refuse('inconsistent', '/id', 'home, nativeId'));
  if ((listing.dealType === 'license') !== (listing.license !== undefined)) {
    found.push(refuse(listing.license === undefined ? 'missing-field' : 'inconsistent', '/license'));
  }
  if ((listing.price.kind === 'negotiable') !== (listing.price.amount === undefined)) {
    found.push(refuse(listing.price.amount === undefined ? 'missing-field' : 'inconsistent', '/price/amount'));
  }
  if (listing.disclosure.startsOn > listing.disclosure.endsOn) found.push(refuse('inconsistent', '/disclosure/endsOn'));
  const notice = listing.disclosure.notice;
  if (notice?.startsOn !== undefined && notice.startsOn > notice.endsOn) {
    found.push(refuse('inconsistent', '/disclosure/notice/endsOn'));
  }
  for (const [i, ip] of listing.object.ip.entries()) {
    const pointer = `/object/ip/${i}`;
    if (ip.number !== undefined && canonicalIpNumber(ip.type, ip.number) !== ip.number) {
      found.push(refuse('bad-check-digit', `${pointer}/number`, ip.number));
    }
    if (ip.filedOn !== undefined && ip.expiresOn !== undefined && ip.filedOn > ip.expiresOn) {
      found.push(refuse('inconsistent', `${pointer}/expiresOn`));
    }
  }
  const first = listing.object.ip[0];
  if (first !== undefined && first.type !== listing.object.type) {
    found.push(refuse('inconsistent', '/object/type', 'object.ip[0].type'));
  }
  return [...found, ...ofParty(listing.seller, '/seller'), ...ofPayment(listing.payment)];
}

const BEFORE_CERTIFICATE: readonly Deal['status'][] = ['concluded', 'confirmed', 'funded', 'cancelled'];

function ofDeal(deal: Deal): readonly Refusal[] {
  const found: Refusal[] = [...ofOwner(deal.id, deal.home, '/home')];
  if (fenOf(deal.technologyAmount) > fenOf(deal.price))
    found.push(refuse('inconsistent', '/technologyAmount', '> price'));
  if ('id' in deal.listing) found.push(...ofOwner(deal.listing.id, deal.home, '/listing/id'));
  found.push(...ofMirror(deal.listing, deal.host));
  // 鉴证之前撤销为 cancelled，之后为 reversed: the exchanges have one word for both, the certificate tells them apart.
  const certified = deal.certificate !== undefined;
  if (certified && BEFORE_CERTIFICATE.includes(deal.status))
    found.push(refuse('inconsistent', '/certificate', deal.status));
  if (!certified && !BEFORE_CERTIFICATE.includes(deal.status)) {
    found.push(refuse('missing-field', '/certificate', deal.status));
  }
  return [...found, ...ofParty(deal.seller, '/seller'), ...ofParty(deal.buyer, '/buyer'), ...ofPayment(deal.payment)];
}

function ofOwner(id: string, owner: string, pointer = '/host'): readonly Refusal[] {
  return exchangeOf(id) === owner ? [] : [refuse('inconsistent', pointer, id)];
}

/** A mirror number is the host's. */
function ofMirror(listing: ListingRef, host: Exchange): readonly Refusal[] {
  return 'mirror' in listing ? ofOwner(listing.mirror, host, '/listing/mirror') : [];
}

function ofParty(party: Party, pointer: string): readonly Refusal[] {
  const natural = party.nature === 'natural-person';
  if (natural !== (party.kind === 'natural')) return [refuse('inconsistent', `${pointer}/kind`, party.nature)];
  return natural && party.uscc !== undefined ? [refuse('inconsistent', `${pointer}/uscc`, party.nature)] : [];
}

function ofPayment(payment: Payment): readonly Refusal[] {
  if (payment.plan !== 'instalments') {
    return payment.instalments === undefined ? [] : [refuse('inconsistent', '/payment/instalments', payment.plan)];
  }
  if (payment.instalments === undefined) return [refuse('missing-field', '/payment/instalments')];
  let millionths = 0;
  for (const { share } of payment.instalments) millionths += Number(share.replace('.', '').padEnd(7, '0'));
  return millionths === 1_000_000 ? [] : [refuse('bad-instalments', '/payment/instalments')];
}
