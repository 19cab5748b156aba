import fc from 'fast-check';
import * as jose from 'jose';
import { signEnvelope, verifyEnvelope } from '../../src/envelope/envelope.ts';
import { withLowS } from '../../src/envelope/signers.ts';
import { atMs, header, type TestKey, testKey, trusting } from './keys.ts';

const keys = { Ed25519: testKey('ctex', 'Ed25519'), ES256: testKey('ctex', 'ES256') };
const trust = trusting(keys.Ed25519.entry, keys.ES256.entry);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What jose makes of the header and payload, put into our one spelling (jose writes its members in another order). */
async function signedByJose(payload: Uint8Array, key: TestKey): Promise<Buffer> {
  const { alg, kid } = key.signer;
  const jws = await new jose.GeneralSign(payload)
    .addSignature(key.privateKey)
    .setProtectedHeader({ alg, kid, ...header() })
    .sign();
  const [part] = jws.signatures;
  let signature = part?.signature ?? '';
  // jose leaves s as it falls; evidence admits only the lower one.
  if (alg === 'ES256') signature = Buffer.from(withLowS(Buffer.from(signature, 'base64url'))).toString('base64url');
  return Buffer.from(JSON.stringify({ payload: jws.payload, signatures: [{ protected: part?.protected, signature }] }));
}

describe.each(['Ed25519', 'ES256'] as const)('beside jose, with %s', (alg) => {
  const key = keys[alg];

  test('jose verifies what we sign, with the same header and payload', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (payload) => {
        const bytes = await signEnvelope(payload, header(), [key.signer]);
        const jws = JSON.parse(Buffer.from(bytes).toString()) as jose.GeneralJWSInput;
        const opened = await jose.generalVerify(jws, key.publicKey);
        expect(Buffer.from(opened.payload).equals(payload)).toBe(true);
        expect(opened.protectedHeader).toEqual({ alg, kid: key.signer.kid, ...header() });
      }),
      { numRuns: 40 },
    );
  });

  test('we verify what jose signs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (payload) => {
        const opened = verifyEnvelope(await signedByJose(payload, key), trust, { atMs });
        expect(opened).toMatchObject({ ok: true, header: header() });
        expect(opened.ok && Buffer.from(opened.payload).equals(payload)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('what jose refuses after a change of one character, we refuse too', async () => {
    const good = Buffer.from(await signEnvelope(utf8('{"a":1}'), header(), [key.signer])).toString();
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.constantFrom(...'Aa0-_."{'), async (at, char) => {
        fc.pre(good[at] !== char);
        const changed = good.slice(0, at) + char + good.slice(at + 1);
        const ours = verifyEnvelope(utf8(changed), trust, { atMs });
        const theirs = await Promise.resolve()
          .then(() => jose.generalVerify(JSON.parse(changed) as jose.GeneralJWSInput, key.publicKey))
          .then(() => true)
          .catch(() => false);
        if (!theirs) expect(ours.ok).toBe(false); // jose may take altered trailing bits; we are never the laxer one
      }),
      { numRuns: 150 },
    );
  });

  // docs/decisions/0001: jose takes all four of these spellings of one signature.
  test.each([
    ['an inserted space', (s: string) => `${s.slice(0, 10)} ${s.slice(10)}`],
    ['a trailing newline', (s: string) => `${s}\\n`],
    ['padding', (s: string) => `${s}==`],
    ['altered trailing bits', alteredTail],
  ])('a signature with %s is refused', async (_, spell) => {
    const jws = Buffer.from(await signEnvelope(utf8('x'), header(), [key.signer])).toString();
    const signature = /"signature":"([^"]+)"/.exec(jws)?.[1] ?? '';
    const other = jws.replace(signature, spell(signature));
    expect(other).not.toBe(jws);
    expect(verifyEnvelope(utf8(other), trust, { atMs })).toMatchObject({ ok: false, code: 'base64url-loose' });
  });
});

/** 64 bytes end in a character of which four bits are unused: the same bytes, spelt otherwise. */
function alteredTail(signature: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(signature.at(-1) ?? '');
  return signature.slice(0, -1) + alphabet[last ^ 1];
}
