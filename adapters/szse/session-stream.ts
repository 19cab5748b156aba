import { BEGIN, checksum, type Frame, readFrame, SOH, TRAILER_BYTES } from './session-frame.ts';

const MAX_FRAME_BYTES = 1_048_576;

/** What a stretch of the stream is: a message, or bytes that are none and are ignored without counting. */
export type Stretch = { readonly frame: Frame } | { readonly garbled: Buffer; readonly why: 'length' | 'checksum' };

/** Cuts a stream of bytes into messages. Garbled stretches end at the next beginning of a message. */
export interface FrameReader {
  push(chunk: Buffer): readonly Stretch[];
}

export function openFrameReader(): FrameReader {
  let rest: Buffer = Buffer.alloc(0);
  return {
    push: (chunk) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const found: Stretch[] = [];
      for (let used = cut(rest, found); used > 0; used = cut(rest, found)) rest = rest.subarray(used);
      return found;
    },
  };
}

/** Looks at the head of `rest`; adds what it is and gives how many bytes it takes, 0 where more must come first. */
function cut(rest: Buffer, found: Stretch[]): number {
  if (rest.length < BEGIN.length) return 0;
  if (!rest.subarray(0, BEGIN.length).equals(BEGIN)) return skip(rest, found, 0);
  const lengthEnd = rest.indexOf(SOH, BEGIN.length);
  if (lengthEnd < 0 && rest.length < BEGIN.length + 8) return 0;
  const digits = rest.toString('latin1', BEGIN.length, Math.max(lengthEnd, 0));
  const length = /^[1-9]\d{0,6}$/.test(digits) ? Number(digits) : Number.POSITIVE_INFINITY;
  if (length > MAX_FRAME_BYTES) return skip(rest, found, 1);
  const trailerAt = lengthEnd + 1 + length;
  const end = trailerAt + TRAILER_BYTES;
  if (rest.length < end) return 0;
  const trailer = rest.toString('latin1', trailerAt, end - 1);
  if (!/^10=\d{3}$/.test(trailer) || rest[trailerAt - 1] !== SOH || rest[end - 1] !== SOH) return skip(rest, found, 1);
  const bytes = rest.subarray(0, end);
  if (checksum(bytes, trailerAt) !== trailer.slice(3, 6)) {
    found.push({ garbled: bytes, why: 'checksum' });
    return end;
  }
  const frame = readFrame(bytes, lengthEnd + 1, trailerAt);
  found.push(frame === undefined ? { garbled: bytes, why: 'length' } : { frame });
  return end;
}

function skip(rest: Buffer, found: Stretch[], from: number): number {
  const next = rest.indexOf(BEGIN, from);
  // The last bytes may be the start of a beginning that is not here yet.
  const end = next < 0 ? rest.length - BEGIN.length + 1 : next;
  if (end <= 0) return 0;
  const last = found.at(-1);
  if (last === undefined || !('garbled' in last)) found.push({ garbled: rest.subarray(0, end), why: 'length' });
  return end;
}

/** A whole message read back, as it was kept. */
export function readWhole(bytes: Uint8Array): Frame | undefined {
  const [stretch] = openFrameReader().push(Buffer.from(bytes));
  return stretch !== undefined && 'frame' in stretch ? stretch.frame : undefined;
}
