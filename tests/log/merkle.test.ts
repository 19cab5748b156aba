import { createHash } from 'node:crypto';
import fc from 'fast-check';
import {
  append,
  consistencyParts,
  EMPTY_TREE,
  inclusionParts,
  joined,
  leafHash,
  type NodeAt,
  peaksOf,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from '../../src/log/merkle.ts';

const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const from64 = (text: string) => Buffer.from(text, 'base64');

/** MTH, PATH and PROOF as RFC 6962, section 2.1, writes them down: recursive, from the leaves, slow. */
const split = (n: number) => 2 ** Math.ceil(Math.log2(n) - 1);
function MTH(d: readonly Uint8Array[]): Uint8Array {
  if (d.length === 0) return sha256();
  if (d.length === 1) return sha256(Buffer.of(0), d[0]!);
  const k = split(d.length);
  return sha256(Buffer.of(1), MTH(d.slice(0, k)), MTH(d.slice(k)));
}
function PATH(m: number, d: readonly Uint8Array[]): readonly Uint8Array[] {
  if (d.length === 1) return [];
  const k = split(d.length);
  return m < k ? [...PATH(m, d.slice(0, k)), MTH(d.slice(k))] : [...PATH(m - k, d.slice(k)), MTH(d.slice(0, k))];
}
function SUBPROOF(m: number, d: readonly Uint8Array[], b: boolean): readonly Uint8Array[] {
  if (m === d.length) return b ? [] : [MTH(d)];
  const k = split(d.length);
  return m <= k
    ? [...SUBPROOF(m, d.slice(0, k), b), MTH(d.slice(k))]
    : [...SUBPROOF(m - k, d.slice(k), false), MTH(d.slice(0, k))];
}

/** A tree grown in one go, and its proofs from complete subtrees only, as the journal keeps them. */
function grow(leaves: readonly Uint8Array[]) {
  const { tree, completed } = append(EMPTY_TREE, leaves.map(leafHash));
  const kept = new Map(completed.map(({ level, index, hash }) => [`${level}/${index}`, hash]));
  leaves.forEach((leaf, i) => {
    kept.set(`0/${i}`, leafHash(leaf));
  });
  const hashes = (parts: readonly (readonly NodeAt[])[]) =>
    parts.map((part) => joined(part.map(({ level, index }) => kept.get(`${level}/${index}`)!)));
  return {
    tree,
    kept,
    inclusion: (index: number, size = leaves.length) => hashes(inclusionParts(BigInt(index), BigInt(size))),
    consistency: (from: number, to = leaves.length) => hashes(consistencyParts(BigInt(from), BigInt(to))),
  };
}

// The reference tree of Certificate Transparency (certificate-transparency-go, transparency-dev/merkle).
const reference = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((hex) => Buffer.from(hex, 'hex'));
const REFERENCE_ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
// transparency-dev/merkle, testdata/inclusion/{1,2,3,4} and testdata/consistency/{1,2,3,4}, happy-path.json
const INCLUSIONS = [
  [
    0,
    8,
    'lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=',
    'Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=',
    'a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=',
  ],
  [
    5,
    8,
    'vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=',
    'yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=',
    '037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=',
  ],
  [2, 3, '+sVCA+fMaWzw38tCySodnbr3CtnmIfS9jZhmLwDjwSU='],
  [
    1,
    5,
    'bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=',
    'Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=',
    'vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=',
  ],
] as const;
const CONSISTENCIES = [
  [
    1,
    8,
    'lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=',
    'Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=',
    'a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=',
  ],
  [
    6,
    8,
    'DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=',
    'yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=',
    '037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=',
  ],
  [2, 5, 'Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=', 'vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms='],
  [
    6,
    7,
    'DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=',
    'sIaT7C5yFZcTBkHoIR5+7cy0wmQTlj7ubB4u0W/7Gl8=',
    '037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=',
  ],
] as const;

describe('the reference tree of Certificate Transparency', () => {
  const root = (size: number) => Buffer.from(REFERENCE_ROOTS[size - 1]!, 'hex');

  it('has the published root at every size', () => {
    for (let size = 1; size <= 8; size++) {
      expect(Buffer.from(rootOf(grow(reference.slice(0, size)).tree)).toString('hex')).toBe(REFERENCE_ROOTS[size - 1]);
    }
    expect(Buffer.from(rootOf(EMPTY_TREE)).toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
  });

  it('has the published inclusion proofs, and they verify', () => {
    for (const [index, size, ...proof] of INCLUSIONS) {
      expect(
        grow(reference)
          .inclusion(index, size)
          .map((one) => Buffer.from(one).toString('base64')),
      ).toEqual(proof);
      const leaf = leafHash(reference[index]!);
      expect(verifyInclusion(leaf, BigInt(index), BigInt(size), proof.map(from64), root(size))).toBe(true);
    }
  });

  it('has the published consistency proofs, and they verify', () => {
    for (const [from, to, ...proof] of CONSISTENCIES) {
      expect(
        grow(reference)
          .consistency(from, to)
          .map((one) => Buffer.from(one).toString('base64')),
      ).toEqual(proof);
      expect(verifyConsistency(BigInt(from), BigInt(to), proof.map(from64), root(from), root(to))).toBe(true);
    }
  });
});

const leavesOf = (count: number) => Array.from({ length: count }, (_, i) => Buffer.from(`leaf ${i}`));
const sizes = fc.integer({ min: 1, max: 70 });

describe('roots and proofs, against the definitions of RFC 6962', () => {
  it('agree for every tree of up to 40 leaves, every leaf and every older size', () => {
    for (let size = 1; size <= 40; size++) {
      const leaves = leavesOf(size);
      const tree = grow(leaves);
      const root = rootOf(tree.tree);
      expect(root).toEqual(MTH(leaves));
      for (let i = 0; i < size; i++) {
        const path = tree.inclusion(i);
        expect(path).toEqual(PATH(i, leaves));
        expect(verifyInclusion(leafHash(leaves[i]!), BigInt(i), BigInt(size), path, root)).toBe(true);
        const older = i + 1;
        const proof = tree.consistency(older);
        expect(proof).toEqual(SUBPROOF(older, leaves, true));
        const olderRoot = MTH(leaves.slice(0, older));
        expect(verifyConsistency(BigInt(older), BigInt(size), proof, olderRoot, root)).toBe(true);
      }
    }
  });

  it('are the same however the leaves were cut into batches', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 13 }), { maxLength: 12 }), (batches) => {
        const leaves = leavesOf(batches.reduce((sum, one) => sum + one, 0));
        let tree = EMPTY_TREE;
        const completed: string[] = [];
        let at = 0;
        for (const batch of batches) {
          const step = append(tree, leaves.slice(at, at + batch).map(leafHash));
          tree = step.tree;
          completed.push(...step.completed.map(({ level, index }) => `${level}/${index}`));
          at += batch;
        }
        const whole = append(EMPTY_TREE, leaves.map(leafHash));
        expect(tree).toEqual(whole.tree);
        expect(completed).toEqual(whole.completed.map(({ level, index }) => `${level}/${index}`));
        expect(rootOf(tree)).toEqual(MTH(leaves));
        expect(peaksOf(tree.size).length).toBe(tree.peaks.length);
      }),
    );
  });

  it('a proof holds for nothing else: another leaf, index, size, root, or a hash altered, dropped, added, swapped', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(), fc.nat(), (size, a, b, c) => {
        const leaves = leavesOf(size);
        const tree = grow(leaves);
        const root = rootOf(tree.tree);
        const index = a % size;
        const path = tree.inclusion(index);
        const leaf = leafHash(leaves[index]!);
        const holds = (l: Uint8Array, i: number, s: number, p: readonly Uint8Array[], r: Uint8Array) =>
          verifyInclusion(l, BigInt(i), BigInt(s), p, r);
        expect(holds(leaf, index, size, path, root)).toBe(true);
        expect(holds(flip(leaf, b), index, size, path, root)).toBe(false);
        expect(holds(leaf, index, size, path, flip(root, b))).toBe(false);
        expect(holds(leaf, index, size, [...path, leaf], root)).toBe(false);
        expect(holds(leaf, size, size, path, root)).toBe(false);
        expect(holds(leaf, -1, size, path, root)).toBe(false);
        if (size > 1) {
          const other = (index + 1 + (b % (size - 1))) % size;
          expect(holds(leaf, other, size, path, root)).toBe(false);
          const at = c % path.length;
          expect(holds(leaf, index, size, path.with(at, flip(path[at]!, b)), root)).toBe(false);
          expect(holds(leaf, index, size, path.slice(0, -1), root)).toBe(false);
          expect(holds(leaf, index, size, path.slice(1), root)).toBe(false);
          expect(holds(leaf, index, size, path.with(at, path[at]!.subarray(1)), root)).toBe(false);
        }
        const older = 1 + (b % size);
        const olderRoot = MTH(leaves.slice(0, older));
        const proof = tree.consistency(older);
        const follows = (f: number, t: number, p: readonly Uint8Array[], o: Uint8Array, r: Uint8Array) =>
          verifyConsistency(BigInt(f), BigInt(t), p, o, r);
        expect(follows(older, size, proof, olderRoot, root)).toBe(true);
        expect(follows(older, size, proof, flip(olderRoot, c), root)).toBe(false);
        expect(follows(older, size, proof, olderRoot, flip(root, c))).toBe(false);
        expect(follows(older, size, [...proof, root], olderRoot, root)).toBe(false);
        if (older < size) {
          const at = c % proof.length;
          expect(follows(older, size, proof.with(at, flip(proof[at]!, a)), olderRoot, root)).toBe(false);
          expect(follows(older, size, proof.slice(0, -1), olderRoot, root)).toBe(false);
          expect(follows(older, size, [], olderRoot, root)).toBe(false);
          expect(follows(older, size, proof, root, olderRoot)).toBe(false);
          expect(follows(size, older, proof, root, olderRoot)).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('nothing is proved of an empty tree, and an older size of 0 is an error', () => {
    const root = rootOf(grow(leavesOf(3)).tree);
    expect(verifyConsistency(0n, 3n, [], rootOf(EMPTY_TREE), root)).toBe(false);
    expect(verifyConsistency(0n, 0n, [], rootOf(EMPTY_TREE), rootOf(EMPTY_TREE))).toBe(false);
    expect(() => consistencyParts(0n, 3n)).toThrow(RangeError);
    expect(() => consistencyParts(4n, 3n)).toThrow(RangeError);
    expect(() => inclusionParts(3n, 3n)).toThrow(RangeError);
    expect(() => inclusionParts(-1n, 3n)).toThrow(RangeError);
  });

  it('a proof in a log of 2^40 leaves is made of fewer than a hundred hashes', () => {
    const size = 2n ** 40n + 12_345n;
    for (const parts of [inclusionParts(123_456_789n, size), consistencyParts(987_654_321n, size)]) {
      expect(parts.length).toBeLessThan(50);
      expect(parts.flat().length).toBeLessThan(100);
    }
  });
});

function flip(bytes: Uint8Array, which: number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  const bit = which % (changed.length * 8);
  changed[bit >> 3]! ^= 1 << (bit & 7);
  return changed;
}
