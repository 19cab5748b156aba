import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { difference, emptySketch, readDifference, type Sketch, toggle } from '../../../src/clearing/iblt.ts';
import { type SipKey, sipHash } from '../../../src/clearing/siphash.ts';

const KEY: SipKey = [0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c];
const symbol = (n: number, salt = '') => createHash('sha256').update(`${salt}${n}`).digest().subarray(0, 16);
const hex = (symbols: readonly Uint8Array[]) => symbols.map((s) => Buffer.from(s).toString('hex')).sort();
function sketchOf(symbols: readonly Uint8Array[], cells: number, key = KEY): Sketch {
  const sketch = emptySketch(key, cells);
  for (const one of symbols) toggle(sketch, one, 1);
  return sketch;
}

describe('SipHash-2-4', () => {
  it('gives the value of the reference implementation for the bytes 00…0f under the key 00…0f', () => {
    const out = { lo: 0, hi: 0 };
    sipHash(KEY, 0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c, out);
    // vectors.h of the reference implementation, length 16: db 9b c2 57 7f cc 2a 3f
    expect([out.lo, out.hi]).toEqual([0x57c29bdb, 0x3f2acc7f]);
  });
});

describe('the difference of two sketches', () => {
  it('is exactly what one side has and the other has not', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 0, max: 40 }),
        fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat()),
        (both, onlyA, onlyB, key) => {
          const all = Array.from({ length: both + onlyA + onlyB }, (_, i) => symbol(i));
          const a = all.slice(0, both + onlyA);
          const b = [...all.slice(0, both), ...all.slice(both + onlyA)];
          const found = readDifference(difference(sketchOf(a, 400, key), sketchOf(b, 400, key)));
          expect(hex(found!.mine)).toEqual(hex(all.slice(both, both + onlyA)));
          expect(hex(found!.theirs)).toEqual(hex(all.slice(both + onlyA)));
        },
      ),
    );
  });

  it('needs about 1.4 cells for each difference, whatever the size of the sets', () => {
    const differences = 1000;
    const a = Array.from({ length: 20_000 }, (_, i) => symbol(i));
    const b = a.slice(differences);
    expect(readDifference(difference(sketchOf(a, 1700), sketchOf(b, 1700)))?.mine).toHaveLength(differences);
  });

  it('is not made up when the cells are too few', () => {
    const a = Array.from({ length: 1000 }, (_, i) => symbol(i));
    expect(readDifference(difference(sketchOf(a, 500), emptySketch(KEY, 500)))).toBeUndefined();
  });

  it('is empty again once what was added is taken away, in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { maxLength: 60 }), (numbers) => {
        const sketch = emptySketch(KEY, 64);
        for (const n of numbers) toggle(sketch, symbol(n), 1);
        for (const n of numbers.toReversed()) toggle(sketch, symbol(n), -1);
        expect(sketch).toEqual(emptySketch(KEY, 64));
      }),
    );
  });

  it('of bytes that are no sketch is refused and ends', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 32, maxLength: 32 }),
        fc.nat(),
        (counts, n) => {
          const sketch = sketchOf([symbol(n)], 32);
          sketch.counts.set(counts);
          const found = readDifference(sketch);
          if (found !== undefined) expect(found.mine.length + found.theirs.length).toBeLessThanOrEqual(33);
        },
      ),
    );
  });

  it('is not asked of sketches with different keys', () => {
    expect(() => difference(emptySketch(KEY, 8), emptySketch([1, 2, 3, 4], 8))).toThrow('different sessions');
  });
});
