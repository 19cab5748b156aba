import type { JsonObject } from '../../src/contract/json.ts';
import { type Loss, loss } from '../../src/contract/loss.ts';
import type { Deal, Listing, Message } from '../../src/contract/message.ts';
import { codes } from './codes.ts';

export interface Sayable {
  readonly value: JsonObject;
  readonly losses: readonly Loss[];
}

const MOMENTS = ['publishedAt', 'registeredAt', 'placedAt', 'concludedAt', 'confirmedAt'] as const;

/**
 * The message as far as CTEX's fields reach, and what is lost on the way: parts of a second, encumbrances other than
 * a pledge, empty lists (CTEX cannot tell them from none), a status between its three.
 */
export function sayable(message: Message): Sayable {
  const lost: string[] = [];
  let value = message as unknown as JsonObject;
  for (const moment of MOMENTS) {
    const at = value[moment];
    if (typeof at === 'string' && at.length > 'yyyy-mm-ddThh:mm:ss+08:00'.length) {
      value = { ...value, [moment]: `${at.slice(0, 19)}+08:00` };
      lost.push(`/${moment}`);
    }
  }
  if (message.kind === 'listing') value = ofListing(message, value, lost);
  if (message.kind === 'deal' && isBetween(message.status)) lost.push('/status');
  return { value, losses: lost.map(loss) };
}

function ofListing(listing: Listing, value: JsonObject, lost: string[]): JsonObject {
  const { documents, eligibility, ...rest } = value;
  const kept: { [key: string]: JsonObject[string] } = rest;
  if (listing.documents?.length === 0) lost.push('/documents');
  else if (documents !== undefined) kept.documents = documents;
  if (eligibility !== undefined && Object.keys(eligibility as JsonObject).length === 0) lost.push('/eligibility');
  else if (eligibility !== undefined) kept.eligibility = eligibility;
  for (const [i, { encumbrances }] of listing.object.ip.entries()) {
    const others = encumbrances?.some((encumbrance) => encumbrance !== 'pledge');
    if (others === true || (encumbrances?.length ?? 0) > 1) lost.push(`/object/ip/${i}/encumbrances`);
  }
  return kept;
}

/** What the tables read beside the message: without any IP right the project itself says that it is know-how. */
export function besideMessage(message: Message): JsonObject {
  const isKnowHow = message.kind === 'listing' && message.object.type === 'know-how' && message.object.ip.length === 0;
  return isKnowHow ? { extensions: { ctex: { ipType: 'MM' } } } : {};
}

/** True where the state that says it best reads back as another status. */
function isBetween(status: Deal['status']): boolean {
  return status !== 'reversed' && codes.dealState[codes.dealStateOf[status] ?? ''] !== status;
}
