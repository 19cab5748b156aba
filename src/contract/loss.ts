/** A part of a unified message that an exchange's own messages cannot say. */
export interface Loss {
  /** RFC 6901 pointer into the unified message. */
  readonly pointer: string;
  readonly zh: string;
  readonly en: string;
}

/**
 * What a deal depends on: when a host cannot express one of these, the message is blocked and not sent without it.
 * Everything else may be left out, and is listed as loss on the delivery.
 */
const CHANGES_DEAL = [
  '/id',
  '/version',
  '/home',
  '/host',
  '/nativeId',
  '/direction',
  '/status',
  '/title',
  '/dealType',
  '/license',
  '/mode',
  '/object/type',
  '/object/ip',
  '/seller/name',
  '/seller/uscc',
  '/seller/nature',
  '/buyer/name',
  '/buyer/uscc',
  '/buyer/nature',
  '/seller/country',
  '/buyer/country',
  '/regime',
  '/price',
  '/deposit/amount',
  '/payment',
  '/export',
  '/disclosure/startsOn',
  '/disclosure/endsOn',
  '/disclosure/notice',
  '/listing',
  '/interest',
  '/deal',
  '/amount',
  '/offer',
  '/technologyAmount',
  '/fees',
  '/certificate',
  '/result',
  '/leg',
  '/payer',
  '/payee',
  '/valueDate',
  '/bankRef',
] as const;

/** Parts under a deal-changing pointer that are nevertheless only descriptive. */
const DESCRIPTIVE = [/^\/object\/ip\/\d+\/(encumbrances|title)(\/|$)/, /^\/listing\/version$/];

/** True also for a whole that contains such a part: without a seller there is no seller's name. */
export function changesDeal(pointer: string): boolean {
  if (DESCRIPTIVE.some((pattern) => pattern.test(pointer))) return false;
  return CHANGES_DEAL.some((path) => within(pointer, path) || within(path, pointer));
}

function within(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(`${outer}/`);
}

export function loss(pointer: string): Loss {
  return {
    pointer,
    zh: '对方交易所的报文没有此项，未随报文送出',
    en: "the host's messages have no place for this; it was not sent",
  };
}
