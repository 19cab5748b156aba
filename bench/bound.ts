/**
 * How far the machine itself would let anybody go: the exchanges' own protocols ask for signatures, on both ends of
 * every line, and whatever relays a listing verifies, commits, signs and posts it at least once.
 */
import { availableParallelism } from 'node:os';
import type { NativeSigner, NativeVerifier } from '../src/contract/adapter.ts';
import { type Exchange, exchanges } from '../src/contract/exchange.ts';
import type { BareFigures } from './bare.ts';

/** Signatures made and checked so far at one exchange, on both ends of its line: what one makes, the other checks. */
export type SignaturesSeen = Readonly<Record<Exchange, number>>;

export interface Bound {
  /** Signatures of the exchanges' own protocols for one listing, each made once and checked once. */
  readonly signaturesPerListing: SignaturesSeen;
  /** What making and checking those takes of one core. */
  readonly signatureMicrosPerListing: number;
  /** If nothing were done for a listing but those signatures and one bare loop, on all cores. */
  readonly listingsPerSecond: number;
  /** Of that, what was relayed, in per cent. */
  readonly reachedPercent: number;
}

/** What the profiles sign with (ctex, stex and szse profile, "Transport" and "Session"). */
const ALGORITHM = { ctex: 'RSA-2048', stex: 'SM2', szse: 'P-256' } as const satisfies Record<Exchange, string>;

export function boundOf(perListing: SignaturesSeen, bare: BareFigures, listingsPerSecond: number): Bound {
  const signatureMicros = exchanges.reduce((sum, exchange) => {
    const { [`${ALGORITHM[exchange]} sign`]: made = 0, [`${ALGORITHM[exchange]} verify`]: checked = 0 } =
      bare.signatureMicros;
    return sum + perListing[exchange] * (made + checked);
  }, 0);
  const cores = availableParallelism();
  // A bare loop has all cores to itself, too.
  const most = 1 / (signatureMicros / (cores * 1e6) + 1 / bare.loopsPerSecond);
  return {
    signaturesPerListing: perListing,
    signatureMicrosPerListing: Math.round(signatureMicros),
    listingsPerSecond: Math.round(most),
    reachedPercent: Math.round((1000 * listingsPerSecond) / most) / 10,
  };
}

/** The keys of one exchange, counting what is done with them. */
export function counted<Keys extends { readonly signer: NativeSigner; readonly verifier: NativeVerifier }>(
  keys: Keys,
  tell: () => void,
): Keys {
  return {
    ...keys,
    signer: {
      sign: (bytes) => {
        tell();
        return keys.signer.sign(bytes);
      },
    },
    verifier: {
      verify: (bytes, signature) => {
        tell();
        return keys.verifier.verify(bytes, signature);
      },
    },
  };
}
