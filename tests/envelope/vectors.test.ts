import { createPrivateKey, createPublicKey } from 'node:crypto';
import { decodeBase64url } from '../../src/envelope/base64url.ts';
import { openJws } from '../../src/envelope/jws.ts';
import { ed25519Signer, ed25519Verify, es256Verify, hasLowS, withLowS } from '../../src/envelope/signers.ts';
import { trusting } from './keys.ts';

const profile = { typ: 'fed-msg+jws', members: new Set(['typ', 'iss']) } as const;
const bytesOf = (text: string): Uint8Array => {
  const bytes = decodeBase64url(text);
  if (bytes === undefined) throw new Error('vector is not base64url');
  return bytes;
};

/** RFC 7515 appendix A.3 (and A.6, second signature): ES256 over `{"iss":"joe",…}`. */
const rfc7515 = {
  jwk: {
    kty: 'EC',
    crv: 'P-256',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  },
  protected: 'eyJhbGciOiJFUzI1NiJ9',
  payload: 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ',
  signature: 'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
};

/** RFC 8037 appendix A.4: Ed25519 over "Example of Ed25519 signing". */
const rfc8037 = {
  jwk: {
    kty: 'OKP',
    crv: 'Ed25519',
    d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
    x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  },
  input: 'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc',
  signature: 'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
};

/** RFC 7520 §4.8: three signatures; the payload and the HS256 one, which alone has only a protected header. */
const rfc7520 = {
  payload:
    'SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4',
  protected: 'eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9',
  signature: 's0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0',
};

describe('published vectors', () => {
  const es256 = es256Verify(createPublicKey({ key: rfc7515.jwk, format: 'jwk' }));
  const input7515 = Buffer.from(`${rfc7515.protected}.${rfc7515.payload}`);

  test('RFC 7515 A.3: the ES256 signature verifies, and a flipped bit anywhere in it does not', () => {
    const signature = bytesOf(rfc7515.signature);
    expect(es256(input7515, signature)).toBe(true);
    for (let bit = 0; bit < 512; bit += 1) {
      const flipped = Uint8Array.from(signature);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(es256(input7515, flipped)).toBe(false);
    }
  });

  test('RFC 7515 A.3: the signature has the upper s, its lower twin verifies just as well', () => {
    const signature = bytesOf(rfc7515.signature);
    expect(hasLowS(signature)).toBe(false);
    expect(hasLowS(withLowS(signature))).toBe(true);
    expect(es256(input7515, withLowS(signature))).toBe(true);
  });

  test('RFC 7515 A.6: the general form with its unprotected kid is refused', () => {
    const jws = `{"payload":"${rfc7515.payload}","signatures":[{"protected":"${rfc7515.protected}","header":{"kid":"e9bc097a-ce51-4036-9562-d2ade882db0d"},"signature":"${rfc7515.signature}"}]}`;
    expect(openJws(Buffer.from(jws), trusting(), profile)).toMatchObject({
      ok: false,
      code: 'unprotected-header',
      pointer: '/signatures/0/header',
    });
  });

  test('RFC 8037 A.4: Ed25519 gives exactly the published signature, and verifies it', () => {
    const privateKey = createPrivateKey({ key: rfc8037.jwk, format: 'jwk' });
    const { d: _, ...publicJwk } = rfc8037.jwk;
    const input = Buffer.from(rfc8037.input);
    const made = ed25519Signer('rfc:8037', privateKey).sign(input);
    expect(Buffer.from(made).toString('base64url')).toBe(rfc8037.signature);
    expect(ed25519Verify(createPublicKey({ key: publicJwk, format: 'jwk' }))(input, made)).toBe(true);
  });

  test('RFC 7520 4.8: HS256 is not an algorithm for evidence, unprotected headers are refused', () => {
    const hs256 = `{"payload":"${rfc7520.payload}","signatures":[{"protected":"${rfc7520.protected}","signature":"${rfc7520.signature}"}]}`;
    expect(openJws(Buffer.from(hs256), trusting(), profile)).toMatchObject({ code: 'alg-unsupported' });
    const es512 = `{"payload":"${rfc7520.payload}","signatures":[{"header":{"alg":"ES512","kid":"bilbo.baggins@hobbiton.example"},"signature":"AA"}]}`;
    expect(openJws(Buffer.from(es512), trusting(), profile)).toMatchObject({ code: 'unprotected-header' });
  });

  test('RFC 7515 §2 base64url: the published spellings are taken, their look-alikes are not', () => {
    expect(Buffer.from(bytesOf('A-z_4ME')).toString('hex')).toBe('03ecffe0c1');
    for (const loose of ['A-z_4ME=', 'A-z_4MF', 'A+z_4ME', 'A-z/4ME', 'A-z_ 4ME', 'A-z_4ME\n', 'A', 'A-z_4', 'é']) {
      expect(decodeBase64url(loose)).toBeUndefined();
    }
    expect(decodeBase64url('')).toHaveLength(0);
  });
});
