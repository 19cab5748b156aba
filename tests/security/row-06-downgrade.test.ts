import { signEnvelope, verifyEnvelope } from '../../src/envelope/envelope.ts';
import type { Signer } from '../../src/envelope/jws.ts';
import { makeSm2Pem, nativeSm2, readSm2PrivateKey, sm2Signer, sm2Verify } from '../../src/trust/sm2.ts';
import { atMs, header, testKey, trustEntry, trusting } from '../envelope/keys.ts';

/** Threat 6: what two keys signed is passed on with the weaker signature only, or never got the other one. */

const ed25519 = testKey('stex', 'Ed25519');
const es256 = testKey('stex', 'ES256');
const pair = readSm2PrivateKey(makeSm2Pem());
const sm2 = {
  signer: sm2Signer('stex:sm2-sm3:1', pair, nativeSm2),
  entry: trustEntry('stex', 'stex:sm2-sm3:1', 'SM2-SM3', sm2Verify(pair.public, nativeSm2)),
};
const both = trusting(ed25519.entry, sm2.entry);
const stex = header({ iss: 'stex', aud: ['ctex'] });
const payload = Buffer.from('{"id":"stex:JS-2026-1"}');
const signed = (...signers: readonly Signer[]) => signEnvelope(payload, stex, signers);
const DOWNGRADE = { ok: false, code: 'alg-required', pointer: '/signatures' };

interface Jws {
  readonly payload: string;
  readonly signatures: readonly unknown[];
}
/** The same envelope with only the signature at that place. */
const stripped = (bytes: Uint8Array, keep: number): Buffer => {
  const jws = JSON.parse(Buffer.from(bytes).toString()) as Jws;
  return Buffer.from(JSON.stringify({ ...jws, signatures: [jws.signatures[keep]] }));
};

test('an envelope under both keys is taken; stripped of either signature it is refused, although the other verifies', async () => {
  const dual = await signed(ed25519.signer, sm2.signer);
  expect(verifyEnvelope(dual, both, { atMs })).toMatchObject({ ok: true });
  for (const keep of [0, 1]) {
    expect(verifyEnvelope(stripped(dual, keep), both)).toMatchObject({ ok: true });
    expect(verifyEnvelope(stripped(dual, keep), both, { atMs })).toMatchObject(DOWNGRADE);
  }
});

test('one that never had the SM2 signature is refused as well, in both languages, naming what is missing', async () => {
  const refused = verifyEnvelope(await signed(ed25519.signer), both, { atMs });
  expect(refused).toMatchObject({ ...DOWNGRADE, en: expect.stringContaining('SM2-SM3') });
  expect(refused).toMatchObject({ zh: expect.stringContaining('SM2-SM3') });
});

test('a wrong SM2 signature beside a right Ed25519 signature refuses the whole', async () => {
  const other = readSm2PrivateKey(makeSm2Pem());
  const forged = await signed(ed25519.signer, sm2Signer('stex:sm2-sm3:1', other, nativeSm2));
  expect(verifyEnvelope(forged, both, { atMs })).toMatchObject({ ok: false, code: 'signature-invalid' });
});

test('a wrong Ed25519 signature beside a right SM2 signature refuses the whole', async () => {
  const other = testKey('stex', 'Ed25519');
  const forged = await signed(other.signer, sm2.signer);
  expect(verifyEnvelope(forged, both, { atMs })).toMatchObject({ ok: false, code: 'signature-invalid' });
});

test('the SM2 signature is owed exactly while the trust list has that key in force', async () => {
  const single = await signed(ed25519.signer);
  const at = (changes: object) =>
    verifyEnvelope(single, trusting(ed25519.entry, { ...sm2.entry, ...changes }), { atMs });
  expect(at({})).toMatchObject(DOWNGRADE);
  expect(at({ notBefore: '2026-03-02T09:30:01+08:00' })).toMatchObject({ ok: true });
  expect(at({ notAfter: '2026-03-02T09:30:00+08:00' })).toMatchObject({ ok: true });
  expect(at({ status: 'revoked', revokedAt: '2026-03-02T09:30:00+08:00' })).toMatchObject({ ok: true });
  expect(at({ status: 'revoked' })).toMatchObject({ ok: true });
  // Revoked later: at journal time it was still owed.
  expect(at({ status: 'revoked', revokedAt: '2026-03-02T09:30:01+08:00' })).toMatchObject(DOWNGRADE);
  // Another participant's SM2 key obliges nobody else.
  expect(at({ participant: 'ctex', kid: 'ctex:sm2-sm3:1' })).toMatchObject({ ok: true });
});

test('Ed25519 and ES256 stand in for each other, so that a key may be rotated from one to the other', async () => {
  const three = trusting(ed25519.entry, es256.entry, sm2.entry);
  for (const first of [ed25519, es256]) {
    expect(verifyEnvelope(await signed(first.signer, sm2.signer), three, { atMs })).toMatchObject({ ok: true });
  }
});
