import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { signEnvelope, verifyEnvelope } from '../../src/envelope/envelope.ts';
import { atMs, header, testKey, trusting } from '../envelope/keys.ts';

/** Threat 1: the header names another algorithm than the key is for (RFC 8725, 2.1): `none`, or an HMAC under a public key. */

const ed25519 = testKey('ctex', 'Ed25519');
const es256 = testKey('ctex', 'ES256');
const trust = trusting(ed25519.entry, es256.entry);
const payload = Buffer.from('{"id":"ctex:TJ2026-000123"}');
const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** An envelope whose protected header says what we like, with whatever signature. */
function envelope(protectedHeader: object, sign: (input: string) => Buffer): Uint8Array {
  const [head, body] = [base64url(protectedHeader), payload.toString('base64url')];
  const signature = sign(`${head}.${body}`).toString('base64url');
  return Buffer.from(JSON.stringify({ payload: body, signatures: [{ protected: head, signature }] }));
}

/** The protected header exactly as we write it, with another algorithm. */
async function headerWith(alg: string, kid: string): Promise<object> {
  const good = JSON.parse(Buffer.from(await signEnvelope(payload, header(), [ed25519.signer])).toString()) as {
    signatures: { protected: string }[];
  };
  const read = JSON.parse(Buffer.from(good.signatures[0]!.protected, 'base64url').toString()) as object;
  return { ...read, alg, kid };
}

const pem = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' });

test.each(['none', 'None', 'HS256', 'HS512', 'RS256', 'PS256', 'ES384', 'EdDSA', '', 'ed25519'])(
  'an algorithm of %p is refused before any key is touched',
  async (alg) => {
    for (const { entry, publicKey } of [ed25519, es256]) {
      const unsigned = envelope(await headerWith(alg, entry.kid), () => Buffer.alloc(0));
      const hmac = envelope(await headerWith(alg, entry.kid), (input) =>
        createHmac('sha256', pem(publicKey)).update(input).digest(),
      );
      for (const bytes of [unsigned, hmac]) expect(verifyEnvelope(bytes, trust, { atMs })).toMatchObject({ ok: false });
    }
  },
);

test.each(['Ed25519', 'ES256', 'SM2-SM3'])(
  '%s is taken only from a key that the trust list has for it',
  async (alg) => {
    const foreign = generateKeyPairSync('ed25519').publicKey;
    for (const { entry } of [ed25519, es256]) {
      if (entry.alg === alg) continue;
      const bytes = envelope(await headerWith(alg, entry.kid), (input) =>
        createHmac('sha256', pem(foreign)).update(input).update(input).digest(),
      );
      expect(verifyEnvelope(bytes, trust, { atMs })).toMatchObject({ ok: false, code: 'alg-mismatch' });
    }
  },
);
