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
/**
 * One rule: on what it bears, when it applies, what it says, whence it comes
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-clause".
 */
export type RulebookClause =
  | RulebookDisclosureClause
  | RulebookNoticeClause
  | RulebookCalendarClause
  | RulebookStartDayClause
  | RulebookExtensionClause
  | RulebookChangeOfTermsClause
  | RulebookRegimesClause
  | RulebookModesClause
  | RulebookObjectTypesClause
  | RulebookDealTypesClause
  | RulebookDepositCapClause
  | RulebookDepositReturnClause
  | RulebookPaymentDaysClause
  | RulebookInstalmentsClause
  | RulebookSoeLicenceClause
  | RulebookForeignPartyClause
  | RulebookHkMoTwPartyClause
  | RulebookNaturalPersonBuyerClause
  | RulebookPriceKindsClause
  | RulebookFeesClause
  | RulebookRetentionClause
  | RulebookCutOffClause
  | RulebookHoursClause
  | RulebookRedLinesClause;
/**
 * Begins with the exchange
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-clauseId".
 */
export type RulebookClauseId = string;
/**
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-regime".
 */
export type RulebookRegime = 'soe-asset' | 'soe-equity' | 'soe-capital' | 'public-rnd' | 'private';
/**
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-objectType".
 */
export type RulebookObjectType =
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
/**
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-text".
 */
export type RulebookText = string;
/**
 * statute: an act or order says so; published: the exchange has published it; assumption: unverified
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-provenance".
 */
export type RulebookProvenance = 'statute' | 'published' | 'assumption';
/**
 * 容差: how far two amounts of one pair of exchanges may differ in reconciliation and still be let pass; what is let pass is counted apart
 *
 * @maxItems 100
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Tolerances".
 */
export type Tolerances = {
  /**
   * In either order
   *
   * @minItems 2
   * @maxItems 2
   */
  pair: [Exchange, Exchange, ...Exchange[]];
  /**
   * ISO 4217
   */
  currency: string;
  /**
   * What any amount may differ by; the larger of both bounds holds
   */
  absolute: string;
  /**
   * Hundredths of a per cent of the journal's amount
   */
  bps: number;
  basis: {
    zh: Text;
    en: Text;
  };
  /**
   * agreement: the two exchanges have signed it; published: one of them has published it; assumption: unverified
   */
  provenance: 'agreement' | 'published' | 'assumption';
}[];

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
 * The terms in force at a host: every dimension with the value that holds; whose rule it is stands in the decision
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
 * 查复、退单: the answer to a clearing-query, signed by the exchange that was asked, once.
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "ClearingAnswer".
 */
export interface ClearingAnswer {
  kind: 'clearing-answer';
  /**
   * Message id of the query
   */
  query: string;
  break: string;
  from: Exchange;
  to: 'ctex' | 'stex' | 'szse' | 'qiao';
  /**
   * replied 查复, to an inquiry; accepted 同意, refused 退单, to all others
   */
  verdict: 'replied' | 'accepted' | 'refused';
  amount?: Money;
  text: Text;
  /**
   * @minItems 1
   * @maxItems 20
   */
  evidence?: [Sha256, ...Sha256[]];
  answeredAt: Instant;
}
/**
 * 查询、请款、再请款、贷记调整: what one exchange, or the gateway's clearing desk, asks another about a break. Signed by whoever asks, journaled, read through the gateway's surface: no exchange's own protocol has a message for it.
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "ClearingQuery".
 */
export interface ClearingQuery {
  kind: 'clearing-query';
  /**
   * Id of the break
   */
  break: string;
  deal: Id;
  from: 'ctex' | 'stex' | 'szse' | 'qiao';
  to: Exchange;
  /**
   * inquiry 查询; claim 请款: pay me what I am short of; re-claim 再请款: once more after a refusal, with further evidence; credit-adjustment 贷记调整: I return what I have too much
   */
  asks: 'inquiry' | 'claim' | 're-claim' | 'credit-adjustment';
  amount?: Money;
  /**
   * The refused claim that is claimed again
   */
  about?: string;
  text: Text;
  /**
   * Attachments, by their digests
   *
   * @minItems 1
   * @maxItems 20
   */
  evidence?: [Sha256, ...Sha256[]];
  answerBy: Date;
  askedAt: Instant;
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
 * Shortest time a listing must be disclosed before it may be awarded
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-disclosureClause".
 */
export interface RulebookDisclosureClause {
  id: RulebookClauseId;
  dimension: 'disclosure';
  when?: RulebookPredicate;
  value: {
    days: number;
    dayKind: 'working' | 'calendar';
  };
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * All conditions together; absent: always. priceFrom is included, priceBelow is not. A listing without a price meets every price condition
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-predicate".
 */
export interface RulebookPredicate {
  /**
   * @minItems 1
   * @maxItems 5
   */
  regime?: [RulebookRegime, ...RulebookRegime[]];
  /**
   * @minItems 1
   * @maxItems 5
   */
  mode?: [Mode, ...Mode[]];
  /**
   * @minItems 1
   * @maxItems 6
   */
  dealType?: [DealType, ...DealType[]];
  /**
   * @minItems 1
   * @maxItems 10
   */
  objectType?: [RulebookObjectType, ...RulebookObjectType[]];
  priceFrom?: string;
  priceBelow?: string;
}
/**
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-bilingual".
 */
export interface RulebookBilingual {
  zh: RulebookText;
  en: RulebookText;
}
/**
 * Shortest public notice of a price that was agreed (协议定价公示) before trading
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-noticeClause".
 */
export interface RulebookNoticeClause {
  id: RulebookClauseId;
  dimension: 'notice';
  when?: RulebookPredicate;
  value: {
    days: number;
    dayKind: 'working' | 'calendar';
  };
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * statutory: State Council working days; securities: trading days, without make-up weekends
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-calendarClause".
 */
export interface RulebookCalendarClause {
  id: RulebookClauseId;
  dimension: 'calendar';
  when?: RulebookPredicate;
  value: 'statutory' | 'securities';
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * Whether the first day counts (民法典 201: it does not, unless agreed otherwise)
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-startDayClause".
 */
export interface RulebookStartDayClause {
  id: RulebookClauseId;
  dimension: 'start-day';
  when?: RulebookPredicate;
  value: 'excluded' | 'included';
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * Each extension is at least this long; at most so many times
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-extensionClause".
 */
export interface RulebookExtensionClause {
  id: RulebookClauseId;
  dimension: 'extension';
  when?: RulebookPredicate;
  value: {
    days: number;
    dayKind: 'working' | 'calendar';
    times: number;
  };
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * What a change of terms does while the listing is published
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-changeOfTermsClause".
 */
export interface RulebookChangeOfTermsClause {
  id: RulebookClauseId;
  dimension: 'change-of-terms';
  when?: RulebookPredicate;
  value: 'new-version-restarts-clock' | 'refused';
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * Legal regimes of sellers the venue lists
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-regimesClause".
 */
export interface RulebookRegimesClause {
  id: RulebookClauseId;
  dimension: 'regimes';
  when?: RulebookPredicate;
  /**
   * @minItems 1
   * @maxItems 5
   */
  value: [
    'soe-asset' | 'soe-equity' | 'soe-capital' | 'public-rnd' | 'private',
    ...('soe-asset' | 'soe-equity' | 'soe-capital' | 'public-rnd' | 'private')[]
  ];
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * Modes of trade
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-modesClause".
 */
export interface RulebookModesClause {
  id: RulebookClauseId;
  dimension: 'modes';
  when?: RulebookPredicate;
  /**
   * @minItems 1
   * @maxItems 5
   */
  value: [
    'agreement' | 'listing' | 'auction' | 'bidding' | 'tender',
    ...('agreement' | 'listing' | 'auction' | 'bidding' | 'tender')[]
  ];
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * What may be traded
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-objectTypesClause".
 */
export interface RulebookObjectTypesClause {
  id: RulebookClauseId;
  dimension: 'object-types';
  when?: RulebookPredicate;
  /**
   * @minItems 1
   * @maxItems 10
   */
  value: [
    (
      | 'invention'
      | 'utility-model'
      | 'design'
      | 'patent-application'
      | 'software'
      | 'ic-layout'
      | 'plant-variety'
      | 'bio-variety'
      | 'know-how'
      | 'other'
    ),
    ...(
      | 'invention'
      | 'utility-model'
      | 'design'
      | 'patent-application'
      | 'software'
      | 'ic-layout'
      | 'plant-variety'
      | 'bio-variety'
      | 'know-how'
      | 'other'
    )[]
  ];
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * Types of technology contract
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-dealTypesClause".
 */
export interface RulebookDealTypesClause {
  id: RulebookClauseId;
  dimension: 'deal-types';
  when?: RulebookPredicate;
  /**
   * @minItems 1
   * @maxItems 6
   */
  value: [
    'development' | 'transfer' | 'license' | 'consulting' | 'service' | 'equity-contribution',
    ...('development' | 'transfer' | 'license' | 'consulting' | 'service' | 'equity-contribution')[]
  ];
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * Deposit at most this part of the price
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-depositCapClause".
 */
export interface RulebookDepositCapClause {
  id: RulebookClauseId;
  dimension: 'deposit-cap';
  when?: RulebookPredicate;
  value: {
    rate: string;
  };
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * Deposits of losers go back within
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-depositReturnClause".
 */
export interface RulebookDepositReturnClause {
  id: RulebookClauseId;
  dimension: 'deposit-return';
  when?: RulebookPredicate;
  value: {
    days: number;
    dayKind: 'working' | 'calendar';
  };
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * The price is due within, after the contract
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-paymentDaysClause".
 */
export interface RulebookPaymentDaysClause {
  id: RulebookClauseId;
  dimension: 'payment-days';
  when?: RulebookPredicate;
  value: {
    days: number;
    dayKind: 'working' | 'calendar';
  };
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * Whether and how the price may be paid in instalments
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-instalmentsClause".
 */
export interface RulebookInstalmentsClause {
  id: RulebookClauseId;
  dimension: 'instalments';
  when?: RulebookPredicate;
  value: {
    admitted: boolean;
    firstShareMin?: string;
    restMonthsMax?: number;
  };
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * Whether the venue is a lawfully established property-rights exchange (企业国有资产法 54); unknown never counts as yes
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-soeLicenceClause".
 */
export interface RulebookSoeLicenceClause {
  id: RulebookClauseId;
  dimension: 'soe-licence';
  when?: RulebookPredicate;
  value: 'yes' | 'no' | 'unknown';
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * Parties from abroad
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-foreignPartyClause".
 */
export interface RulebookForeignPartyClause {
  id: RulebookClauseId;
  dimension: 'foreign-party';
  when?: RulebookPredicate;
  value: 'admit' | 'hold' | 'refuse';
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * Parties from Hong Kong, Macao or Taiwan
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-hkMoTwPartyClause".
 */
export interface RulebookHkMoTwPartyClause {
  id: RulebookClauseId;
  dimension: 'hk-mo-tw-party';
  when?: RulebookPredicate;
  value: 'admit' | 'hold' | 'refuse';
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * Whether a natural person may buy
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-naturalPersonBuyerClause".
 */
export interface RulebookNaturalPersonBuyerClause {
  id: RulebookClauseId;
  dimension: 'natural-person-buyer';
  when?: RulebookPredicate;
  value: 'yes' | 'no';
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * Kinds of price a listing may have
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-priceKindsClause".
 */
export interface RulebookPriceKindsClause {
  id: RulebookClauseId;
  dimension: 'price-kinds';
  when?: RulebookPredicate;
  /**
   * @minItems 1
   * @maxItems 3
   */
  value: ['fixed' | 'reserve' | 'negotiable', ...('fixed' | 'reserve' | 'negotiable')[]];
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * Fee of each side. progressive (分档累进): every tier takes its own part of the price; flat: the tier the price falls in takes all
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-feesClause".
 */
export interface RulebookFeesClause {
  id: RulebookClauseId;
  dimension: 'fees';
  when?: RulebookPredicate;
  value: {
    method: 'progressive' | 'flat';
    /**
     * @minItems 1
     * @maxItems 20
     *
     * Items: upTo is included; the last tier has none
     */
    tiers: [
      {
        upTo?: string;
        rate: string;
      },
      ...{
        upTo?: string;
        rate: string;
      }[]
    ];
    min?: string;
    max?: string;
  };
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * How long the file of a deal is kept
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-retentionClause".
 */
export interface RulebookRetentionClause {
  id: RulebookClauseId;
  dimension: 'retention';
  when?: RulebookPredicate;
  value: {
    years: number;
  };
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * Until when an event belongs to the same business day
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-cutOffClause".
 */
export interface RulebookCutOffClause {
  id: RulebookClauseId;
  dimension: 'cut-off';
  when?: RulebookPredicate;
  /**
   * Time of day, Asia/Shanghai
   */
  value: string;
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * Hours of business, Asia/Shanghai
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-hoursClause".
 */
export interface RulebookHoursClause {
  id: RulebookClauseId;
  dimension: 'hours';
  when?: RulebookPredicate;
  /**
   * @minItems 1
   * @maxItems 6
   */
  value: [
    {
      /**
       * Time of day, Asia/Shanghai
       */
      from: string;
      /**
       * Time of day, Asia/Shanghai
       */
      to: string;
    },
    ...{
      /**
       * Time of day, Asia/Shanghai
       */
      from: string;
      /**
       * Time of day, Asia/Shanghai
       */
      to: string;
    }[]
  ];
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * Most holders of one right; fewest trading days between two trades of the same thing (国发〔2011〕38号)
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-redLinesClause".
 */
export interface RulebookRedLinesClause {
  id: RulebookClauseId;
  dimension: 'red-lines';
  when?: RulebookPredicate;
  value: {
    maxHolders: number;
    resaleDays: number;
    calendar: 'statutory' | 'securities';
  };
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * What export control does to a relay; only in the statutory floor, never in a rulebook
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook-exportClause".
 */
export interface RulebookExportClause {
  id: RulebookClauseId;
  dimension: 'export';
  when?: RulebookPredicate;
  value: {
    restricted: 'admit' | 'hold' | 'refuse';
    prohibited: 'admit' | 'hold' | 'refuse';
  };
  basis: RulebookBilingual;
  provenance: RulebookProvenance;
  from: Date;
  to?: Date;
}
/**
 * 交易规则: one exchange's trading rules as data, versioned and effective-dated. Dates from and to are both included.
 *
 * This interface was referenced by `Contract`'s JSON-Schema
 * via the `definition` "Rulebook".
 */
export interface Rulebook {
  kind: 'rulebook';
  exchange: Exchange;
  version: Version;
  from: Date;
  to?: Date;
  title: RulebookBilingual;
  /**
   * @minItems 1
   * @maxItems 500
   */
  clauses: [RulebookClause, ...RulebookClause[]];
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
  /**
   * @maxItems 1000000
   */
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
