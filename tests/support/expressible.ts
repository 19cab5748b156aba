import type { Exchange } from '../../src/contract/exchange.ts';
import type { Listing, ListingState, Party, Payment } from '../../src/contract/message.ts';

/**
 * What one exchange's messages can say, by its profile: a message kept within it comes back unchanged from encode and
 * decode. `undefined` in place of an Expressible means all that the contract allows.
 */
export interface Expressible {
  readonly dealTypes: readonly Listing['dealType'][];
  readonly modes: readonly Listing['mode'][];
  readonly objectTypes: readonly Listing['object']['type'][];
  readonly natures: readonly Party['nature'][];
  readonly plans: readonly Payment['plan'][];
  readonly stateWords: readonly ListingState['status'][];
  /** The object type that a listing without any IP right reads as; undefined: there is no such listing. */
  readonly withoutIp: Listing['object']['type'] | undefined;
  readonly maxHolders: number;
  /** What "encumbered" reads as. */
  readonly encumbrance: 'pledge' | 'other';
  readonly eligibility: boolean;
  /** Decimals of an instalment's share. */
  readonly shareDecimals: number;
  readonly textLength: number;
  /** Characters that separate members of a list written as one string: in no name that stands in such a list. */
  readonly separators: string;
}

const DEAL_TYPES = ['development', 'transfer', 'license', 'consulting', 'service', 'equity-contribution'] as const;
const MODES = ['agreement', 'listing', 'auction', 'bidding', 'tender'] as const;
const PLANS = ['lump-sum', 'instalments', 'royalty', 'upfront-and-royalty'] as const;
const NATURES = ['state-owned', 'public-rnd', 'private', 'foreign', 'natural-person'] as const;
const SIMPLE_STATES = ['suspended', 'published', 'withdrawn'] as const;
const OBJECTS = [
  'invention',
  'utility-model',
  'design',
  'patent-application',
  'software',
  'ic-layout',
  'plant-variety',
  'bio-variety',
  'know-how',
] as const;

/** All that the contract allows. */
export const anything: Expressible = {
  dealTypes: DEAL_TYPES,
  modes: MODES,
  objectTypes: [...OBJECTS, 'other'],
  natures: [...NATURES, 'hk-mo-tw', 'other'],
  plans: PLANS,
  stateWords: [...SIMPLE_STATES, 'closed'],
  withoutIp: 'other',
  maxHolders: 3,
  encumbrance: 'pledge',
  eligibility: true,
  shareDecimals: 6,
  textLength: 2000,
  separators: '',
};

/** One row for each exchange, read from its profile. */
export const expressible: Readonly<Record<Exchange, Expressible>> = {
  ctex: {
    dealTypes: DEAL_TYPES,
    modes: MODES,
    objectTypes: [...OBJECTS, 'other'],
    natures: NATURES,
    plans: PLANS,
    stateWords: SIMPLE_STATES,
    withoutIp: 'other',
    maxHolders: 3,
    encumbrance: 'pledge',
    eligibility: true,
    shareDecimals: 2,
    textLength: 2000,
    separators: '',
  },
  stex: {
    dealTypes: DEAL_TYPES,
    modes: MODES,
    objectTypes: OBJECTS,
    natures: [...NATURES, 'hk-mo-tw'],
    plans: PLANS,
    stateWords: SIMPLE_STATES,
    withoutIp: undefined,
    maxHolders: 1,
    encumbrance: 'pledge',
    eligibility: false,
    shareDecimals: 2,
    textLength: 2000,
    separators: ';；',
  },
  szse: {
    dealTypes: ['transfer', 'license', 'service'],
    modes: ['agreement', 'listing', 'bidding'],
    objectTypes: ['invention', 'utility-model', 'software', 'ic-layout', 'know-how'],
    natures: NATURES,
    plans: ['lump-sum', 'royalty', 'upfront-and-royalty'],
    stateWords: SIMPLE_STATES,
    withoutIp: undefined,
    maxHolders: 1,
    encumbrance: 'pledge',
    eligibility: false,
    shareDecimals: 2,
    // 2,000 bytes of UTF-8, four at most for each UTF-16 unit pair, three for each unit.
    textLength: 660,
    separators: ',，',
  },
};

export interface MessageOptions {
  /** The exchange whose messages must be able to say it. */
  readonly for?: Exchange;
  /** Home of a listing or deal, sender of funds; any if absent. */
  readonly home?: Exchange;
  /** Host of an interest, bid, deal or confirmation; any if absent. */
  readonly host?: Exchange;
  /** Corrections to the rows above, where an adapter reads its profile otherwise. */
  readonly can?: Partial<Expressible>;
}

export function limits(options: MessageOptions): Expressible {
  return { ...(options.for === undefined ? anything : expressible[options.for]), ...options.can };
}
