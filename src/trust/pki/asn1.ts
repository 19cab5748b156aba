/**
 * DER (X.690 §10), read strictly and written plainly, as far as certificates, CRLs and requests need it. Whatever has two
 * encodings is refused in all but one, so that no byte of a certificate can change without its meaning changing.
 */

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** One tag-length-value; both views are onto the bytes that were read. */
export interface Element {
  readonly tag: number;
  readonly bytes: Uint8Array;
  readonly content: Uint8Array;
}

/** The bytes are not the DER they should be. Stays inside this folder: callers get a value that says so. */
export class NotDer extends Error {}

/** Exactly one element, nothing behind it. @throws NotDer */
export function readDer(bytes: Uint8Array): Element {
  const element = elementAt(bytes, 0);
  if (element.bytes.length !== bytes.length) throw new NotDer('bytes behind the end');
  return element;
}

function elementAt(bytes: Uint8Array, at: number): Element {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new NotDer('ends too early');
  if ((tag & 0x1f) === 0x1f) throw new NotDer('tag of several octets');
  let length = first;
  let from = at + 2;
  if (first >= 0x80) {
    const octets = first & 0x7f;
    // Three octets are 16 MiB, more than any input here; 0x80 would be the indefinite form.
    if (octets === 0 || octets > 3 || from + octets > bytes.length) throw new NotDer('length');
    length = 0;
    for (const octet of bytes.subarray(from, from + octets)) length = length * 256 + octet;
    from += octets;
    if (length < 0x80 || length < 2 ** (8 * (octets - 1))) throw new NotDer('length is not the shortest');
  }
  if (from + length > bytes.length) throw new NotDer('ends too early');
  return { tag, bytes: bytes.subarray(at, from + length), content: bytes.subarray(from, from + length) };
}

/** The elements inside, taken one after the other; `end` makes sure that none is left. */
export class Fields {
  readonly #elements: Element[] = [];
  #next = 0;

  /** @throws NotDer */
  constructor(content: Uint8Array) {
    for (let at = 0; at < content.length; ) {
      const element = elementAt(content, at);
      this.#elements.push(element);
      at += element.bytes.length;
    }
  }

  /** @throws NotDer unless the next one has this tag */
  take(tag: number): Element {
    const element = this.maybe(tag);
    if (element === undefined) throw new NotDer(`expected tag ${tag.toString(16)}`);
    return element;
  }

  maybe(tag: number): Element | undefined {
    const element = this.#elements[this.#next];
    if (element?.tag !== tag) return undefined;
    this.#next += 1;
    return element;
  }

  rest(): readonly Element[] {
    const rest = this.#elements.slice(this.#next);
    this.#next = this.#elements.length;
    return rest;
  }

  end(): void {
    if (this.#next < this.#elements.length) throw new NotDer('an element too many');
  }
}

export function fieldsOf(element: Element, tag: number = TAG.sequence): Fields {
  if (element.tag !== tag) throw new NotDer(`expected tag ${tag.toString(16)}`);
  return new Fields(element.content);
}

/** Dotted form; arcs may be larger than 2^53 (2.25 is followed by a UUID). */
export function oidOf({ tag, content }: Element): string {
  if (tag !== TAG.oid || content.length === 0 || ((content.at(-1) ?? 0x80) & 0x80) !== 0) throw new NotDer('OID');
  const arcs: bigint[] = [];
  let arc = 0n;
  let fresh = true;
  for (const octet of content) {
    if (fresh && octet === 0x80) throw new NotDer('OID arc with a leading zero');
    arc = (arc << 7n) | BigInt(octet & 0x7f);
    fresh = octet < 0x80;
    if (fresh) {
      arcs.push(arc);
      arc = 0n;
    }
  }
  const head = arcs[0] ?? 0n;
  const top = head >= 80n ? 2n : head / 40n;
  return [top, head - top * 40n, ...arcs.slice(1)].join('.');
}

/** Content of an INTEGER that is not negative and in its shortest form. */
export function naturalOf({ tag, content }: Element): Uint8Array {
  const [high, next] = content;
  if (tag !== TAG.integer || high === undefined || high >= 0x80) throw new NotDer('INTEGER');
  if (high === 0 && next !== undefined && next < 0x80) throw new NotDer('INTEGER is not the shortest');
  return content;
}

export function smallOf(element: Element): number {
  const octets = naturalOf(element);
  if (octets.length > 4) throw new NotDer('INTEGER too large');
  return octets.reduce((number, octet) => number * 256 + octet, 0);
}

/** BIT STRING of whole octets, as keys and signatures are. */
export function bitsOf({ tag, content }: Element): Uint8Array {
  if (tag !== TAG.bitString || content[0] !== 0 || content.length < 2) throw new NotDer('BIT STRING');
  return content.subarray(1);
}

/** DEFAULT FALSE is never written in DER, so a BOOLEAN that is there must be TRUE. */
export function isTrue(element: Element | undefined): boolean {
  if (element === undefined) return false;
  if (element.content.length !== 1 || element.content[0] !== 0xff) throw new NotDer('BOOLEAN');
  return true;
}

/** RFC 5280 §4.1.2.5: UTCTime before 2050, GeneralizedTime from then on; seconds, Z. @returns milliseconds since 1970 */
export function timeOf({ tag, content }: Element): number {
  const text = Buffer.from(content).toString('latin1');
  if (tag !== TAG.utcTime && tag !== TAG.generalizedTime) throw new NotDer('time');
  const century = tag === TAG.generalizedTime ? '' : text < '50' ? '20' : '19';
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(century + text);
  if (parts === null) throw new NotDer('time');
  const [, year, month, day, hour, minute, second] = parts;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const atMs = Date.parse(iso);
  // The comparison refuses 30 February and 24:00, which Date would carry over.
  if (Number.isNaN(atMs) || new Date(atMs).toISOString() !== iso) throw new NotDer('no such time');
  if (tag === TAG.generalizedTime && Number(year) < 2050) throw new NotDer('GeneralizedTime before 2050');
  return atMs;
}

export function writeDer(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const hex = length.toString(16);
  const octets = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | octets.length]), octets, content]);
}

export function writeBits(octets: Uint8Array): Uint8Array {
  return writeDer(TAG.bitString, Uint8Array.of(0), octets);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Runs a reader of this folder; what is not DER, or not the form, is undefined. */
export function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (fault) {
    if (fault instanceof NotDer) return undefined;
    throw fault;
  }
}
