/** Numbers in [0, 1) from a seed, always the same ones (mulberry32). */
export interface Random {
  next(): number;
  /** A whole number in [from, to]. */
  between(from: number, to: number): number;
  pick<Thing>(things: readonly Thing[]): Thing;
}

export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return ((word ^ (word >>> 14)) >>> 0) / 4_294_967_296;
  };
  const between = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  return { next, between, pick: (things) => things[between(0, things.length - 1)]! };
}
