import type { LinkMemory } from '../../src/contract/adapter.ts';

/** How many serials are reserved at a time: well within STEX's window, so that a crash that skips some harms nothing. */
const BLOCK = 256;

/** Hands out X-STEX-Serial numbers, each once for all time, in blocks from the link's memory. */
export function openSerials(memory: LinkMemory): () => Promise<number> {
  let next = 0;
  let end = 0;
  let reserving: Promise<void> | undefined;
  const reserve = async () => {
    try {
      next = await memory.reserve('serial', BLOCK);
      end = next + BLOCK;
    } finally {
      reserving = undefined;
    }
  };
  return async () => {
    while (next >= end) {
      reserving ??= reserve();
      await reserving;
    }
    return next++;
  };
}
