import fc from 'fast-check';
import { signEnvelope, verifyEnvelope } from '../../src/envelope/envelope.ts';
import { withLowS } from '../../src/envelope/signers.ts';
import { derOfRs, rsOfDer } from '../../src/trust/der.ts';
import { makeSm2Pem, nativeSm2, readSm2PrivateKey, sm2Signer, sm2Verify } from '../../src/trust/sm2.ts';
import { atMs, header, testKey, trustEntry, trusting } from '../envelope/keys.ts';

/** Threat 4: other bytes that verify as the same message, so that one message counts twice. */

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const sm2Key = readSm2PrivateKey(makeSm2Pem());
const keys = {
  Ed25519: testKey('ctex', 'Ed25519'),
  ES256: testKey('ctex', 'ES256'),
  'SM2-SM3': {
    signer: sm2Signer('ctex:sm2-sm3:1', sm2Key, nativeSm2),
    entry: trustEntry('ctex', 'ctex:sm2-sm3:1', 'SM2-SM3', sm2Verify(sm2Key.public, nativeSm2)),
  },
};

describe.each(['Ed25519', 'ES256', 'SM2-SM3'] as const)('a message under %s', (alg) => {
  const { signer, entry } = keys[alg];
  const trust = trusting(entry);

  test('has no second form: no change of its text verifies', async () => {
    const good = Buffer.from(await signEnvelope(Buffer.from('{"id":"a"}'), header(), [signer]));
    expect(verifyEnvelope(good, trust, { atMs })).toMatchObject({ ok: true });
    const text = good.toString();
    const edit = fc.oneof(
      fc.record({
        at: fc.nat(text.length),
        cut: fc.constant(0),
        put: fc.constantFrom(' ', '\n', '=', 'A', '\\u0041', ','),
      }),
      fc.record({
        at: fc.nat(text.length - 1),
        cut: fc.integer({ min: 1, max: 3 }),
        put: fc.constantFrom('', 'A', '_'),
      }),
    );
    fc.assert(
      fc.property(edit, ({ at, cut, put }) => {
        const changed = text.slice(0, at) + put + text.slice(at + cut);
        fc.pre(changed !== text);
        expect(verifyEnvelope(Buffer.from(changed), trust, { atMs }).ok).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  test('has no second signature made from the first one without the key', async () => {
    const jws = JSON.parse(Buffer.from(await signEnvelope(Buffer.from('{}'), header(), [signer])).toString()) as {
      signatures: { signature: string }[];
    };
    const signature = Buffer.from(jws.signatures[0]!.signature, 'base64url');
    for (const other of relatives(signature)) {
      const bytes = Buffer.from(
        JSON.stringify({ ...jws, signatures: [{ ...jws.signatures[0], signature: other.toString('base64url') }] }),
      );
      expect(verifyEnvelope(bytes, trust, { atMs }).ok).toBe(false);
    }
  });
});

/** n − s, s + n cut to size, DER instead of r‖s, r‖s with bytes before and behind, halves swapped. */
function relatives(signature: Buffer): readonly Buffer[] {
  const s = BigInt(`0x${signature.subarray(32).toString('hex')}`);
  const negated = ((P256_ORDER - (s % P256_ORDER)) % P256_ORDER).toString(16).padStart(64, '0');
  return [
    Buffer.concat([signature.subarray(0, 32), Buffer.from(negated, 'hex')]),
    Buffer.from(derOfRs(signature)),
    Buffer.concat([Buffer.of(0), signature]),
    Buffer.concat([signature, Buffer.of(0)]),
    Buffer.concat([signature.subarray(32), signature.subarray(0, 32)]),
    signature.subarray(0, 63),
  ];
}

test('DER is read in its one form only, and r‖s and DER are the same numbers', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (rs) => {
      const der = Buffer.from(derOfRs(rs));
      expect(Buffer.from(rsOfDer(der)!)).toEqual(Buffer.from(rs));
      const long = Buffer.concat([Buffer.of(0x30, 0x81), der.subarray(1)]);
      expect([rsOfDer(long), rsOfDer(Buffer.concat([der, Buffer.of(0)]))]).toEqual([undefined, undefined]);
    }),
  );
});

test('of the two signatures s and n − s of ES256 only the lower is taken', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (rs) => {
      const low = withLowS(rs);
      expect(BigInt(`0x${Buffer.from(low.subarray(32)).toString('hex')}`) <= P256_ORDER / 2n || low === rs).toBe(true);
    }),
  );
});
