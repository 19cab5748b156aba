import { readFileSync } from 'node:fs';

const SOH = '\u0001';

/** Bytes of a message written with `|` for SOH. */
export function tagged(text: string): Buffer {
  return Buffer.from(text.replaceAll('|', SOH));
}

export function sample(name: string): Buffer {
  return readFileSync(new URL(`../../../adapters/szse/samples/${name}`, import.meta.url));
}

/** The listing of the profile, with `|` for SOH. */
export const LISTING = sample('szse-UL-listing.txt').toString().replaceAll(SOH, '|');

/** That listing with one field written otherwise; `undefined` leaves it out. */
export function listingWith(tag: number, value: string | undefined): Buffer {
  const field = new RegExp(`\\|${tag}=[^|]*\\|`);
  if (!field.test(LISTING)) throw new Error(`the sample has no ${tag}`);
  return tagged(LISTING.replace(field, value === undefined ? '|' : `|${tag}=${value}|`));
}

/** The message in a whole session frame. */
export function framed(body: Buffer, seq = 1): Buffer {
  const text = body.toString('latin1');
  const typeEnd = text.indexOf(SOH) + 1;
  const header = `49=SZSE${SOH}56=QIAO${SOH}34=${seq}${SOH}52=20260302-09:30:00.000${SOH}`;
  const inner = `${text.slice(0, typeEnd)}${header}${text.slice(typeEnd)}93=8${SOH}89=c2lnbmVk${SOH}`;
  const whole = `8=STEP.1.0.0${SOH}9=${inner.length}${SOH}${inner}`;
  let sum = 0;
  for (let i = 0; i < whole.length; i++) sum += whole.charCodeAt(i);
  return Buffer.from(`${whole}10=${String(sum % 256).padStart(3, '0')}${SOH}`, 'latin1');
}
