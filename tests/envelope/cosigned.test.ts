import fc from 'fast-check';
import { cosign, openCosigned } from '../../src/envelope/cosigned.ts';
import { signEnvelope, verifyEnvelope } from '../../src/envelope/envelope.ts';
import { makeSm2Pem, nativeSm2, readSm2PrivateKey, sm2Signer, sm2Verify } from '../../src/trust/sm2.ts';
import { atMs, header, testKey, trustEntry, trusting } from './keys.ts';

const ctex = testKey('ctex', 'Ed25519');
const stex = testKey('stex', 'ES256');
const szse = testKey('szse', 'Ed25519');
const pair = readSm2PrivateKey(makeSm2Pem());
const sm2 = sm2Signer('stex:sm2-sm3:1', pair, nativeSm2);
const sm2Entry = trustEntry('stex', 'stex:sm2-sm3:1', 'SM2-SM3', sm2Verify(pair.public, nativeSm2));
const trust = trusting(ctex.entry, stex.entry, szse.entry, sm2Entry);
const deal = Buffer.from('{"kind":"deal","id":"ctex:D1","价":1}');
const iat = atMs / 1000;
const home = { participant: 'ctex', signers: [ctex.signer] };
const host = { participant: 'stex', signers: [stex.signer, sm2] };
const good = await cosign(deal, iat, [home, host]);
const open = (bytes: Uint8Array | string, parties = ['ctex', 'stex'], at: number | undefined = atMs) =>
  openCosigned(Buffer.from(bytes as string), trust, parties, at);

interface Jws {
  readonly payload: string;
  readonly signatures: readonly { readonly protected: string; readonly signature: string }[];
}
const jws = JSON.parse(Buffer.from(good).toString()) as Jws;
const only = (...keep: readonly number[]) =>
  JSON.stringify({ ...jws, signatures: keep.map((place) => jws.signatures[place]) });

test('one payload under the signatures of both, whichever is asked first', () => {
  for (const parties of [
    ['ctex', 'stex'],
    ['stex', 'ctex'],
  ]) {
    const opened = open(good, parties);
    expect(opened).toMatchObject({ ok: true, iat, signatures: [{ iss: 'ctex' }, { iss: 'stex' }, { iss: 'stex' }] });
    expect(opened.ok && Buffer.from(opened.payload).equals(deal)).toBe(true);
  }
});

test('without either party, or with a stranger in its place, it is refused', async () => {
  expect(open(only(0))).toMatchObject({ code: 'cosignature-missing', en: expect.stringContaining('stex') });
  expect(open(only(1, 2))).toMatchObject({ code: 'cosignature-missing', en: expect.stringContaining('ctex') });
  const other = await cosign(deal, iat, [home, { participant: 'szse', signers: [szse.signer] }]);
  expect(open(other)).toMatchObject({ code: 'issuer-mismatch' });
  expect(open(good, ['ctex', 'szse'])).toMatchObject({ code: 'issuer-mismatch' });
});

test('a party that has an SM2 key must have signed with it, too', () => {
  expect(open(only(0, 1))).toMatchObject({ code: 'alg-required', en: expect.stringContaining('stex SM2-SM3') });
  expect(open(only(0, 2))).toMatchObject({ code: 'alg-required' });
});

test('nobody signs for another: a key counts for its own participant only', async () => {
  const forged = await cosign(deal, iat, [home, { participant: 'stex', signers: [ctex.signer] }]).catch(
    () => undefined,
  );
  expect(forged === undefined ? { ok: false } : open(forged)).toMatchObject({ ok: false });
  const claimed = await cosign(deal, iat, [home, { participant: 'stex', signers: [szse.signer] }]);
  expect(open(claimed)).toMatchObject({ code: 'issuer-mismatch' });
});

test('signatures under different bytes or at different instants cannot be put together', async () => {
  const elsewhere = async (payload: Uint8Array, at: number) =>
    JSON.parse(Buffer.from(await cosign(payload, at, [home, host])).toString()) as Jws;
  const otherDeal = await elsewhere(Buffer.from('{"kind":"deal","id":"ctex:D1","价":2}'), iat);
  const otherTime = await elsewhere(deal, iat - 1);
  const mixed = (from: Jws) => JSON.stringify({ ...jws, signatures: [jws.signatures[0], ...from.signatures.slice(1)] });
  expect(open(mixed(otherDeal))).toMatchObject({ code: 'signature-invalid' });
  expect(open(mixed(otherTime))).toMatchObject({ code: 'headers-differ' });
});

test('it is no envelope, and an envelope is none of it', async () => {
  expect(verifyEnvelope(good, trust, { atMs })).toMatchObject({ ok: false });
  expect(open(await signEnvelope(deal, header(), [ctex.signer]))).toMatchObject({ ok: false });
});

test('with any one byte changed it is refused, and nothing is thrown', () => {
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Uint8Array.from(good);
      changed[at]! ^= change;
      expect(open(changed).ok).toBe(false);
    }),
    { numRuns: 400 },
  );
});

test('keys count as at journal time', () => {
  const revokedAt = '2026-03-02T09:30:00+08:00';
  const gone = trusting(ctex.entry, { ...stex.entry, status: 'revoked', revokedAt }, sm2Entry);
  expect(openCosigned(good, gone, ['ctex', 'stex'], atMs)).toMatchObject({ code: 'key-revoked' });
  expect(openCosigned(good, gone, ['ctex', 'stex'], atMs - 1)).toMatchObject({ ok: true });
});
