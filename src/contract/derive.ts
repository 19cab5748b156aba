import { daysBetween } from './dates.ts';
import type { JsonObject } from './json.ts';
import type { Derived } from './mapping.ts';
import { get } from './tree.ts';

/** What every exchange's listing implies without saying it. The native form must have set the fields named here. */
export const listingDerived: readonly Derived[] = [
  { unified: 'id', of: (u) => `${u.home}:${u.nativeId}` },
  { unified: 'seller.kind', of: (u) => partyKind(u, 'seller') },
  { unified: 'regime', of: (u) => regimeOf(String(get(u, 'seller.nature')), String(u.dealType)) },
  // Exchanges state two dates; counted between them, the days are calendar days whatever rule they came from.
  { unified: 'disclosure.days', of: disclosedDays },
  { unified: 'disclosure.dayKind', of: (u) => (disclosedDays(u) === undefined ? undefined : 'calendar') },
  {
    unified: 'disclosure.notice.kind',
    of: (u) => (get(u, 'disclosure.notice') === undefined ? undefined : 'public-rnd-notice'),
  },
];

/** The legal regime that travels with the asset (state-owned assets and equity, public R&D, private). */
export function regimeOf(nature: string, dealType: string): string {
  if (nature === 'state-owned') return dealType === 'equity-contribution' ? 'soe-equity' : 'soe-asset';
  return nature === 'public-rnd' ? 'public-rnd' : 'private';
}

export function partyKind(unified: JsonObject, party: string): string | undefined {
  const nature = get(unified, `${party}.nature`);
  return nature === undefined ? undefined : nature === 'natural-person' ? 'natural' : 'legal';
}

function disclosedDays(unified: JsonObject): number | undefined {
  const [from, to] = [get(unified, 'disclosure.startsOn'), get(unified, 'disclosure.endsOn')];
  const days = typeof from === 'string' && typeof to === 'string' ? daysBetween(from, to) : undefined;
  // An end before the start is no number of days; that it contradicts itself is said of the dates (semantics.ts).
  return days === undefined || days < 0 ? undefined : days;
}
