import type { Message } from '../contract/message.ts';
import { refuse } from '../contract/refusal.ts';
import { type StepContext, type Stepped, turned } from './step.ts';
import { stepDeal, stepDealConfirmed, stepFunds } from './step-deal.ts';
import { stepBid, stepInterest, stepInterestDecision } from './step-interest.ts';
import { stepListing, stepListingState } from './step-listing.ts';

/** What a message of an exchange does, by its kind. */
export function stepMessage(message: Message, context: StepContext): Stepped {
  switch (message.kind) {
    case 'listing':
      return stepListing(message, context);
    case 'listing-state':
      return stepListingState(message, context);
    case 'interest':
      return stepInterest(message, context);
    case 'interest-decision':
      return stepInterestDecision(message, context);
    case 'bid':
      return stepBid(message, context);
    case 'deal':
      return stepDeal(message, context);
    case 'deal-confirmed':
      return stepDealConfirmed(message, context);
    case 'funds':
      return stepFunds(message, context);
    default:
      // Mirrors are acknowledged by answer and statements are fetched: neither arrives by itself.
      return turned(refuse('unknown-kind', '/kind', message.kind));
  }
}
