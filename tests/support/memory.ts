import type { LinkMemory, SentMessage } from '../../src/contract/adapter.ts';

/** A link's memory that lasts as long as the test. */
export function memoryInMemory(): LinkMemory {
  const values = new Map<string, string>();
  const counters = new Map<string, number>();
  const sent = new Map<number, SentMessage>();
  return {
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
    sentBetween: async (from, to) =>
      [...sent.values()].filter(({ seq }) => seq >= from && seq <= to).sort((a, b) => a.seq - b.seq),
  };
}
