import fc from 'fast-check';
import type { KeptNative } from '../../src/contract/adapter.ts';

const seed = Number(process.env.QIAO_SEED ?? Date.now() % 2 ** 31);
const RUNS = 60;

/** What was kept with one byte of it changed, dropped or added; proofs stay text. Prints its seed with every failure. */
export function* mutationsOf(kept: KeptNative): Generator<KeptNative> {
  const parts = (['bytes', 'proof', 'whole'] as const).filter((part) => kept[part] !== undefined);
  for (const part of parts) {
    const source = Buffer.from(kept[part] as Uint8Array);
    const arbitrary = fc.record({ at: fc.nat(source.length - 1), xor: fc.integer({ min: 1, max: 127 }) });
    for (const { at, xor } of fc.sample(arbitrary, { numRuns: RUNS, seed })) {
      const changed = Buffer.from(source);
      changed[at]! ^= xor;
      if (part !== 'proof') yield { ...kept, [part]: changed };
      else if (changed.toString('utf8') !== kept.proof) yield { ...kept, proof: changed.toString('utf8') };
    }
    const shorter = source.subarray(0, -1);
    const longer = Buffer.concat([source, Buffer.from(' ')]);
    for (const bytes of [shorter, longer]) yield { ...kept, [part]: part === 'proof' ? bytes.toString('utf8') : bytes };
  }
}
