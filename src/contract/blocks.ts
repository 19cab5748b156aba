/** The longest piece (a row with what stands before it) that is held in memory. */
export const MAX_PIECE_BYTES = 65_536;

export interface Block {
  readonly bytes: Buffer;
  /** `pieces`: ends with the delimiter. `rest`: what stands behind the last one. `overlong`: a piece found no end. */
  readonly is: 'pieces' | 'rest' | 'overlong';
}

/**
 * Cuts a stream behind the last delimiter of every chunk, so that no piece is ever torn; the last block is `rest`
 * (perhaps empty), or `overlong`, after which nothing is read any more.
 */
export async function* blocksOf(
  source: AsyncIterable<Uint8Array>,
  delimiter: string,
  maxPieceBytes = MAX_PIECE_BYTES,
): AsyncGenerator<Block, void, void> {
  const mark = Buffer.from(delimiter, 'latin1');
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    // The delimiter may lie across two chunks, so what is held is searched as one.
    const whole = held.byteLength === 0 ? bytes : Buffer.concat([held, bytes]);
    const end = whole.lastIndexOf(mark);
    if (end >= 0) yield { bytes: whole.subarray(0, end + mark.byteLength), is: 'pieces' };
    held = end < 0 ? whole : whole.subarray(end + mark.byteLength);
    if (held.byteLength > maxPieceBytes) {
      yield { bytes: held, is: 'overlong' };
      return;
    }
  }
  yield { bytes: held, is: 'rest' };
}

const MOST_DATES = 1000;

/** Remembers what a check said of texts that come again and again: the dates of a million rows are few. */
export function remembering<Result>(check: (text: string) => Result): (text: string) => Result {
  const known = new Map<string, Result>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const result = check(text);
    if (known.size >= MOST_DATES) known.clear();
    known.set(text, result);
    return result;
  };
}
