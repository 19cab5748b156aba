import { createHash } from 'node:crypto';
import type { LinkMemory, SentMessage } from '../../src/contract/adapter.ts';

/** A link's memory that lasts as long as the test. */
export function memoryInMemory(): LinkMemory & { readonly wholes: ReadonlyMap<string, Uint8Array> } {
  const values = new Map<string, string>();
  const counters = new Map<string, number>();
  const sent = new Map<number, SentMessage>();
  const wholes = new Map<string, Uint8Array>();
  return {
    /** By SHA-256, hex. */
    wholes,
    get: async (name) => values.get(name),
    set: async (name, value) => void values.set(name, value),
    reserve: async (name, count) => {
      const first = (counters.get(name) ?? 0) + 1;
      counters.set(name, first + count - 1);
      return first;
    },
    keepSent: async (messages) => {
      for (const message of messages) sent.set(message.seq, message);
    },
    keepWhole: async (bytes) => void wholes.set(createHash('sha256').update(bytes).digest('hex'), bytes),
    sentBetween: async (from, to) =>
      [...sent.values()].filter(({ seq }) => seq >= from && seq <= to).sort((a, b) => a.seq - b.seq),
  };
}
