import fc from 'fast-check';
import { SeenDeals } from '../../../src/clearing/ordinals.ts';

test('of any ids, each is new once and then remembered with its mark, however far the memory has grown', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string({ maxLength: 6 }), fc.integer({ min: 1, max: 9 })), { maxLength: 3_000 }),
      (ids) => {
        const seen = new SeenDeals(1);
        const known = new Map<string, number>();
        for (const [id, mark] of ids) {
          expect(seen.see(id, mark)).toBe(known.get(id) ?? 0);
          if (!known.has(id)) known.set(id, mark);
          if (mark === 9) {
            seen.mark(id, 8);
            known.set(id, 8);
          }
        }
        expect(seen.size).toBe(known.size);
      },
    ),
    { numRuns: 30 },
  );
});

test('ids that differ in one digit only are told apart', () => {
  const seen = new SeenDeals();
  for (let n = 0; n < 200_000; n++)
    if (seen.see(`stex:沪技成2026-${String(n).padStart(7, '0')}`) !== 0) throw new Error(`${n}`);
  expect(seen.size).toBe(200_000);
});
