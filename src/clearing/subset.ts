/**
 * Up to `most` sets of two or more items that add up to the target exactly, as positions; meet in the middle, so that 20
 * items cost two tables of 1,024 sums. Throws on more than 24: sums would meet by accident.
 */
export function sumsTo(items: readonly bigint[], target: bigint, most: number): readonly (readonly number[])[] {
  if (items.length > 24) throw new RangeError(`${items.length} items: too many for sums to mean anything`);
  const half = items.length >> 1;
  const left = new Map<bigint, number[]>();
  for (const [sum, bits] of sums(items.slice(0, half))) {
    const there = left.get(sum);
    if (there === undefined) left.set(sum, [bits]);
    else if (there.length < most + 2) there.push(bits);
  }
  const found: (readonly number[])[] = [];
  for (const [sum, high] of sums(items.slice(half))) {
    for (const low of left.get(target - sum) ?? []) {
      const bits = low | (high << half);
      const positions = items.flatMap((_, at) => (bits & (1 << at) ? [at] : []));
      if (positions.length < 2) continue;
      found.push(positions);
      if (found.length === most) return found;
    }
  }
  return found;
}

/** The sum of every subset with its bits. */
function* sums(items: readonly bigint[]): Generator<readonly [bigint, number]> {
  const all: bigint[] = [0n];
  yield [0n, 0];
  for (const [at, item] of items.entries()) {
    const before = all.length;
    for (let bits = 0; bits < before; bits++) {
      const sum = all[bits]! + item;
      all.push(sum);
      yield [sum, bits | (1 << at)];
    }
  }
}
