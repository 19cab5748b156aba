import type { Exchange } from '../contract/exchange.ts';
import type { Deal, Listing, ListingState } from '../contract/message.ts';

/** A listing as it stands. */
export interface ListingStanding {
  readonly id: string;
  readonly home: Exchange;
  version: number;
  status: ListingState['status'];
  title: string;
  mode: Listing['mode'];
  /** The message with the content in force. */
  message: string;
  stateAt: string | null;
  /** Where it is shown, or on its way to be. */
  hosts: readonly Exchange[];
  assets: readonly string[];
  /** Its content, where it was asked for. */
  content?: Listing;
}

export interface InterestStanding {
  readonly id: string;
  readonly listing: string;
  readonly host: Exchange;
  readonly buyerKey: string;
  status: 'registered' | 'accepted' | 'declined';
  message: string;
}

export interface DealStanding {
  readonly id: string;
  version: number;
  readonly listing: string;
  readonly home: Exchange;
  readonly host: Exchange;
  status: Deal['status'];
  priceFen: bigint;
  dueFen: bigint;
  paidFen: bigint;
  /** SHA-256 (hex) of the payload of the version in force. */
  digest: string;
  message: string;
  confirmation: string | null;
  /** The exact payload of the version in force under both exchanges' signatures; `now`: made with this batch. */
  cosigned: { readonly bytes: Uint8Array; readonly at: Date } | 'now' | null;
}

/** What the messages of one batch touch, as a working copy: read once, changed in memory, written once. */
export interface Standing {
  readonly listings: Map<string, ListingStanding>;
  /** Listings that were there before this batch. */
  readonly existing: Set<string>;
  readonly interests: Map<string, InterestStanding>;
  readonly deals: Map<string, DealStanding>;
  /** Asset → the deal that has it. */
  readonly awards: Map<string, string>;
  /** Asset → date of its last sale. */
  readonly sales: Map<string, string>;
  /** Digest of each version given, `<id>\n<version>`: listings and deals. */
  readonly versions: Map<string, string>;
  /** Accepted interests of a listing, by `<listing>\n<host>\n<buyer key>`. */
  readonly admitted: Set<string>;
  /** Ids of bids and funds already known. */
  readonly known: Set<string>;
  /** Under which rulebooks a listing is shown at a host, by `<listing>\n<host>`: what follows from it rests on the same. */
  readonly cited: Map<string, Cited>;
  readonly changed: {
    readonly listings: Set<string>;
    readonly interests: Set<string>;
    readonly deals: Set<string>;
    readonly awardsTaken: Map<string, string>;
    readonly awardsGiven: Set<string>;
    readonly sales: Set<string>;
    readonly versions: { id: string; version: number; digest: string; deal: boolean }[];
    readonly bids: { id: string; listing: string; host: string; amountFen: bigint; message: string }[];
    readonly funds: {
      id: string;
      deal: string | null;
      interest: string | null;
      leg: string;
      amountFen: bigint;
      message: string;
    }[];
  };
}

/** Rulebooks by their SHA-256 (hex). */
export interface Cited {
  readonly home: string;
  readonly host: string;
}

/** Ids to load. `content`: listings whose full content is needed. */
export interface Wanted {
  readonly listings: Set<string>;
  readonly content: Set<string>;
  readonly interests: Set<string>;
  readonly deals: Set<string>;
  readonly known: Set<string>;
}

export function emptyStanding(): Standing {
  return {
    listings: new Map(),
    existing: new Set(),
    interests: new Map(),
    deals: new Map(),
    awards: new Map(),
    sales: new Map(),
    versions: new Map(),
    admitted: new Set(),
    known: new Set(),
    cited: new Map(),
    changed: {
      listings: new Set(),
      interests: new Set(),
      deals: new Set(),
      awardsTaken: new Map(),
      awardsGiven: new Set(),
      sales: new Set(),
      versions: [],
      bids: [],
      funds: [],
    },
  };
}

export function admittedKey(listing: string, host: string, buyerKey: string): string {
  return `${listing}\n${host}\n${buyerKey}`;
}

export function citedKey(listing: string, host: string): string {
  return `${listing}\n${host}`;
}

export function versionKey(id: string, version: number): string {
  return `${id}\n${version}`;
}
