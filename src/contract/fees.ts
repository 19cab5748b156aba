import type { Exchange } from './exchange.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import { type Refusal, refuse } from './refusal.ts';
import type { Tree } from './tree.ts';

/**
 * The exchanges write two fees, the seller's and the buyer's; the contract writes a list with the exchange that takes
 * each: the seller pays at home, the buyer at the host (home, where the deal stays within one exchange).
 * Between the two stands a deal with `sellerFee` and `buyerFee` in place of `fees`.
 */
export function splitFees(deal: JsonObject): { deal: JsonObject; refusals: readonly Refusal[] } {
  const { fees, ...rest } = deal;
  const split: Tree = rest;
  const refusals: Refusal[] = [];
  for (const [i, fee] of (Array.isArray(fees) ? fees : []).entries()) {
    if (!isObject(fee)) continue;
    const key = fee.payer === 'seller' ? 'sellerFee' : 'buyerFee';
    const taker = fee.payer === 'seller' ? deal.home : deal.host;
    if (fee.exchange !== taker || split[key] !== undefined) refusals.push(refuse('not-expressible', `/fees/${i}`));
    else split[key] = fee.amount as Json;
  }
  return { deal: split, refusals };
}

/** The way back. */
export function joinFees(split: JsonObject, home: Exchange, host: Exchange): JsonObject {
  const { sellerFee, buyerFee, ...deal } = split;
  const fees: Json[] = [];
  if (sellerFee !== undefined) fees.push({ payer: 'seller', exchange: home, amount: sellerFee });
  if (buyerFee !== undefined) fees.push({ payer: 'buyer', exchange: host, amount: buyerFee });
  return { ...deal, fees };
}
