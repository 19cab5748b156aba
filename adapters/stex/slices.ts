/** Where an element stands in a document, in bytes: `from` its `<`, `to` behind its `>`. */
export interface Slice {
  readonly from: number;
  readonly to: number;
}

const LT = 0x3c;
const GT = 0x3e;
const SLASH = 0x2f;
const BANG = 0x21;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;

/**
 * The elements of that name, in order, as they stand in the bytes: for handing on and hashing exactly what came.
 * Nested ones of the same name belong to the outer one.
 *
 * Safe on GB18030 without decoding it: the bytes of `<`, `>`, `/`, `-`, `"` never occur inside its longer characters.
 * Comments and CDATA are passed over. What is not well formed is for the reader of the slice to refuse.
 */
export function elementsIn(bytes: Uint8Array, name: string): readonly Slice[] {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Slice[] = [];
  let depth = 0;
  let from = 0;
  for (let at = source.indexOf(LT); at >= 0; at = source.indexOf(LT, at)) {
    const end = endOfMarkup(source, at);
    if (end < 0) break;
    const closing = source[at + 1] === SLASH;
    if (isTagOf(source, at + (closing ? 2 : 1), name)) {
      const empty = !closing && source[end - 2] === SLASH;
      if (!closing && depth++ === 0) from = at;
      if ((closing || empty) && depth > 0 && --depth === 0) found.push({ from, to: end });
    }
    at = end;
  }
  return found;
}

function isTagOf(source: Buffer, at: number, name: string): boolean {
  if (source.toString('latin1', at, at + name.length) !== name) return false;
  const next = source[at + name.length]!;
  return next === GT || next === SLASH || next === 0x20 || (next >= 0x09 && next <= 0x0d);
}

/** Behind the tag, comment or CDATA section that starts there; -1 when it does not end. */
function endOfMarkup(source: Buffer, at: number): number {
  if (source[at + 1] === BANG) {
    const closer = source.toString('latin1', at, at + 4) === '<!--' ? '-->' : ']]>';
    const end = source.indexOf(closer, at + 4, 'latin1');
    return end < 0 ? -1 : end + 3;
  }
  // A `>` inside an attribute's value ends nothing.
  for (let i = at + 1; i < source.length; i++) {
    const byte = source[i]!;
    if (byte === GT) return i + 1;
    if (byte !== QUOTE && byte !== APOSTROPHE) continue;
    i = source.indexOf(byte, i + 1);
    if (i < 0) return -1;
  }
  return -1;
}
