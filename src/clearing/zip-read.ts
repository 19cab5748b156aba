import { inflateRawSync } from 'node:zlib';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';

/** PKWARE APPNOTE 6.3: signatures of the end record and of one entry of the central directory and of its local header. */
const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const MAX_ENTRIES = 1_000;

interface Entry {
  readonly method: number;
  readonly size: number;
  readonly unpacked: number;
  readonly at: number;
}

/** The files of one ZIP archive, found by its directory and unpacked one at a time, never beyond a bound. */
export class Zip {
  readonly #bytes: Buffer;
  readonly #entries: ReadonlyMap<string, Entry>;
  /** What may still be unpacked of this archive, in bytes. */
  #left: number;

  private constructor(bytes: Buffer, entries: ReadonlyMap<string, Entry>, maxUnpacked: number) {
    this.#bytes = bytes;
    this.#entries = entries;
    this.#left = maxUnpacked;
  }

  /** Refuses what is no archive, is encrypted, split or of 64 bit, names a file twice, or has too many. */
  static open(bytes: Buffer, maxUnpacked: number): Checked<Zip> {
    const end = bytes.byteLength < 22 ? -1 : bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
    if (end < 0 || end + 22 > bytes.byteLength || bytes.readUInt32LE(end) !== END)
      return refused(refuse('bad-format', '', 'zip'));
    const count = bytes.readUInt16LE(end + 10);
    if (count > MAX_ENTRIES) return refused(refuse('too-large', '', `${count} files`));
    const entries = new Map<string, Entry>();
    let at = bytes.readUInt32LE(end + 16);
    for (let i = 0; i < count; i++) {
      if (at + 46 > end || bytes.readUInt32LE(at) !== ENTRY) return refused(refuse('bad-format', '', 'zip'));
      const [flags, method] = [bytes.readUInt16LE(at + 8), bytes.readUInt16LE(at + 10)];
      const [nameLength, extra, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset)) as [
        number,
        number,
        number,
      ];
      const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
      if ((flags & 1) !== 0 || (method !== 0 && method !== 8))
        return refused(refuse('bad-format', '', name.slice(0, 40)));
      if (entries.has(name)) return refused(refuse('duplicate-key', '', name.slice(0, 40)));
      entries.set(name, {
        method,
        size: bytes.readUInt32LE(at + 20),
        unpacked: bytes.readUInt32LE(at + 24),
        at: bytes.readUInt32LE(at + 42),
      });
      at += 46 + nameLength + extra + comment;
    }
    return accepted(new Zip(bytes, entries, maxUnpacked));
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  read(name: string): Checked<Buffer> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return refused(refuse('missing-field', '', name));
    const { at, method, size, unpacked } = entry;
    if (unpacked > this.#left) return refused(refuse('too-large', '', name));
    if (at + 30 > this.#bytes.byteLength || this.#bytes.readUInt32LE(at) !== LOCAL)
      return refused(refuse('bad-format', '', name));
    const from = at + 30 + this.#bytes.readUInt16LE(at + 26) + this.#bytes.readUInt16LE(at + 28);
    if (from + size > this.#bytes.byteLength) return refused(refuse('bad-format', '', name));
    const packed = this.#bytes.subarray(from, from + size);
    try {
      // The size that is stated is a claim: unpacking stops there, however much more would come.
      const bytes = method === 0 ? packed : inflateRawSync(packed, { maxOutputLength: Math.max(1, unpacked) });
      if (bytes.byteLength !== unpacked) return refused(refuse('bad-length', '', name));
      this.#left -= bytes.byteLength;
      return accepted(bytes);
    } catch {
      return refused(refuse('bad-format', '', name));
    }
  }
}
