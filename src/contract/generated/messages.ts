/** Generated from schemas/ by `npm run schemas`; do not edit. */

/**
 * Exchange code
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "exchange".
 */
export type Exchange = 'ctex' | 'stex' | 'szse';
/**
 * <exchange>:<native id>; the native id is opaque and never parsed for meaning
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "id".
 */
export type Id = string;
/**
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "nativeId".
 */
export type NativeId = string;
/**
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "version".
 */
export type Version = number;
/**
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "date".
 */
export type Date = string;
/**
 * RFC 3339 with +08:00
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "instant".
 */
export type Instant = string;
/**
 * A part of one, two to six decimals
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "share".
 */
export type Share = string;
/**
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "sha256".
 */
export type Sha256 = string;
/**
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "text".
 */
export type Text = string;
/**
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "name".
 */
export type Name = string;
/**
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "dealType".
 */
export type DealType = 'development' | 'transfer' | 'license' | 'consulting' | 'service' | 'equity-contribution';
/**
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "mode".
 */
export type Mode = 'agreement' | 'listing' | 'auction' | 'bidding' | 'tender';
/**
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "listingStatus".
 */
export type ListingStatus = 'published' | 'suspended' | 'withdrawn' | 'closed';
/**
 * Which listing: its home id and version, or the host's own mirror number before the gateway has resolved it
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "listingRef".
 */
export type ListingRef =
  | {
      id: Id;
      version?: Version;
    }
  | {
      mirror: Id;
      version?: Version;
    };
/**
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Listing-objectType".
 */
export type ListingObjectType =
  | 'invention'
  | 'utility-model'
  | 'design'
  | 'patent-application'
  | 'software'
  | 'ic-layout'
  | 'plant-variety'
  | 'bio-variety'
  | 'know-how'
  | 'other';

export interface Contract {}
/**
 * Yuan as a decimal string with exactly two decimals
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "money".
 */
export interface Money {
  amount: string;
  currency: 'CNY';
}
/**
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "license".
 */
export interface License {
  scope: 'exclusive' | 'sole' | 'ordinary';
}
/**
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "party".
 */
export interface Party {
  name: Name;
  kind: 'legal' | 'natural' | 'unincorporated';
  /**
   * GB 32100-2015
   */
  uscc?: string;
  nature: 'state-owned' | 'public-rnd' | 'private' | 'hk-mo-tw' | 'foreign' | 'natural-person' | 'other';
  /**
   * GB/T 2260
   */
  region?: string;
  /**
   * Three-digit customs code, 142 China
   */
  country: string;
}
/**
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "payment".
 */
export interface Payment {
  plan: 'lump-sum' | 'instalments' | 'royalty' | 'upfront-and-royalty';
  /**
   * @minItems 1
   * @maxItems 60
   */
  instalments?: [
    {
      share: Share;
      /**
       * Days after the contract
       */
      dueDays: number;
    },
    ...{
      share: Share;
      /**
       * Days after the contract
       */
      dueDays: number;
    }[]
  ];
}
/**
 * The terms in force at a host: every dimension with the value that holds and whose rule it is
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "terms".
 */
export interface Terms {
  [k: string]: unknown;
}
/**
 * What has no unified home; carried so that its exchange gets back what it sent
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "extensions".
 */
export interface Extensions {
  ctex?: {
    [k: string]: unknown;
  };
  stex?: {
    [k: string]: unknown;
  };
  szse?: {
    [k: string]: unknown;
  };
}
/**
 * 报价: a one-off price in a bidding, tender or auction. Sent by the host to the home.
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Bid".
 */
export interface Bid {
  kind: 'bid';
  id: Id;
  listing: ListingRef;
  host: Exchange;
  buyer: Party;
  amount: Money;
  placedAt: Instant;
  extensions?: Extensions;
}
/**
 * 成交确认: the host's co-signature over exactly that deal. Sent by the host to the home. `deal` may be the host's own number until the gateway has resolved it.
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "DealConfirmed".
 */
export interface DealConfirmed {
  kind: 'deal-confirmed';
  deal: Id;
  version: Version;
  host: Exchange;
  number?: NativeId;
  homeNumber?: NativeId;
  confirmedAt?: Instant;
  dealSha256?: Sha256;
  extensions?: Extensions;
}
/**
 * 成交: concluded, certified, cancelled. Sent by the home to the host whose buyer it is (host = home: a deal within one exchange).
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Deal".
 */
export interface Deal {
  kind: 'deal';
  id: Id;
  version: Version;
  listing: ListingRef;
  home: Exchange;
  host: Exchange;
  status:
    | 'concluded'
    | 'confirmed'
    | 'funded'
    | 'certified'
    | 'ip-recorded'
    | 'registered'
    | 'settled'
    | 'cancelled'
    | 'reversed';
  dealType: DealType;
  mode: Mode;
  seller: Party;
  buyer: Party;
  price: Money;
  technologyAmount: Money;
  payment: Payment;
  /**
   * @maxItems 20
   */
  fees: {
    payer: 'seller' | 'buyer';
    exchange: Exchange;
    amount: Money;
  }[];
  certificate?: NativeId;
  concludedAt: Instant;
  cancelReason?: Text;
  extensions?: Extensions;
}
/**
 * 资金: a leg of money moved. Sent home to host or host to home.
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Funds".
 */
export interface Funds {
  kind: 'funds';
  id: Id;
  deal?: Id;
  interest?: Id;
  leg: 'deposit-held' | 'deposit-returned' | 'price-paid' | 'fee-paid' | 'refund';
  payer: Name;
  payee: Name;
  amount: Money;
  valueDate: Date;
  bankRef: NativeId;
  extensions?: Extensions;
}
/**
 * 资格确认: the home accepts or declines a buyer. Sent by the home to the host.
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "InterestDecision".
 */
export interface InterestDecision {
  kind: 'interest-decision';
  interest: Id;
  home: Exchange;
  result: 'accepted' | 'declined';
  reason?: Text;
  decidedAt?: Instant;
  extensions?: Extensions;
}
/**
 * 意向登记: a buyer at the host wants it. Sent by the host to the home.
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Interest".
 */
export interface Interest {
  kind: 'interest';
  id: Id;
  listing: ListingRef;
  host: Exchange;
  buyer: Party;
  offer?: Money;
  registeredAt: Instant;
  extensions?: Extensions;
}
/**
 * 镜像回执: the host shows it, under its own number and these terms. Sent by the host to the home.
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "ListingMirrored".
 */
export interface ListingMirrored {
  kind: 'listing-mirrored';
  listing: ListingRef;
  host: Exchange;
  mirror: Id;
  mirroredAt: Instant;
  terms: Terms;
  extensions?: Extensions;
}
/**
 * 项目状态: a listing was suspended, published again, withdrawn or closed. Sent by the home to the hosts.
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "ListingState".
 */
export interface ListingState {
  kind: 'listing-state';
  listing: ListingRef;
  status: ListingStatus;
  reason?: Text;
  at?: Instant;
  extensions?: Extensions;
}
/**
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Listing-ip".
 */
export interface ListingIp {
  type: ListingObjectType;
  /**
   * Patents canonical, ZL202310123456.6
   */
  number?: string;
  title: Name;
  /**
   * @minItems 1
   * @maxItems 1000
   */
  holders: [Name, ...Name[]];
  filedOn?: Date;
  expiresOn?: Date;
  /**
   * @maxItems 50
   */
  encumbrances?: ('pledge' | 'license' | 'seizure' | 'other')[];
}
/**
 * 挂牌项目: an offer of, or a request for, technology, with all its terms. Sent by the home to the hosts.
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Listing".
 */
export interface Listing {
  kind: 'listing';
  id: Id;
  version: Version;
  home: Exchange;
  nativeId: NativeId;
  direction: 'supply' | 'demand';
  status: ListingStatus;
  title: Name;
  summary?: Text;
  dealType: DealType;
  license?: License;
  object: {
    type: ListingObjectType;
    /**
     * 技术领域 01…11
     */
    field: string;
    /**
     * GB/T 4754-2017
     */
    industry?: string;
    /**
     * @maxItems 50
     */
    ipc?: string[];
    /**
     * Technology readiness level
     */
    maturity?: number;
    /**
     * @maxItems 200
     */
    ip: ListingIp[];
  };
  seller: Party;
  regime: 'soe-asset' | 'soe-equity' | 'soe-capital' | 'public-rnd' | 'private';
  mode: Mode;
  price: {
    kind: 'fixed' | 'reserve' | 'negotiable';
    amount?: Money;
  };
  deposit?: {
    amount: Money;
    rate?: Share;
  };
  disclosure: {
    startsOn: Date;
    endsOn: Date;
    days?: number;
    dayKind?: 'working' | 'calendar';
    notice?: {
      kind: 'public-rnd-notice';
      startsOn?: Date;
      endsOn: Date;
      objections: boolean;
    };
  };
  payment: Payment;
  /**
   * Which buyers the seller admits; absent: the exchanges' own rules alone
   */
  eligibility?: {
    foreign?: boolean;
    naturalPerson?: boolean;
  };
  /**
   * @maxItems 100
   */
  documents?: {
    type: 'title-proof' | 'valuation' | 'decision' | 'commitment' | 'draft-contract' | 'notice-proof';
    title: Name;
    sha256: Sha256;
  }[];
  export: 'none' | 'restricted' | 'prohibited';
  publishedAt: Instant;
  extensions?: Extensions;
}
/**
 * 对账单: one exchange's books for one business day, as sent; controls are checked by clearing.
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Statement".
 */
export interface Statement {
  kind: 'statement';
  exchange: Exchange;
  date: Date;
  batch: number;
  openingCount: number;
  count: number;
  totalPrice: Money;
  totalFee: Money;
  digest: Sha256;
  rows: {
    dealNumber: NativeId;
    homeDealNumber?: NativeId;
    role: 'home' | 'host';
    counterExchange: Exchange;
    state: 'signed' | 'certified' | 'cancelled';
    buyerCode: NativeId;
    sellerCode: NativeId;
    price: Money;
    fee: Money;
    businessDate: Date;
    funds: 'none' | 'part' | 'full';
  }[];
}
