/**
 * Remembers which deals have been seen, in 16 bytes each, whatever the length of their ids: a million deals fit into
 * 32 MiB. It never forgets one, but may (once in some 10^13) take a new deal for one seen: "seen" is a suspicion for
 * the database to decide (load.ts), "new" is certain.
 */
export class SeenDeals {
  #slots: Uint32Array;
  #mask: number;
  #size = 0;

  constructor(expected = 1024) {
    let slots = 1024;
    while (slots < expected * 2) slots *= 2;
    this.#slots = new Uint32Array(slots * 3);
    this.#mask = slots - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** 0 when new (and remembered with `mark`); else the mark it was remembered with. `mark` is from 1 to 2^32 − 1. */
  see(dealId: string, mark = 1): number {
    if (this.#size * 2 > this.#mask) this.#grow();
    const [a, b] = hashed(dealId);
    const at = this.#find(a, b);
    const before = this.#slots[at + 2]!;
    if (before !== 0) return before;
    this.#slots[at] = a;
    this.#slots[at + 1] = b;
    this.#slots[at + 2] = mark;
    this.#size++;
    return 0;
  }

  /** Changes the mark of one that was seen. */
  mark(dealId: string, mark: number): void {
    const [a, b] = hashed(dealId);
    this.#slots[this.#find(a, b) + 2] = mark;
  }

  #find(a: number, b: number): number {
    for (let slot = a & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * 3;
      if (this.#slots[at + 2] === 0 || (this.#slots[at] === a && this.#slots[at + 1] === b)) return at;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    this.#mask = this.#mask * 2 + 1;
    for (let at = 0; at < old.length; at += 3) {
      if (old[at + 2] === 0) continue;
      this.#slots.set(old.subarray(at, at + 3), this.#find(old[at]!, old[at + 1]!));
    }
  }
}

/** Two 32-bit FNV-1a hashes of different seeds, each mixed at the end (murmur3's finaliser): 64 bits together. */
function hashed(text: string): readonly [number, number] {
  let a = 0x811c9dc5;
  let b = 0x01000193 ^ text.length;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    a = Math.imul(a ^ c, 0x01000193);
    b = Math.imul(b ^ c, 0x85ebca6b) ^ (b >>> 15);
  }
  return [mixed(a), mixed(b)];
}

function mixed(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
