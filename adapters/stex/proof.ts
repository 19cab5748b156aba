import { createHash } from 'node:crypto';
import type { KeptNative, NativeVerifier } from '../../src/contract/adapter.ts';
import { isObject, parseJson } from '../../src/contract/json.ts';
import { codes } from './codes.ts';
import { type Seal, sm3 } from './seal.ts';
import { elementsIn, type Slice } from './slices.ts';

/**
 * STEX signs a page, not a document. A document that came alone has its page around it in the proof itself; where
 * several came in one, each names its place in the page, which is kept once for all of them.
 */
export function proofsOf(page: Uint8Array, documents: readonly Slice[], seal: Seal): readonly string[] {
  const [only] = documents;
  if (documents.length === 1 && only !== undefined) {
    const [before, after] = [page.subarray(0, only.from), page.subarray(only.to)].map(base64);
    return [JSON.stringify({ ...seal, before, after })];
  }
  const whole = createHash('sha256').update(page).digest('hex');
  return documents.map((_, i) => JSON.stringify({ ...seal, whole, part: i + 1 }));
}

const COVERED = /^([^|]{1,40})\|\d{14}\|[1-9]\d{0,15}\|([0-9a-f]{64})$/;
/** A page may have comments and blanks around its one document. */
const MAX_PROOF_BYTES = 16 * 1_048_576;

/** The page must be the one that was signed, and the document stand in it where the proof says. */
export function verifyProof(kept: KeptNative, verifier: NativeVerifier): boolean {
  const json = parseJson(Buffer.from(kept.proof, 'utf8'), MAX_PROOF_BYTES);
  if (!json.ok || !isObject(json.value)) return false;
  const { covered, signature, before, after, whole, part } = json.value;
  const [page, place, says] =
    whole === undefined
      ? [pageAround(kept, before, after), 1, { covered, signature, before, after }]
      : [pageNamed(kept, whole), part, { covered, signature, whole, part }];
  const der = bytesOf(signature);
  if (kept.proof !== JSON.stringify(says) || page === undefined || der === undefined) return false;
  const [, member, digest] = COVERED.exec(String(covered)) ?? [];
  if (member !== codes.member || digest !== sm3(page)) return false;
  const document = elementsIn(page, 'WD')[Number(place) - 1];
  if (document === undefined || !page.subarray(document.from, document.to).equals(kept.bytes)) return false;
  return verifier.verify(Buffer.from(String(covered)), der);
}

function pageAround({ bytes, whole }: KeptNative, before: unknown, after: unknown): Buffer | undefined {
  const [head, tail] = [bytesOf(before), bytesOf(after)];
  if (head === undefined || tail === undefined || whole !== undefined) return undefined;
  return Buffer.concat([head, bytes, tail]);
}

function pageNamed({ whole }: KeptNative, name: unknown): Buffer | undefined {
  if (whole === undefined || createHash('sha256').update(whole).digest('hex') !== name) return undefined;
  return Buffer.from(whole);
}

/** Undefined unless it is base64 in its one spelling. */
function bytesOf(text: unknown): Buffer | undefined {
  if (typeof text !== 'string') return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
