import { sm2 } from 'sm-crypto-v2';
import { derOfRs, rsOfDer } from './der.ts';
import type { Sm2, Sm2PublicKey } from './sm2.ts';

/**
 * The same SM2 without OpenSSL, about ten times slower to verify: stands in when the known-answer test finds that this
 * Node no longer does what `sm2.ts` relies on. `hash` must be said: here it defaults to off.
 */
export const portableSm2: Sm2 = {
  name: 'sm-crypto-v2',
  sign({ key, public: publicKey }, bytes) {
    const options = { hash: true, userId: publicKey.id, publicKey: pointOf(publicKey) };
    const rs = sm2.doSignature(bytes, scalarOf(key.export({ format: 'der', type: 'pkcs8' })), options);
    return derOfRs(Buffer.from(rs, 'hex'));
  },
  verify(publicKey, bytes, der) {
    const rs = rsOfDer(der);
    if (rs === undefined) return false;
    try {
      const options = { hash: true, userId: publicKey.id };
      return sm2.doVerifySignature(bytes, Buffer.from(rs).toString('hex'), pointOf(publicKey), options) === true;
    } catch {
      return false; // it throws for r or s out of range
    }
  },
};

function pointOf({ spki }: Sm2PublicKey): string {
  return `04${Buffer.from(spki.subarray(-64)).toString('hex')}`;
}

/** PKCS#8 as OpenSSL writes it for a 256-bit curve: ECPrivateKey { 1, OCTET STRING (32) … }. */
function scalarOf(pkcs8: Buffer): string {
  const mark = Buffer.from('0201010420', 'hex');
  const at = pkcs8.indexOf(mark);
  if (at < 0) throw new TypeError('assertion: not a PKCS#8 key on a 256-bit curve');
  return pkcs8.subarray(at + mark.length, at + mark.length + 32).toString('hex');
}
