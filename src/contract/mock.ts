import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { NativeSigner, NativeVerifier } from './adapter.ts';
import type { Exchange } from './exchange.ts';
import type { Deal, Funds, Listing, Party } from './message.ts';

/**
 * A mock exchange: state, books, signatures, errors and sequence of its profile, written from the profile and never
 * from the adapter's decode or encode. Its front desk does what the exchange's people would do, in neutral words;
 * the mock writes its own native messages from them.
 */
export interface MockExchange {
  readonly exchange: Exchange;
  start(ports: MockPorts): Promise<MockAddress>;
  stop(): Promise<void>;
  readonly desk: FrontDesk;
  readonly book: MockBook;
  /** Its own books at this moment, whatever its cut-off: for each business day from `since` on the pages of a day-end statement. */
  booksSince(since: string): readonly (readonly Uint8Array[])[];
  /**
   * Makes the next `count` requests of that operation ('*': any) go wrong in that way; with `isAbout` only those whose
   * bytes it says are meant.
   */
  fail(operation: string, fault: MockFault, count: number, isAbout?: (request: Uint8Array) => boolean): void;
}

export interface MockPorts {
  /** The exchange's own key, and the gateway's public one. */
  readonly signer: NativeSigner;
  readonly verifier: NativeVerifier;
  /** The gateway's name at this exchange. */
  readonly member: string;
  /** 0: any free port. Always on 127.0.0.1. */
  readonly port: number;
  readonly filePort?: number;
  /** The exchange's own side of mutual TLS; absent: it speaks plain HTTP and TCP. */
  readonly tls?: MockTls;
  /** Absent: the network of this machine. */
  readonly network?: MockNetwork;
  /** Where it pushes to (ctex): the gateway's base address; may be set later with `desk.aim`. */
  readonly gatewayUrl?: string;
  nowMs(): number;
  /** 32 hexadecimal characters, fresh. */
  nonce(): string;
}

/** A network that is not this machine's: connections are streams, handed to the server as `connection` events. */
export interface MockNetwork {
  /** Gives the port it is reached at. */
  listen(server: EventEmitter): number;
  dial(host: string, port: number): Duplex;
}

/** What the exchange needs to prove itself and to judge the gateway's certificate by; PEM. */
export interface MockTls {
  readonly key: string;
  /** Its own certificate and that of its issuer. */
  readonly chain: string;
  readonly root: string;
  /** The TLS intermediate under that root. */
  readonly issuer: string;
  /** Whose certificate is let in: the gateway's participant code. */
  readonly peer: string;
  /** Serial numbers revoked by now, upper-case hexadecimal without leading zeros. */
  revoked(): ReadonlySet<string>;
}

export interface MockAddress {
  readonly url?: string;
  readonly address?: string;
}

/** busy: 9001, 80, j 7 · system-error: 9999, 99, no answer but done · lost-answer: done, then the line is cut · dropped: the line is cut and nothing done, as by a host that falls over the message · refuse: rule refusal · bad-signature: the answer is signed wrongly · misposted: day-end books (operation `statement`) in which the last deal was booked 1,000.00 too high, and added up so */
export type MockFault = 'busy' | 'system-error' | 'lost-answer' | 'dropped' | 'refuse' | 'bad-signature' | 'misposted';

/** By how much a deal is booked wrongly. */
export const MISPOSTED_FEN = 100_000n;

/** A party as the desk knows it. */
export type DeskParty = Pick<Party, 'name' | 'uscc' | 'nature' | 'region' | 'country'>;

/** A listing as the desk knows it; amounts in fen, dates plain, instants +08:00. */
export interface DeskListing {
  readonly number: string;
  readonly version: number;
  readonly title: string;
  readonly summary?: string;
  readonly direction?: Listing['direction'];
  readonly dealType: Listing['dealType'];
  readonly licenseScope?: 'exclusive' | 'sole' | 'ordinary';
  readonly mode: Listing['mode'];
  readonly objectType: Listing['object']['type'];
  /** Canonical, as in the contract (`ZL202310123456.6`). */
  readonly ipNumber?: string;
  readonly ipTitle?: string;
  readonly field: string;
  readonly industry?: string;
  readonly maturity?: number;
  readonly seller: DeskParty;
  readonly priceKind: Listing['price']['kind'];
  readonly priceFen?: bigint;
  readonly depositFen?: bigint;
  readonly publishedAt: string;
  readonly startsOn: string;
  readonly endsOn: string;
  readonly notice?: { readonly startsOn: string; readonly endsOn: string; readonly objections: boolean };
  readonly plan: Listing['payment']['plan'];
  /** Whole per cents and days. */
  readonly instalments?: readonly { readonly percent: number; readonly dueDays: number }[];
  readonly exportControl?: Listing['export'];
}

/** A deal as the home's desk knows it. */
export interface DeskDeal {
  readonly number: string;
  readonly version: number;
  readonly listingNumber: string;
  readonly seller: DeskParty;
  readonly buyer: DeskParty;
  readonly buyerExchange?: Exchange;
  readonly dealType: Deal['dealType'];
  readonly mode: Deal['mode'];
  readonly priceFen: bigint;
  readonly technologyFen: bigint;
  readonly sellerFeeFen: bigint;
  readonly buyerFeeFen: bigint;
  readonly plan: Listing['payment']['plan'];
  readonly instalments?: DeskListing['instalments'];
  readonly signedAt: string;
}

export interface DeskFunds {
  readonly number: string;
  /** This exchange's own number of the deal or the interest. */
  readonly deal?: string;
  readonly interest?: string;
  readonly leg: Funds['leg'];
  readonly payer: string;
  readonly payee: string;
  readonly amountFen: bigint;
  readonly valueDate: string;
  readonly bankRef: string;
}

/** What people at the exchange do. Each call returns at once; the message goes out until the gateway has it. */
export interface FrontDesk {
  aim(gatewayUrl: string): void;
  /** Sends a native message made elsewhere (a sample) as it is, under the exchange's own transport and signature. */
  send(native: Uint8Array): void;
  publish(listing: DeskListing): void;
  change(listing: DeskListing): void;
  setState(number: string, version: number, state: 'suspended' | 'resumed' | 'withdrawn', reason: string): void;
  registerInterest(interest: { number: string; mirror: string; buyer: DeskParty; offerFen?: bigint; at: string }): void;
  /** `number`: this exchange's own number for the foreign interest. */
  decideInterest(number: string, accept: boolean, reason: string): void;
  bid(bid: { number: string; mirror: string; buyer: DeskParty; amountFen: bigint; at: string }): void;
  conclude(deal: DeskDeal): void;
  certify(number: string, version: number, certificate: string): void;
  cancel(number: string, version: number, reason: string): void;
  /** Stands by another exchange's deal, by this exchange's own number for it. */
  confirm(number: string): void;
  pay(funds: DeskFunds): void;
  /** True when nothing the desk sent is still waiting for the gateway. */
  idle(): boolean;
}

/** What the exchange holds of others, for whoever checks it afterwards. */
export interface MockBook {
  /** Mirrors, interests, bids, deals and funds that came through the gateway, by this exchange's own number. */
  readonly received: ReadonlyMap<string, BookEntry>;
  /** Requests seen, with their idempotency key: more than one effect for one key must never happen. */
  readonly effects: ReadonlyMap<string, number>;
  /** What the gateway answered to our own messages other than accepted, by our own message key. */
  readonly turnedDown: readonly { readonly key: string; readonly code: string; readonly text: string }[];
}

export interface BookEntry {
  readonly kind: 'listing' | 'interest' | 'interest-decision' | 'bid' | 'deal' | 'deal-confirmed' | 'funds';
  readonly number: string;
  /** The other exchange and its own number of the thing, where it has one. */
  readonly exchange?: string;
  readonly foreignNumber?: string;
  readonly version?: number;
  /** In the exchange's own words, e.g. ctex `PUBLISHED`. */
  readonly state?: string;
  /** The fields as they came, in the exchange's own names. */
  readonly fields: Readonly<Record<string, unknown>>;
}
