import { confirmDeal, deal, funds } from './deals.ts';
import { changeState, intent, intentResult, mirror, quote, replaceMirror } from './mirrors.ts';
import type { Operation } from './verdict.ts';

export interface Route {
  readonly method: string;
  readonly path: RegExp;
  /** The kind of what is sent, which also names the fields it must hold and the operation that `fail` speaks of. */
  readonly kind: string;
  /** The body's field that must repeat the number in the path. */
  readonly repeats?: string;
  readonly run: Operation;
}

/** Every write of the profile. The first group of `path` is the number in it. */
export const routes: readonly Route[] = [
  { method: 'POST', path: /^mirror\/projects$/, kind: 'listing', run: mirror },
  { method: 'PUT', path: /^mirror\/projects\/([^/]+)$/, kind: 'listing', run: replaceMirror },
  {
    method: 'POST',
    path: /^mirror\/projects\/([^/]+)\/state$/,
    kind: 'listing-state',
    repeats: 'mirrorNo',
    run: changeState,
  },
  { method: 'POST', path: /^intents$/, kind: 'interest', run: intent },
  {
    method: 'POST',
    path: /^intents\/([^/]+)\/result$/,
    kind: 'interest-decision',
    repeats: 'intentNo',
    run: intentResult,
  },
  { method: 'POST', path: /^quotes$/, kind: 'bid', run: quote },
  { method: 'POST', path: /^deals$/, kind: 'deal', run: deal },
  { method: 'POST', path: /^deals\/([^/]+)\/confirm$/, kind: 'deal-confirmed', repeats: 'dealNo', run: confirmDeal },
  { method: 'POST', path: /^funds$/, kind: 'funds', run: funds },
];
