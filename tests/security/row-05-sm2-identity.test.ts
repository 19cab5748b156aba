import { createSign, generateKeyPairSync } from 'node:crypto';
import { signEnvelope, verifyEnvelope } from '../../src/envelope/envelope.ts';
import { derOfRs } from '../../src/trust/der.ts';
import {
  DEFAULT_SM2_ID,
  makeSm2Pem,
  nativeSm2,
  readSm2PrivateKey,
  readSm2PublicKey,
  type Sm2,
  sm2Signer,
  sm2Verify,
} from '../../src/trust/sm2.ts';
import { chooseSm2 } from '../../src/trust/sm2-check.ts';
import { atMs, header, trustEntry, trusting } from '../envelope/keys.ts';

/** Threat 5: SM2 with another or no user id, plain ECDSA on its curve, a key of the wrong kind; a library that errs. */

const pem = makeSm2Pem();
const key = readSm2PrivateKey(pem);
const envelopeBy = (id: string) =>
  signEnvelope(Buffer.from('{}'), header(), [sm2Signer('ctex:sm2-sm3:1', readSm2PrivateKey(pem, id), nativeSm2)]);
const trust = trusting(trustEntry('ctex', 'ctex:sm2-sm3:1', 'SM2-SM3', sm2Verify(key.public, nativeSm2)));

test('the example of GB/T 32918.5 verifies', () => {
  const spki = Buffer.from(
    '3059301306072a8648ce3d020106082a811ccf5501822d0342000409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13',
    'hex',
  );
  const rs = Buffer.from(
    'f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa',
    'hex',
  );
  expect(nativeSm2.verify(readSm2PublicKey(spki), Buffer.from('message digest'), derOfRs(rs))).toBe(true);
});

test.each(['', 'ALICE123@YAHOO.COM', '12345678123456781'])(
  'a signature under the user id %p is refused',
  async (id) => {
    expect(verifyEnvelope(await envelopeBy(DEFAULT_SM2_ID), trust, { atMs })).toMatchObject({ ok: true });
    expect(verifyEnvelope(await envelopeBy(id), trust, { atMs })).toMatchObject({
      ok: false,
      code: 'signature-invalid',
    });
  },
);

test('plain ECDSA on the SM2 curve is refused, with Z_A before the message or without', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'SM2' });
  const own = readSm2PublicKey(publicKey.export({ format: 'der', type: 'spki' }));
  const message = Buffer.from('a deal');
  for (const parts of [[message], [own.za, message]]) {
    const plain = createSign('sm3');
    for (const part of parts) plain.update(part);
    expect(nativeSm2.verify(own, message, plain.sign(privateKey))).toBe(false);
  }
});

test('a P-256 key is not taken for an SM2 key, nor an Ed25519 key', () => {
  for (const { publicKey } of [generateKeyPairSync('ec', { namedCurve: 'P-256' }), generateKeyPairSync('ed25519')]) {
    expect(() => readSm2PublicKey(publicKey.export({ format: 'der', type: 'spki' }))).toThrow();
  }
});

test('a process whose SM2 fails the known answers does not start, and says so in both languages', () => {
  const forgetsId: Sm2 = { ...nativeSm2, verify: () => true };
  expect(() => chooseSm2([forgetsId])).toThrow(/拒绝启动.*refusing to start/);
});
