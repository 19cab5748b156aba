import { createHash, createPublicKey, createSign, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { sm2 as oracle } from 'sm-crypto-v2';
import { signEnvelope, verifyEnvelope } from '../../src/envelope/envelope.ts';
import { derOfRs, rsOfDer } from '../../src/trust/der.ts';
import {
  DEFAULT_SM2_ID,
  isSm2Spki,
  makeSm2Pem,
  nativeSm2,
  readSm2PrivateKey,
  readSm2PublicKey,
  type Sm2,
  sm2Signer,
  sm2Verify,
} from '../../src/trust/sm2.ts';
import { assertSm2Works, chooseSm2 } from '../../src/trust/sm2-check.ts';
import { portableSm2 } from '../../src/trust/sm2-portable.ts';
import { atMs, header, testKey, trustEntry, trusting } from '../envelope/keys.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const ORDER = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n;
const wide = (n: bigint, bytes = 32): Buffer => Buffer.from(n.toString(16).padStart(bytes * 2, '0'), 'hex');

/** GB/T 32918.5 annex A. */
const spki = Buffer.from(
  '3059301306072a8648ce3d020106082a811ccf5501822d0342000409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13',
  'hex',
);
const r = 0xf5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3n;
const s = 0xb1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aan;
const message = Buffer.from('message digest');
const gbKey = readSm2PublicKey(spki);
const good = derOfRs(Buffer.concat([wide(r), wide(s)]));

/** DER without any check, so that bad numbers can be put into it. */
function looseDer(...numbers: readonly bigint[]): Buffer {
  const integers = numbers.map((n) => {
    let digits = n.toString(16);
    if (digits.length % 2 === 1) digits = `0${digits}`;
    const body = Buffer.from(digits, 'hex');
    const signed = body[0]! >= 0x80 ? Buffer.concat([Buffer.from([0]), body]) : body;
    return Buffer.concat([Buffer.from([2, signed.length]), signed]);
  });
  const content = Buffer.concat(integers);
  return Buffer.concat([Buffer.from([0x30, content.length]), content]);
}

describe.each([nativeSm2, portableSm2])('SM2 by $name', (sm2: Sm2) => {
  test('the GB/T 32918.5 example verifies, with Z_A as printed there', () => {
    expect(hex(gbKey.za)).toBe('b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3');
    expect(sm2.verify(gbKey, message, good)).toBe(true);
  });

  test('no flipped bit of the signature verifies', () => {
    for (let bit = 0; bit < good.length * 8; bit += sm2 === nativeSm2 ? 1 : 9) {
      const flipped = Uint8Array.from(good);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(sm2.verify(gbKey, message, flipped)).toBe(false);
    }
  });

  test.each([
    ['r + n', looseDer(r + ORDER, s)],
    ['s + n', looseDer(r, s + ORDER)],
    ['r = 0', looseDer(0n, s)],
    ['s = 0', looseDer(r, 0n)],
    ['r + s = n', looseDer(r, ORDER - r)],
    ['n − s', looseDer(r, ORDER - s)],
    ['r = n', looseDer(ORDER, s)],
    ['a long-form length', Buffer.concat([Buffer.from([0x30, 0x81]), good.subarray(1)])],
    ['a needless leading zero', Buffer.from(`3047022100${hex(wide(r))}02220000${hex(wide(s))}`, 'hex')],
    ['a trailing byte', Buffer.concat([good, Buffer.from([0])])],
    ['a third number', looseDer(r, s, 1n)],
    ['nothing', Buffer.alloc(0)],
    ['r‖s instead of DER', Buffer.concat([wide(r), wide(s)])],
  ])('refuses %s', (_, signature) => {
    expect(sm2.verify(gbKey, message, signature)).toBe(false);
  });

  test('a wrong or empty user id does not verify, the right one does', () => {
    const pem = makeSm2Pem();
    const own = readSm2PrivateKey(pem, 'ALICE123@YAHOO.COM');
    const signature = sm2.sign(own, message);
    expect(sm2.verify(own.public, message, signature)).toBe(true);
    for (const id of [DEFAULT_SM2_ID, '', 'alice123@yahoo.com']) {
      expect(sm2.verify(readSm2PrivateKey(pem, id).public, message, signature)).toBe(false);
    }
  });

  test('plain ECDSA on the SM2 curve is refused, however its digest was made', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'SM2' });
    const key = readSm2PublicKey(publicKey.export({ format: 'der', type: 'spki' }));
    // Trap of OpenSSL 3: a generated, never decoded key signs plain ECDSA.
    for (const parts of [[message], [key.za, message]]) {
      const plain = createSign('sm3');
      for (const part of parts) plain.update(part);
      expect(sm2.verify(key, message, plain.sign(privateKey))).toBe(false);
    }
  });

  test('agrees with sm-crypto-v2 in both directions, on any bytes', () => {
    const pair = oracle.generateKeyPairHex();
    const head = '3059301306072a8648ce3d020106082a811ccf5501822d034200';
    const theirs = readSm2PublicKey(Buffer.from(head + pair.publicKey, 'hex'));
    const ours = readSm2PrivateKey(makeSm2Pem());
    const ourPoint = `04${hex(ours.public.spki.subarray(-64))}`;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const options = { hash: true, der: true, userId: DEFAULT_SM2_ID };
        const signed = Buffer.from(oracle.doSignature(bytes, pair.privateKey, options), 'hex');
        expect(sm2.verify(theirs, bytes, signed)).toBe(true);
        expect(oracle.doVerifySignature(bytes, hex(sm2.sign(ours, bytes)), ourPoint, options)).toBe(true);
      }),
      { numRuns: 15 },
    );
  });

  test('passes the known-answer test', () => {
    expect(() => assertSm2Works(sm2)).not.toThrow();
  });
});

describe('keys on the SM2 curve', () => {
  test('are known by their curve’s object identifier, and no other key is taken for one', () => {
    expect(isSm2Spki(spki)).toBe(true);
    const p256 = testKey('ctex', 'ES256').publicKey.export({ format: 'der', type: 'spki' });
    expect(p256).toHaveLength(spki.length);
    expect(isSm2Spki(p256)).toBe(false);
    expect(() => readSm2PublicKey(p256)).toThrow('1.2.156.10197.1.301');
  });

  test('must be points on the curve', () => {
    const off = Buffer.from(spki);
    off[90]! ^= 1;
    expect(() => readSm2PublicKey(off)).toThrow();
  });

  test('survive PEM and encryption under a passphrase', () => {
    const pem = makeSm2Pem();
    const own = readSm2PrivateKey(pem);
    const locked = own.key
      .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'demo' })
      .toString();
    const again = readSm2PrivateKey(locked, DEFAULT_SM2_ID, 'demo');
    expect(nativeSm2.verify(own.public, message, nativeSm2.sign(again, message))).toBe(true);
    expect(() => readSm2PrivateKey(locked, DEFAULT_SM2_ID, 'other')).toThrow();
  });
});

describe('DER and r‖s', () => {
  test('are two spellings of the same numbers, one to one', () => {
    const number = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const small = fc.nat(40_000).map((n) => wide(BigInt(n)));
    fc.assert(
      fc.property(fc.oneof(number, small), fc.oneof(number, small), (a, b) => {
        const rs = Buffer.concat([a, b]);
        expect(hex(rsOfDer(derOfRs(rs))!)).toBe(hex(rs));
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const rs = rsOfDer(bytes);
        if (rs !== undefined) expect(hex(derOfRs(rs))).toBe(hex(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['the shortest form', '3006020101020101', true],
    ['a needless zero in r', '300702020001020101', false],
    ['a needless zero in s', '300702010102020001', false],
    ['a negative r', '3006020181020101', false],
    ['an empty integer', '30050200020101', false],
    ['another tag', '3106020101020101', false],
    ['a wrong outer length', '3007020101020101', false],
    ['an inner length beyond the end', '3006020101020201', false],
  ])('%s', (_, given, taken) => {
    expect(rsOfDer(Buffer.from(given, 'hex')) !== undefined).toBe(taken);
  });
});

describe('the start-up test', () => {
  const broken: readonly (readonly [string, Sm2])[] = [
    ['accepts everything', { ...nativeSm2, verify: () => true }],
    ['accepts nothing', { ...nativeSm2, verify: () => false }],
    ['does without Z_A', { ...nativeSm2, verify: (k, m, d) => nativeSm2.verify({ ...k, za: Buffer.alloc(0) }, m, d) }],
    ['ignores the user id', { ...nativeSm2, verify: (k, m, d) => nativeSm2.verify(readSm2PublicKey(k.spki), m, d) }],
    [
      'takes plain ECDSA as well',
      {
        ...nativeSm2,
        verify: (k, m, d) => nativeSm2.verify(k, m, d) || hex(d).startsWith('304502206a9c97b1'),
      },
    ],
    [
      'signs plain ECDSA',
      {
        ...nativeSm2,
        sign: ({ public: { za } }, m) =>
          createSign('sm3')
            .update(za)
            .update(m)
            .sign(generateKeyPairSync('ec', { namedCurve: 'SM2' }).privateKey),
      },
    ],
    [
      'throws',
      {
        ...nativeSm2,
        sign: () => {
          throw new Error('no SM3 here');
        },
      },
    ],
  ];

  test.each(broken)('finds an implementation that %s', (_, sm2) => {
    expect(() => assertSm2Works(sm2)).toThrow();
    expect(chooseSm2([sm2, portableSm2])).toBe(portableSm2);
    expect(() => chooseSm2([sm2])).toThrow(/拒绝启动.*refusing to start/);
  });

  test('keeps to node:crypto as long as that is right', () => {
    expect(chooseSm2()).toBe(nativeSm2);
  });
});

test('an envelope may be signed with SM2, alone or beside Ed25519', async () => {
  const key = readSm2PrivateKey(makeSm2Pem());
  const signer = sm2Signer('stex:sm2-sm3:1', key, nativeSm2);
  const ed25519 = testKey('stex', 'Ed25519');
  const entry = trustEntry('stex', signer.kid, 'SM2-SM3', sm2Verify(key.public, nativeSm2));
  const both = trusting(entry, ed25519.entry);
  const stex = header({ iss: 'stex', aud: ['ctex'] });
  const dual = await signEnvelope(message, stex, [signer, ed25519.signer]);
  expect(verifyEnvelope(dual, both, { atMs })).toMatchObject({ ok: true, header: stex });
  const alone = await signEnvelope(message, stex, [signer]);
  expect(verifyEnvelope(alone, trusting(entry), { atMs })).toMatchObject({ ok: true, header: stex });
  const withoutSm2 = await signEnvelope(message, stex, [ed25519.signer]);
  expect(verifyEnvelope(withoutSm2, both, { requireAlgs: ['SM2-SM3'] })).toMatchObject({ code: 'alg-required' });
  // The same key under an entry with another user id proves nothing.
  const other = readSm2PublicKey(key.public.spki, 'stex');
  const wrongId = trusting(trustEntry('stex', signer.kid, 'SM2-SM3', sm2Verify(other, nativeSm2)));
  expect(verifyEnvelope(await signEnvelope(message, stex, [signer]), wrongId)).toMatchObject({
    code: 'signature-invalid',
  });
});

test('SM3 gives the digest of GB/T 32905 annex A', () => {
  expect(createHash('sm3').update('abc').digest('hex')).toBe(
    '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0',
  );
  expect(createPublicKey({ key: spki, format: 'der', type: 'spki' }).type).toBe('public');
});
