import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { decodeLeaf, digestOfParts, encodeLeaf, isAbout, type Leaf, leafOfBytes } from '../../src/log/leaf.ts';

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const leaves: fc.Arbitrary<Leaf> = fc.record({
  type: fc.constantFrom('message', 'receipt', 'trust', 'audit'),
  sender: fc.stringMatching(/^[!-~]{1,255}$/),
  stream: fc.string({ unit: 'grapheme', maxLength: 200 }),
  seq: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  atMs: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  sha256: bytes32,
  sm3: bytes32,
  beside: bytes32,
});

describe('the record of a leaf', () => {
  it('is, byte for byte, what its table says', () => {
    // "abc": SHA-256 from FIPS 180-2, B.1; SM3 from GB/T 32905, A.1.
    const leaf = leafOfBytes(Buffer.from('abc'), {
      type: 'receipt',
      sender: 'ctex',
      stream: 'ctex:桥-1',
      seq: 7n,
      atMs: Date.parse('2026-03-02T01:30:00.123Z'),
      beside: null,
    });
    expect(Buffer.from(encodeLeaf(leaf)).toString('hex')).toBe(
      [
        '01',
        '02',
        '0000000000000007',
        '0000019cac2a9e3b',
        'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
        '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0',
        '00'.repeat(32),
        '04',
        Buffer.from('ctex').toString('hex'),
        '000a',
        Buffer.from('ctex:桥-1').toString('hex'),
      ].join(''),
    );
  });

  it('is read as it was written', () => {
    fc.assert(
      fc.property(leaves, (leaf) => {
        const read = decodeLeaf(encodeLeaf(leaf))!;
        expect({ ...read, sha256: undefined, sm3: undefined, beside: undefined }).toEqual({
          ...leaf,
          sha256: undefined,
          sm3: undefined,
          beside: undefined,
        });
        for (const name of ['sha256', 'sm3', 'beside'] as const) {
          expect(Buffer.compare(read[name], leaf[name])).toBe(0);
        }
      }),
    );
  });

  it('has one form only: what is read from any bytes is written as the same bytes, or nothing is read', () => {
    fc.assert(
      fc.property(leaves, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.nat({ max: 3 }), (leaf, at, mask, kind) => {
        const written = Buffer.from(encodeLeaf(leaf));
        const changed = [
          () => written.subarray(0, at % written.length),
          () => Buffer.concat([written, Buffer.of(mask)]),
          () => {
            written[at % written.length]! ^= mask;
            return written;
          },
          () => {
            // where the lengths and names are
            written[114 + (at % (written.length - 114))]! ^= mask;
            return written;
          },
        ][kind]!();
        const read = decodeLeaf(changed);
        if (read !== undefined) expect(Buffer.from(encodeLeaf(read)).equals(changed)).toBe(true);
        if (kind < 2) expect(read).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });

  it('is about its exact bytes and no others', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(), (bytes, bit) => {
        const of = { type: 'message', sender: 'ctex', stream: 's', seq: 1n, atMs: 0, beside: null } as const;
        const leaf = leafOfBytes(bytes, of);
        expect(isAbout(leaf, bytes)).toBe(true);
        const changed = Uint8Array.from(bytes);
        changed[bit % bytes.length]! ^= 1 << (bit & 7);
        expect(isAbout(leaf, changed)).toBe(false);
        // Both digests count: one that fits does not make up for the other.
        const other = leafOfBytes(changed, of);
        expect(isAbout({ ...leaf, sm3: other.sm3 }, bytes)).toBe(false);
        expect(isAbout({ ...leaf, sha256: other.sha256 }, bytes)).toBe(false);
      }),
    );
  });

  it('refuses to be written with what it has no room for', () => {
    const [leaf] = fc.sample(leaves, 1);
    expect(() => encodeLeaf({ ...leaf!, sender: '' })).toThrow(TypeError);
    expect(() => encodeLeaf({ ...leaf!, sender: '桥' })).toThrow(TypeError);
    expect(() => encodeLeaf({ ...leaf!, stream: 'x'.repeat(65_536) })).toThrow(TypeError);
    expect(() => encodeLeaf({ ...leaf!, sm3: new Uint8Array(31) })).toThrow(TypeError);
  });
});

test('what is kept beside is digested part by part, so that no part can pass for another', () => {
  expect(Buffer.from(digestOfParts(['ab', null, Buffer.from('c')])).toString('hex')).toBe(
    createHash('sha256')
      .update(Buffer.from('000000026162' + 'ffffffff' + '0000000163', 'hex'))
      .digest('hex'),
  );
  const digests = [['ab', 'c'], ['a', 'bc'], ['abc', ''], ['abc', null], ['abc']].map((parts) =>
    Buffer.from(digestOfParts(parts)).toString('hex'),
  );
  expect(new Set(digests).size).toBe(digests.length);
});
