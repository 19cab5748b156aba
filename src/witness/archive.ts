/**
 * What a witness keeps beside its head, one JSON line each: the checkpoints it cosigned, by month, and those that it
 * refused although the log had signed them. Two signed checkpoints that contradict each other prove what the log did.
 */

import { appendFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface Archive {
  cosigned(note: Uint8Array, atMs: number): Promise<void>;
  /** @param head the checkpoint that it contradicts */
  refused(note: Uint8Array, head: Uint8Array, atMs: number): Promise<void>;
}

export function openArchive(folder: string, limits: { readonly fileLimitBytes: number }): Archive {
  /** Full: no more is kept. A log that misbehaves must not fill the disk of its witness. */
  const append = async (name: string, line: Readonly<Record<string, string>>) => {
    const path = join(folder, name);
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    );
    if (size < limits.fileLimitBytes) await appendFile(path, `${JSON.stringify(line)}\n`, { mode: 0o600 });
  };
  const text = (note: Uint8Array) => Buffer.from(note).toString('utf8');
  return {
    cosigned: (note, atMs) => {
      const at = new Date(atMs).toISOString();
      return append(`cosigned-${at.slice(0, 7)}.jsonl`, { at, note: text(note) });
    },
    refused: (note, head, atMs) =>
      append('refused.jsonl', { at: new Date(atMs).toISOString(), note: text(note), head: text(head) }),
  };
}
