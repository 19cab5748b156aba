/** ECDSA-Sig-Value, SEQUENCE { r INTEGER, s INTEGER }, for 256-bit curves: DER ↔ r‖s (64 bytes). */

/** Undefined unless it is the one DER form: shortest integers, not negative, exact lengths, nothing behind. */
export function rsOfDer(der: Uint8Array): Uint8Array | undefined {
  // At most 2 + 2·(2 + 33) bytes, so lengths always fit the short form.
  if (der.length < 8 || der.length > 72 || der[0] !== 0x30 || der[1] !== der.length - 2) return undefined;
  const rs = new Uint8Array(64);
  let at = 2;
  for (const end of [32, 64]) {
    const length = der[at + 1];
    const first = at + 2;
    if (der[at] !== 0x02 || length === undefined || length < 1 || first + length > der.length) return undefined;
    let integer = der.subarray(first, first + length);
    const [high, next] = integer;
    if (high === undefined || high >= 0x80) return undefined;
    if (high === 0 && length > 1) {
      if (next === undefined || next < 0x80) return undefined;
      integer = integer.subarray(1);
    }
    if (integer.length > 32) return undefined;
    rs.set(integer, end - integer.length);
    at = first + length;
  }
  return at === der.length ? rs : undefined;
}

/** @param rs exactly 64 bytes */
export function derOfRs(rs: Uint8Array): Uint8Array {
  const r = integerOf(rs.subarray(0, 32));
  const s = integerOf(rs.subarray(32, 64));
  return Uint8Array.from([0x30, r.length + s.length, ...r, ...s]);
}

function integerOf(bytes: Uint8Array): readonly number[] {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from += 1;
  const digits = [...bytes.subarray(from)];
  if ((digits[0] ?? 0) >= 0x80) digits.unshift(0);
  return [0x02, digits.length, ...digits];
}
