/** A rate or share (`0.30`, `0.003`, `1.00`) in millionths, exactly. */
export function millionths(rate: string): bigint {
  const [whole, fraction = ''] = rate.split('.');
  return BigInt(whole + fraction.padEnd(6, '0'));
}

export const MILLION = 1_000_000n;

/** Numerator over a million to a whole number, half up (money is rounded to the fen half up). Not negative. */
export function halfUp(numerator: bigint): bigint {
  return (numerator + MILLION / 2n) / MILLION;
}
