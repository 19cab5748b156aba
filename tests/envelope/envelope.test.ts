import fc from 'fast-check';
import { type EnvelopeCode, envelopeCodes, refuse } from '../../src/envelope/codes.ts';
import { digestOf } from '../../src/envelope/digest.ts';
import { MAX_SKEW_SECONDS, signEnvelope, verifyEnvelope } from '../../src/envelope/envelope.ts';
import type { EnvelopeHeader } from '../../src/envelope/header.ts';
import { MAX_JWS_BYTES } from '../../src/envelope/jws.ts';
import { withLowS } from '../../src/envelope/signers.ts';
import { atMs, handMade, header, testKey, trusting } from './keys.ts';

const ctex = testKey('ctex', 'Ed25519');
const ctexEc = testKey('ctex', 'ES256');
const stex = testKey('stex', 'Ed25519');
const trust = trusting(ctex.entry, ctexEc.entry, stex.entry);
const payload = Buffer.from('{"id":"ctex:TJ2026-000123","title":"一种桥"}');
const good = await signEnvelope(payload, header(), [ctex.signer]);

const verify = (bytes: Uint8Array | string, options = {}) =>
  verifyEnvelope(typeof bytes === 'string' ? Buffer.from(bytes) : bytes, trust, { atMs, ...options });
const withHeader = (members: object) =>
  handMade(JSON.stringify({ alg: 'Ed25519', kid: ctex.signer.kid, ...members }), payload, ctex.signer.sign);
const expectRefusal = (result: unknown, code: EnvelopeCode, pointer?: string) =>
  expect(result).toMatchObject({ ok: false, code, ...(pointer === undefined ? {} : { pointer }) });

describe('an envelope', () => {
  test('gives back any payload, JSON or not, with the header it was signed with', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), fc.constantFrom(ctex, ctexEc), async (bytes, key) => {
        const envelope = await signEnvelope(bytes, header(), [key.signer]);
        const opened = verify(envelope, { audience: 'szse' });
        expect(opened).toMatchObject({ ok: true, header: header(), digest: digestOf(envelope) });
        expect(opened.ok && Buffer.from(opened.payload).equals(bytes)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('is the same bytes each time for the same input (Ed25519)', async () => {
    expect(Buffer.from(await signEnvelope(payload, header(), [ctex.signer])).equals(good)).toBe(true);
  });

  test('with any one byte changed is refused, and nothing is thrown', async () => {
    const dual = await signEnvelope(payload, header(), [ctex.signer, ctexEc.signer]);
    for (const bytes of [good, dual]) {
      fc.assert(
        fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
          const changed = Uint8Array.from(bytes);
          changed[at]! ^= change;
          expect(verify(changed).ok).toBe(false);
        }),
        { numRuns: 1500 },
      );
    }
  });

  test('cut short, lengthened, or replaced by anything at all is refused, and nothing is thrown', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.nat(good.length - 1).map((n) => good.subarray(0, n)),
          fc.uint8Array({ minLength: 1, maxLength: 20 }).map((tail) => Buffer.concat([good, tail])),
          fc.uint8Array({ maxLength: 400 }),
          fc.json().map((text) => Buffer.from(text)),
          fc.constant(Buffer.from('['.repeat(100_000))),
          fc.constant(Buffer.from(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`)),
        ),
        (bytes) => {
          expect(verify(bytes).ok).toBe(false);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('carries two signatures of one origin, each verified; order and repetition are fixed', async () => {
    const dual = Buffer.from(await signEnvelope(payload, header(), [ctexEc.signer, ctex.signer])).toString();
    const opened = verify(dual);
    expect(opened.ok && opened.signatures.map(({ alg }) => alg)).toEqual(['Ed25519', 'ES256']);
    const jws = JSON.parse(dual) as { payload: string; signatures: unknown[] };
    expectRefusal(verify(JSON.stringify({ ...jws, signatures: jws.signatures.toReversed() })), 'signature-order');
    const [first] = jws.signatures;
    expectRefusal(verify(JSON.stringify({ ...jws, signatures: [first, first] })), 'signature-order');
    expectRefusal(verify(JSON.stringify({ ...jws, signatures: Array(5).fill(first) })), 'signature-count');
    expectRefusal(verify('{"payload":"","signatures":[]}'), 'signature-count');
    // Strip the second signature: still well signed, but not by all that are required.
    const stripped = JSON.stringify({ ...jws, signatures: [first] });
    expect(verify(stripped).ok).toBe(true);
    expectRefusal(verify(stripped, { requireAlgs: ['Ed25519', 'ES256'] }), 'alg-required');
  });

  test('whose second signature protects another header is refused', async () => {
    const one = JSON.parse(Buffer.from(good).toString()) as { payload: string; signatures: unknown[] };
    const other = await signEnvelope(payload, header({ jti: 'ctex:EV-0002' }), [ctexEc.signer]);
    const two = JSON.parse(Buffer.from(other).toString()) as typeof one;
    expectRefusal(
      verify(JSON.stringify({ ...one, signatures: [...one.signatures, ...two.signatures] })),
      'headers-differ',
    );
  });

  test('is read in its one spelling only, so that its digest names it', () => {
    const text = Buffer.from(good).toString();
    const jws = JSON.parse(text) as { payload: string; signatures: unknown[] };
    expectRefusal(verify(`${text}\n`), 'not-canonical');
    expectRefusal(verify(` ${text}`), 'not-canonical');
    expectRefusal(verify(JSON.stringify(jws, null, 1)), 'not-canonical');
    expectRefusal(verify(JSON.stringify({ signatures: jws.signatures, payload: jws.payload })), 'not-canonical');
    expectRefusal(verify(text.replace('payload', 'p\\u0061yload')), 'not-canonical');
    expectRefusal(verify(`\ufeff${text}`), 'not-json');
    expectRefusal(verify(text.replace('{"payload"', '{"payload":"AA","payload"')), 'duplicate-key', '/payload');
    expectRefusal(
      verify(text.replace('{"protected"', '{"signature":"AA","protected"')),
      'duplicate-key',
      '/signatures/0/signature',
    );
    expectRefusal(verify(text.replace('{"payload"', '{"x":1,"payload"')), 'unlisted-member', '/x');
    expectRefusal(verify(text.replace('{"payload"', '{"header":{},"payload"')), 'unprotected-header');
    expectRefusal(
      verify(text.replace('{"protected"', '{"header":{"kid":"a"},"protected"')),
      'unprotected-header',
      '/signatures/0/header',
    );
  });
});

describe('the protected header', () => {
  test.each(['jku', 'jwk', 'x5u', 'x5c', 'x5t', 'x5t#S256'])('may not bring a key along (%s)', (name) => {
    expectRefusal(verify(withHeader({ ...header(), [name]: 'https://evil.example/keys' })), 'key-supplied');
  });

  test('may hold nothing but the listed members', () => {
    expectRefusal(verify(withHeader({ ...header(), crit: ['exp'] })), 'crit-unsupported');
    expectRefusal(verify(withHeader({ ...header(), b64: true })), 'unlisted-member');
    expectRefusal(verify(withHeader({ ...header(), cty: 'json' })), 'unlisted-member');
    const proto = JSON.stringify({ alg: 'Ed25519', kid: ctex.signer.kid, ...header() }).replace(
      '{',
      '{"__proto__":{},',
    );
    expectRefusal(verify(handMade(proto, payload, ctex.signer.sign)), 'unlisted-member');
  });

  test('has one spelling, and no key twice', () => {
    const text = JSON.stringify({ alg: 'Ed25519', kid: ctex.signer.kid, ...header() });
    const spelt = (other: string) => verify(handMade(other, payload, ctex.signer.sign));
    expect(spelt(text).ok).toBe(true);
    expectRefusal(spelt(text.replace('"seq":1', '"seq":1,"seq":2')), 'duplicate-key', '/signatures/0/protected/seq');
    expectRefusal(spelt(text.replace('"seq":1', '"s\\u0065q":1')), 'not-canonical');
    expectRefusal(spelt(text.replace('"seq":1', '"seq": 1')), 'not-canonical');
    expectRefusal(spelt(text.replace('"seq":1', '"seq":1.0')), 'not-canonical');
    expectRefusal(spelt(text.replace('"seq":1', '"seq":1e0')), 'not-canonical');
    expectRefusal(spelt(text.replace('EV-0001', '\\ud800')), 'not-canonical');
    expectRefusal(spelt(`${text} `), 'not-canonical');
    expectRefusal(spelt('[]'), 'not-jws');
    expectRefusal(spelt('"x"'), 'not-jws');
    expectRefusal(spelt('{'), 'not-json');
  });

  test.each<[keyof EnvelopeHeader, readonly unknown[]]>([
    ['aud', [[], 'stex', ['stex', 'stex'], ['STEX'], [1], Array.from({ length: 17 }, (_, i) => `p${i}x`)]],
    ['jti', ['', 'a\nb', 'x'.repeat(201), 'a\u202eb', 1, null]],
    ['iat', [-1, 1.5, '1', 2 ** 53, 253_402_300_800]],
    ['exp', [header().iat, 0, '9']],
    ['kind', ['Listing', 'listing\n', '', 7]],
    ['contract', ['', '1/0', 1]],
    ['rulebook', ['A'.repeat(64), 'a'.repeat(63), null]],
    ['stream', ['', 'a\u0000']],
    ['seq', [0, -1, 1.5, '1', 2 ** 53]],
    ['prev', ['c'.repeat(64), 'x', 0]],
    ['nat', ['', 'B'.repeat(64), 5]],
  ])('refuses a malformed %s, and its absence', (name, values) => {
    for (const value of values) {
      expectRefusal(
        verify(withHeader({ ...header(), [name]: value })),
        'malformed-member',
        `/signatures/0/protected/${name}`,
      );
    }
    const { [name]: _, ...without } = { ...header() };
    if (name !== 'exp') expectRefusal(verify(withHeader(without)), 'missing-member', `/signatures/0/protected/${name}`);
  });

  test('chains a stream: prev is null exactly for the first message', async () => {
    expectRefusal(verify(withHeader(header({ seq: 2 }))), 'malformed-member', '/signatures/0/protected/prev');
    expect(verify(await signEnvelope(payload, header({ seq: 2, prev: digestOf(good) }), [ctex.signer])).ok).toBe(true);
  });

  test('that recipients would refuse is never signed by us: that is our bug', async () => {
    await expect(signEnvelope(payload, header({ seq: 0 }), [ctex.signer])).rejects.toThrow('assertion');
    await expect(signEnvelope(payload, { ...header(), ...{ jku: 'x' } }, [ctex.signer])).rejects.toThrow('assertion');
    await expect(signEnvelope(payload, header(), [])).rejects.toThrow('assertion');
  });
});

describe('keys', () => {
  test('are found by exact id in the local trust list only', () => {
    for (const kid of ['nobody:ed25519:1', "a' or '1'='1", '../../etc/passwd', '', 'constructor', '__proto__']) {
      const jws = handMade(JSON.stringify({ alg: 'Ed25519', kid, ...header() }), payload, ctex.signer.sign);
      expect(['kid-unknown', 'kid-malformed']).toContain((verify(jws) as { code: string }).code);
    }
  });

  test('serve one algorithm each: every other combination of name and key is refused', () => {
    const keys = [ctex, ctexEc];
    for (const named of ['Ed25519', 'ES256', 'SM2-SM3', 'EdDSA', 'HS256', 'RS256', 'none', 'es256', '', 1, null]) {
      for (const key of keys) {
        for (const signing of keys) {
          const text = JSON.stringify({ alg: named, kid: key.signer.kid, ...header() });
          const result = verify(handMade(text, payload, signing.signer.sign));
          expect(result.ok).toBe(named === key.signer.alg && signing === key);
        }
      }
    }
    const claimed = { alg: 'ES256', kid: ctex.signer.kid, ...header() };
    expectRefusal(verify(handMade(JSON.stringify(claimed), payload, ctexEc.signer.sign)), 'alg-mismatch');
    const none = handMade(JSON.stringify({ ...claimed, alg: 'none' }), payload, () => Buffer.alloc(0));
    expectRefusal(verify(none), 'alg-unsupported');
  });

  test('of one participant cannot speak for another', async () => {
    expectRefusal(verify(await signEnvelope(payload, header({ iss: 'stex' }), [ctex.signer])), 'issuer-mismatch');
    expectRefusal(verify(await signEnvelope(payload, header(), [ctex.signer, stex.signer])), 'issuer-mismatch');
  });

  test('count only while valid, and revocation counts from its own instant', () => {
    const at = (changes: object, when = atMs) =>
      verifyEnvelope(good, trusting({ ...ctex.entry, ...changes }), { atMs: when });
    expect(at({}).ok).toBe(true);
    expectRefusal(at({ notBefore: '2026-03-02T09:30:01+08:00' }), 'key-not-valid');
    expectRefusal(at({ notAfter: '2026-03-02T09:30:00+08:00' }), 'key-not-valid');
    expectRefusal(at({ notAfter: 'nonsense' }), 'key-not-valid');
    expectRefusal(at({ status: 'revoked' }), 'key-revoked');
    const revokedAt = '2026-03-03T00:00:00+08:00';
    expect(at({ status: 'revoked', revokedAt }).ok).toBe(true);
    expectRefusal(at({ status: 'revoked', revokedAt }, Date.parse(revokedAt)), 'key-revoked');
    expectRefusal(verifyEnvelope(good, trusting({ ...ctex.entry, status: 'revoked', revokedAt })), 'key-revoked');
  });

  test('ES256 admits only the lower s, so that nobody can make a second valid form', () => {
    const text = JSON.stringify({ alg: 'ES256', kid: ctexEc.signer.kid, ...header() });
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const upper = (bytes: Uint8Array) => {
      const low = Buffer.from(withLowS(ctexEc.signer.sign(bytes)));
      const s = (order - BigInt(`0x${low.subarray(32).toString('hex')}`)).toString(16).padStart(64, '0');
      const high = Buffer.concat([low.subarray(0, 32), Buffer.from(s, 'hex')]);
      expect(ctexEc.entry.verify(bytes, high)).toBe(true);
      return high;
    };
    expectRefusal(verify(handMade(text, payload, upper)), 'signature-malleable');
  });

  test('signatures of a wrong length or by nobody are refused', () => {
    const text = JSON.stringify({ alg: 'Ed25519', kid: ctex.signer.kid, ...header() });
    for (const length of [0, 1, 63, 64, 65, 128]) {
      expectRefusal(verify(handMade(text, payload, () => Buffer.alloc(length))), 'signature-invalid');
    }
  });
});

describe('address and time', () => {
  test('an envelope is only for those it names', () => {
    expect(verify(good, { audience: 'stex' }).ok).toBe(true);
    expectRefusal(verify(good, { audience: 'qiao' }), 'audience-mismatch');
  });

  test('expiry is exclusive, and another clock may be ahead by no more than the allowed skew', async () => {
    const iat = header().iat;
    const expiring = await signEnvelope(payload, header({ exp: iat + 10 }), [ctex.signer]);
    expect(verify(expiring, { atMs: (iat + 10) * 1000 - 1 }).ok).toBe(true);
    expectRefusal(verify(expiring, { atMs: (iat + 10) * 1000 }), 'expired');
    expect(verify(good, { atMs: (iat - MAX_SKEW_SECONDS) * 1000 }).ok).toBe(true);
    expectRefusal(verify(good, { atMs: (iat - MAX_SKEW_SECONDS) * 1000 - 1 }), 'issued-in-future');
  });

  test('more than the limit is refused before it is read', () => {
    expectRefusal(verify(Buffer.alloc(MAX_JWS_BYTES + 1, 0x7b)), 'too-large');
  });
});

test('every refusal speaks both languages and shows foreign text harmlessly', () => {
  for (const code of envelopeCodes) {
    const refusal = refuse(code, '', 'a\r\n\u001b[31m\u202e桥');
    expect(refusal.zh).toMatch(/\p{Script=Han}/u);
    expect(refusal.en).toMatch(/^[\x20-\x7e]+$/);
    expect(refusal.zh).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  }
});
