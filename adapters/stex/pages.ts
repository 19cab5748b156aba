import type { Arrival } from '../../src/contract/adapter.ts';
import type { Answered } from './line.ts';
import { proofsOf } from './proof.ts';
import { sm3 } from './seal.ts';
import { elementsIn } from './slices.ts';
import { isWdbh } from './wire.ts';

/** One page of the outbox: its documents as they came, byte for byte, and the cursor behind them. */
export interface Page {
  readonly cursor: string;
  readonly arrivals: readonly Arrival[];
  /** The page itself where it holds several documents: their proofs name it. */
  readonly whole?: Uint8Array;
  /** What stands in the page beside the documents and is no XML of a page. */
  readonly garbage?: Uint8Array;
}

const LIST = /^(?:<\?xml[^>]*\?>)?\s*<WDLB\s+XYYB\s*=\s*(?:"([^"<&]{0,200})"|'([^'<&]{0,200})')\s*\/?>/;
const BLANK = /^[ \t\r\n]*$/;
const END = /^[ \t\r\n]*<\/WDLB[ \t\r\n]*>[ \t\r\n]*$/;

/** A page's documents, each with what proves it: STEX signed the page as a whole. */
export function readPage({ body, seal }: Answered, arrivedAtMs: number): Page | undefined {
  const start = LIST.exec(latin1(body.subarray(0, 1024)));
  if (start === null) return undefined;
  const slices = elementsIn(body, 'WD');
  const gaps = slices.map(({ from }, i) => body.subarray(i === 0 ? start[0].length : slices[i - 1]!.to, from));
  const rest = body.subarray(slices.at(-1)?.to ?? start[0].length);
  const isSound = start[0].endsWith('/>') ? BLANK.test(latin1(rest)) : END.test(latin1(rest));
  const garbage = gaps.find((gap) => !BLANK.test(latin1(gap))) ?? (isSound ? undefined : rest);
  const proofs = proofsOf(body, slices, seal);
  const arrivals = slices.map(({ from, to }, i): Arrival => {
    const bytes = body.subarray(from, to);
    return { exchange: 'stex', key: keyOf(bytes), bytes, proof: proofs[i]!, arrivedAtMs, ordered: true };
  });
  const found = { cursor: start[1] ?? start[2] ?? '', arrivals };
  return {
    ...found,
    ...(slices.length > 1 ? { whole: body } : {}),
    ...(garbage === undefined ? {} : { garbage }),
  };
}

function latin1(bytes: Uint8Array): string {
  return bufferOf(bytes).toString('latin1');
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** WDBH as it stands in the start tag; a document without a usable one goes by its digest, and is refused later. */
function keyOf(bytes: Uint8Array): string {
  const start = latin1(bytes.subarray(0, 512));
  const wdbh = /^<WD\s[^>]*?\bWDBH\s*=\s*(?:"([^"<&]*)"|'([^'<&]*)')/.exec(start);
  const key = wdbh?.[1] ?? wdbh?.[2];
  return isWdbh(key) && /^[\x21-\x7e]+$/.test(key) ? key : `sm3:${sm3(bytes)}`;
}
