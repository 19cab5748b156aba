import { exchangeOf } from '../../src/contract/exchange.ts';
import type { JsonObject } from '../../src/contract/json.ts';
import type { Mapping } from '../../src/contract/mapping.ts';
import type { Message } from '../../src/contract/message.ts';
import { foreignListing, ownListing } from './fields.ts';
import * as trade from './fields-trade.ts';

/** Own form is what SZSE itself sends, foreign form what the gateway sends to it of another exchange's. */
export interface Form {
  readonly mapping: Mapping;
  readonly own: boolean;
}

const own = (mapping: Mapping): Form => ({ mapping, own: true });
const foreign = (mapping: Mapping): Form => ({ mapping, own: false });

/** Every form there is, by a name for tests and documentation. */
export const forms = {
  ownListing: own(ownListing),
  foreignListing: foreign(foreignListing),
  ownState: own(trade.ownState),
  foreignState: foreign(trade.foreignState),
  ownInterest: own(trade.ownInterest),
  foreignInterest: foreign(trade.foreignInterest),
  ownDecision: own(trade.ownDecision),
  foreignDecision: foreign(trade.foreignDecision),
  ownBid: own(trade.ownBid),
  foreignBid: foreign(trade.foreignBid),
  ownDeal: own(trade.ownDeal),
  foreignDeal: foreign(trade.foreignDeal),
  ownConfirmed: own(trade.ownConfirmed),
  foreignConfirmed: foreign(trade.foreignConfirmed),
  ownFunds: own(trade.ownFunds),
  foreignFunds: foreign(trade.foreignFunds),
} as const satisfies Readonly<Record<string, Form>>;

/** The form a native message is in, by its type and by the one tag that tells its two forms apart; undefined: unknown type. */
export function formRead(tree: JsonObject): Form | undefined {
  const has = (tag: string) => tree[tag] !== undefined;
  switch (tree['35']) {
    case 'UL':
    case 'UM':
      return forms.ownListing;
    case 'UN':
      return forms.foreignListing;
    case 'US':
      return has('20089') ? forms.foreignState : forms.ownState;
    case 'UI':
      return has('20080') ? forms.foreignInterest : forms.ownInterest;
    case 'UJ':
      return has('20080') ? forms.foreignDecision : forms.ownDecision;
    case 'UB':
      return has('20080') ? forms.foreignBid : forms.ownBid;
    case 'UD':
    case 'UE':
    case 'UC':
      return has('20080') ? forms.foreignDeal : forms.ownDeal;
    case 'UK':
      return has('20078') ? forms.foreignConfirmed : forms.ownConfirmed;
    case 'UF':
      return has('20080') ? forms.foreignFunds : forms.ownFunds;
    default:
      return undefined;
  }
}

/** The form a unified message is written in; undefined: SZSE has no message for it. */
export function formWritten(message: Message): Form | undefined {
  const mine = (yes: boolean, ours: Form, theirs: Form) => (yes ? ours : theirs);
  switch (message.kind) {
    case 'listing':
      return mine(message.home === 'szse', forms.ownListing, forms.foreignListing);
    case 'listing-state':
      return mine('id' in message.listing, forms.ownState, forms.foreignState);
    case 'interest':
      return mine(message.host === 'szse', forms.ownInterest, forms.foreignInterest);
    case 'interest-decision':
      return mine(message.home === 'szse', forms.ownDecision, forms.foreignDecision);
    case 'bid':
      return mine(message.host === 'szse', forms.ownBid, forms.foreignBid);
    case 'deal':
      return mine(message.home === 'szse', forms.ownDeal, forms.foreignDeal);
    case 'deal-confirmed':
      return mine(message.host === 'szse', forms.ownConfirmed, forms.foreignConfirmed);
    case 'funds':
      return mine(exchangeOf(message.id) === 'szse', forms.ownFunds, forms.foreignFunds);
    default:
      return undefined;
  }
}
