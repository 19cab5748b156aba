import { fieldIn, openReader, type Told } from '../../../adapters/szse/mock/message.ts';
import type { NativeVerifier } from '../../../src/contract/adapter.ts';

/** Hears everything that the gateway writes, whether it arrives or not: what was once said under a number stays so. */
export interface Watch {
  /** A new connection. */
  line(): (bytes: Buffer) => void;
  /** Under how many numbers a request was sent. */
  timesSent(id: string): number;
}

const ADMIN = new Set(['A', '0', '1', '2', '3', '4', '5']);
export const isAdmin = ({ type }: Pick<Told, 'type'>): boolean => ADMIN.has(type);

export function openWatch(verifier: NativeVerifier, complaints: string[]): Watch {
  /** Business messages by number, as they were first written. */
  const written = new Map<number, Told>();
  const hear = (told: Told) => {
    if (told.type === '4') {
      for (let seq = told.seq; seq < Number(fieldIn(told, 36)); seq++) {
        if (written.has(seq)) complaints.push(`${seq} was skipped though it had been said`);
      }
    }
    if (isAdmin(told)) return;
    const before = written.get(told.seq) ?? told;
    if (before.type !== told.type || before.content !== told.content) {
      complaints.push(`${told.seq} was said in other words`);
    }
    written.set(told.seq, before);
    if (told.signature === undefined || !verifier.verify(told.covered, told.signature)) {
      complaints.push(`${told.seq} is signed wrongly`);
    }
  };
  return {
    line: () => {
      const read = openReader();
      return (bytes) => read(bytes).forEach(hear);
    },
    timesSent: (id) => [...written.values()].filter((told) => told.type === 'US' && fieldIn(told, 11) === id).length,
  };
}
