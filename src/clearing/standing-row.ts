import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { SYMBOL_BYTES } from './iblt.ts';
import type { BookRow } from './row.ts';
import type { SipKey } from './siphash.ts';

/** What two sides that look at one deal can both say of it. */
export type StandingRow = Pick<
  BookRow,
  'dealId' | 'ordinal' | 'home' | 'host' | 'state' | 'buyer' | 'seller' | 'priceFen' | 'businessDate'
> & {
  /** Null where only terms are compared: it is not the other exchange's business. */
  readonly feeFen: bigint | null;
};

/**
 * How much of a row is compared. `stated`: all of it, an exchange with the journal. `terms`: all but the fee, which is
 * each exchange's own, an exchange with another.
 */
export type StandingForm = 'stated' | 'terms';

/** Bytes of a session's secret. */
export const SECRET_BYTES = 32;

/**
 * The keys of one session between two sides, made from its secret. They are new with every session, so that nobody can
 * choose deals whose rows meet: not in the same cells, and not in the same symbol.
 */
export interface Session {
  readonly cells: SipKey;
  readonly rows: KeyObject;
}

/** @throws RangeError unless the secret has {@link SECRET_BYTES} */
export function sessionOf(secret: Uint8Array): Session {
  if (secret.length !== SECRET_BYTES) throw new RangeError(`assertion: a secret of ${secret.length} bytes`);
  const derived = (use: string) => createHmac('sha256', secret).update(`qiao standing ${use}`).digest();
  const cells = derived('cells');
  const word = (at: number) => cells.readInt32LE(at * 4);
  return { cells: [word(0), word(1), word(2), word(3)], rows: createSecretKey(derived('rows')) };
}

/**
 * A row in the one writing in which it is compared: exact, no tolerance. The ordinal is part of it: a sketch is a set, in
 * which the same row twice would be no row.
 */
export function canonicalRow(row: StandingRow, form: StandingForm): string {
  const { dealId, ordinal, home, host, state, buyer, seller, businessDate } = row;
  const fee = form === 'stated' && row.feeFen !== null ? String(row.feeFen) : null;
  return JSON.stringify([dealId, ordinal, home, host, state, buyer, seller, String(row.priceFen), fee, businessDate]);
}

/** What stands for a row in a sketch: HMAC-SHA-256 of its canonical writing, as much of it as a symbol holds. */
export function symbolOf(session: Session, canonical: string): Buffer {
  return createHmac('sha256', session.rows).update(canonical).digest().subarray(0, SYMBOL_BYTES);
}
