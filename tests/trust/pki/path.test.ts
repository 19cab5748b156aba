import fc from 'fast-check';
import { makeCrl } from '../../../src/trust/pki/authority.ts';
import { readCertificate } from '../../../src/trust/pki/certificate.ts';
import { type KeyKind, readPrivateKey } from '../../../src/trust/pki/keys.ts';
import { type PathFault, type PathVerdict, validatePath } from '../../../src/trust/pki/path.ts';
import type { HierarchyKind } from '../../../src/trust/pki/profile.ts';
import { DEFECTS } from './defects.ts';
import { resigned } from './edit.ts';
import { AT, chainOf, checkOf, crlOf, type Hierarchy, makeHierarchy, spoilt } from './hierarchy.ts';

const faultOf = (verdict: PathVerdict): PathFault | 'valid' => (verdict.ok ? 'valid' : verdict.fault);
const seed = process.env.QIAO_SEED === undefined ? {} : { seed: Number(process.env.QIAO_SEED) };

const KINDS: readonly (readonly [HierarchyKind, KeyKind])[] = [
  ['ec', 'ed25519'],
  ['ec', 'p256'],
  ['rsa', 'rsa'],
  ['sm2', 'sm2'],
];

describe.each(KINDS)('a path of the %s hierarchy to a key of kind %s', (kind, key) => {
  let good: Hierarchy;
  beforeAll(async () => {
    good = await makeHierarchy(kind, key);
  });

  test('is valid, and tells the key and the serial number', () => {
    const verdict = validatePath(chainOf(good), checkOf(good));
    expect(verdict).toMatchObject({ ok: true, serial: expect.stringMatching(/^[4-7][0-9a-f]{31}$/) });
    expect(verdict.ok && Buffer.from(verdict.spki)).toEqual(Buffer.from(readPrivateKey(good.leafKeyPem).spki));
  });

  test.each(DEFECTS)('is refused when the $target $what: $fault', ({ target, edit, fault }) => {
    const { chain, check } = spoilt(good, target, edit);
    const verdict = validatePath(chain, check);
    expect(faultOf(verdict)).toBe(fault);
    if (!verdict.ok)
      expect([verdict.zh, verdict.en]).toEqual([expect.stringMatching(/\p{sc=Han}/u), expect.any(String)]);
  });

  test('is refused with one byte changed anywhere', () => {
    const whole = [good.leaf, good.intermediate.certificate, good.rootCrl, good.leafCrl, good.root.certificate];
    fc.assert(
      fc.property(fc.nat(4), fc.nat(), fc.integer({ min: 1, max: 255 }), (which, at, flip) => {
        const parts = whole.map((der) => Uint8Array.from(der));
        const part = parts[which]!;
        part[at % part.length]! ^= flip;
        const [leaf, intermediate, rootCrl, leafCrl, root] = parts as [Uint8Array, ...Uint8Array[]];
        const check = checkOf(good, { roots: [root!], crls: [rootCrl!, leafCrl!] });
        expect(faultOf(validatePath({ leaf, intermediate: intermediate! }, check))).not.toBe('valid');
      }),
      { numRuns: 500, ...seed },
    );
  });

  test('is refused with bytes put in, taken out or put behind', () => {
    fc.assert(
      fc.property(fc.nat(1), fc.nat(), fc.nat(3), fc.uint8Array({ maxLength: 3 }), (which, where, gone, put) => {
        fc.pre(gone > 0 || put.length > 0);
        const { leaf, intermediate } = chainOf(good);
        const der = which === 0 ? leaf : intermediate;
        const at = where % (der.length + 1);
        const changed = Buffer.concat([der.subarray(0, at), put, der.subarray(at + gone)]);
        fc.pre(!changed.equals(der));
        const chain = which === 0 ? { leaf: changed, intermediate } : { leaf, intermediate: changed };
        expect(faultOf(validatePath(chain, checkOf(good)))).not.toBe('valid');
      }),
      { numRuns: 300, ...seed },
    );
  });

  test('is refused when the leaf or the intermediate is revoked, by any list that was in force', async () => {
    const [byRoot, byIntermediate] = [
      await crlOf(good.root, good.intermediate.certificate),
      await crlOf(good.intermediate, good.leaf),
    ];
    for (const crls of [
      [byRoot, good.leafCrl],
      [good.rootCrl, byIntermediate],
      [good.rootCrl, byIntermediate, good.leafCrl],
    ]) {
      expect(faultOf(validatePath(chainOf(good), checkOf(good, { crls })))).toBe('certificate-revoked');
    }
    const others = [good.rootCrl, await crlOf(good.intermediate, good.intermediate.certificate)];
    expect(faultOf(validatePath(chainOf(good), checkOf(good, { crls: others })))).toBe('valid');
  });

  test('is refused without a list from each of the two issuers', () => {
    for (const crls of [[], [good.rootCrl], [good.leafCrl], [good.leafCrl, good.leafCrl]]) {
      expect(faultOf(validatePath(chainOf(good), checkOf(good, { crls })))).toBe('crl-missing');
    }
    const crls = [good.rootCrl, good.leafCrl, Uint8Array.of(0x30, 0)];
    expect(faultOf(validatePath(chainOf(good), checkOf(good, { crls })))).toBe('crl-invalid');
  });

  test('is refused for any other root, even one with the same name', async () => {
    const { root } = await makeHierarchy(kind, key);
    expect(faultOf(validatePath(chainOf(good), checkOf(good, { roots: [] })))).toBe('root-unknown');
    expect(faultOf(validatePath(chainOf(good), checkOf(good, { roots: [root.certificate] })))).toBe('root-unknown');
    const roots = [root.certificate, good.root.certificate];
    expect(faultOf(validatePath(chainOf(good), checkOf(good, { roots })))).toBe('valid');
  });

  test('is refused when another key signed, whatever the names say', async () => {
    const stranger = await makeHierarchy(kind, key);
    const unchanged = () => {};
    const leaf = resigned(good.leaf, stranger.intermediate.privateKeyPem, unchanged);
    expect(faultOf(validatePath({ ...chainOf(good), leaf }, checkOf(good)))).toBe('chain-broken');
    const intermediate = resigned(good.intermediate.certificate, stranger.root.privateKeyPem, unchanged);
    expect(faultOf(validatePath({ ...chainOf(good), intermediate }, checkOf(good)))).toBe('chain-broken');
    const leafCrl = resigned(good.leafCrl, stranger.intermediate.privateKeyPem, unchanged);
    const crls = [good.rootCrl, leafCrl];
    expect(faultOf(validatePath(chainOf(good), checkOf(good, { crls })))).toBe('crl-invalid');
  });

  test('holds to the second it ends, at both ends', () => {
    const until = Date.parse('2026-07-02T00:00:00Z');
    expect(faultOf(validatePath(chainOf(good), checkOf(good, { atMs: until })))).toBe('valid');
    expect(faultOf(validatePath(chainOf(good), checkOf(good, { atMs: until + 1 })))).toBe('crl-stale');
  });

  test('tells until when it holds: until something of it ends, or a list that is not yet in force begins', async () => {
    const untilOf = (crls: readonly Uint8Array[]) => {
      const verdict = validatePath(chainOf(good), checkOf(good, { crls }));
      return verdict.ok ? verdict.untilMs : undefined;
    };
    expect(untilOf([good.rootCrl, good.leafCrl])).toBe(Date.parse('2026-07-02T00:00:00Z'));
    const begins = AT.getTime() + 3_600_000;
    const times = { thisUpdate: new Date(begins), nextUpdate: new Date(begins + 3_600_000) };
    const { serial } = readCertificate(good.leaf)!;
    const revoked = [{ serial, at: AT, reason: 'keyCompromise' as const }];
    const crls = [good.rootCrl, good.leafCrl, await makeCrl(good.intermediate, { number: 8, ...times, revoked })];
    expect(untilOf(crls)).toBe(begins - 1);
    expect(faultOf(validatePath(chainOf(good), checkOf(good, { crls, atMs: begins - 1 })))).toBe('valid');
    expect(faultOf(validatePath(chainOf(good), checkOf(good, { crls, atMs: begins })))).toBe('certificate-revoked');
  });

  test('is three levels: a leaf that issues, an intermediate on its own and a root in the middle are refused', () => {
    const { leaf, intermediate } = chainOf(good);
    const root = good.root.certificate;
    expect(faultOf(validatePath({ leaf, intermediate: leaf }, checkOf(good)))).toBe('wrong-usage');
    expect(faultOf(validatePath({ leaf: intermediate, intermediate }, checkOf(good)))).toBe('wrong-usage');
    expect(faultOf(validatePath({ leaf: intermediate, intermediate: root }, checkOf(good)))).not.toBe('valid');
    const below = checkOf(good, { roots: [intermediate] });
    expect(faultOf(validatePath({ leaf, intermediate }, below))).not.toBe('valid');
  });
});

describe('purposes', () => {
  let tls: Hierarchy;
  beforeAll(async () => {
    tls = await makeHierarchy('ec', 'p256', 'tls');
  });

  test('a TLS certificate is for both sides of TLS, and not for signing', () => {
    for (const purpose of ['tls-client', 'tls-server'] as const) {
      expect(faultOf(validatePath(chainOf(tls), checkOf(tls, { purpose })))).toBe('valid');
    }
    expect(faultOf(validatePath(chainOf(tls), checkOf(tls)))).toBe('wrong-usage');
  });

  test('one that is for clients only serves no server', () => {
    const edit = DEFECTS.find(({ what }) => what === 'is for signing code')!.edit;
    const clientOnly = '300a06082b06010505070302';
    const leaf = resigned(tls.leaf, tls.intermediate.privateKeyPem, (tbs, outer) => {
      edit(tbs, outer);
      const eku = (tbs.at(-1)!.value as { value: { value: { value: unknown }[] }[] }[])[0]!.value[2]!;
      eku.value[1]!.value = Buffer.from(clientOnly, 'hex').toString('latin1');
    });
    const verdict = (purpose: 'tls-client' | 'tls-server') =>
      faultOf(validatePath({ ...chainOf(tls), leaf }, checkOf(tls, { purpose })));
    expect([verdict('tls-client'), verdict('tls-server')]).toEqual(['valid', 'wrong-usage']);
  });

  test('a signing certificate opens no TLS connection', async () => {
    const signing = await makeHierarchy('ec', 'p256');
    for (const purpose of ['tls-client', 'tls-server'] as const) {
      expect(faultOf(validatePath(chainOf(signing), checkOf(signing, { purpose })))).toBe('wrong-usage');
    }
  });

  test('another exchange cannot use it', () => {
    for (const participant of ['stex', 'szse', 'qiao', '', 'CTEX']) {
      const check = checkOf(tls, { purpose: 'tls-server', participant });
      expect(faultOf(validatePath(chainOf(tls), check))).toBe('wrong-participant');
    }
  });
});

test('what is no certificate at all is refused, never thrown', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (leaf, intermediate) => {
      const check = { roots: [leaf], crls: [intermediate], atMs: AT.getTime(), participant: 'ctex' } as const;
      const verdict = validatePath({ leaf, intermediate }, { ...check, purpose: 'signing', sm2: {} as never });
      expect(faultOf(verdict)).toBe('certificate-malformed');
    }),
    { numRuns: 500, ...seed },
  );
});
