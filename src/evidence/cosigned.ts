/** A deal under the signatures of both exchanges: two signatures over the same bytes, journaled with the host's word. */

import { isObject, type JsonObject, parseJson } from '../contract/json.ts';
import { openCosigned } from '../envelope/cosigned.ts';
import { digestOf } from '../envelope/digest.ts';
import { digestOfParts, isAbout } from '../log/leaf.ts';
import type { ReceiptPart } from './bundle.ts';
import { aboutKey, type EvidenceRefusal, refuse } from './codes.ts';
import { placedIn } from './log-proof.ts';
import type { Ground } from './receipts.ts';

export interface ProvenCosigned {
  readonly deal: string;
  /** The version that both stand by; later ones change its state, never its terms. */
  readonly version: number;
  /** The bundle's own message has exactly these bytes. */
  readonly isThis: boolean;
  readonly signatures: readonly { readonly participant: string; readonly kid: string; readonly alg: string }[];
  /** Journal time, milliseconds since 1970. */
  readonly atMs: number;
  readonly index: number;
}

/** That both signed, that it stands in the log, and that it is the deal which the bundle's message is about. */
export function proveCosigned(
  part: ReceiptPart,
  pointer: string,
  ground: Ground,
): { readonly ok: true; readonly cosigned: ProvenCosigned } | EvidenceRefusal {
  const { message, kind, recipient, bytes, entry } = part;
  const { envelope, head, list } = ground;
  if (entry === null) return refuse('evidence-missing-part', `${pointer}/entry`);
  const placed = placedIn(head, entry, `${pointer}/entry`);
  if (!placed.ok) return placed;
  const { leaf } = placed;
  const said = objectIn(envelope.payload);
  const parties = said.kind === 'deal' ? [said.home, said.host] : [envelope.header.aud[0], said.host];
  const opened = openCosigned(bytes, list, parties.map(String), leaf.atMs);
  if (!opened.ok) {
    const lacks = opened.code === 'cosignature-missing' || opened.code === 'issuer-mismatch';
    return refuse(lacks ? 'evidence-cosignature' : (aboutKey(opened.code) ?? 'evidence-altered'), pointer, opened.code);
  }
  const deal = objectIn(opened.payload);
  const isThis = Buffer.compare(opened.payload, envelope.payload) === 0;
  const isConfirmed = said.deal === deal.id && said.dealSha256 === digestOf(opened.payload);
  const isItsDeal = deal.kind === 'deal' && (said.kind === 'deal' ? said.id === deal.id : isConfirmed);
  if (!isItsDeal || leaf.type !== 'receipt' || leaf.sender !== deal.host || !isAbout(leaf, bytes)) {
    return refuse('evidence-cosignature', pointer);
  }
  const beside = digestOfParts([message, kind, recipient]);
  if (Buffer.compare(beside, leaf.beside) !== 0) return refuse('evidence-altered', `${pointer}/message`);
  const signatures = opened.signatures.map(({ iss, kid, alg }) => ({ participant: iss, kid, alg }));
  const { atMs } = leaf;
  const found = { deal: String(deal.id), version: Number(deal.version), isThis, signatures, atMs, index: entry.index };
  return { ok: true, cosigned: found };
}

/** A certificate is only given for a deal that both exchanges have signed: without it something was taken out. */
export function isOwed(payload: Uint8Array): boolean {
  const said = objectIn(payload);
  return (
    said.kind === 'deal-confirmed' || (said.kind === 'deal' && said.status === 'certified' && said.home !== said.host)
  );
}

function objectIn(payload: Uint8Array): JsonObject {
  const json = parseJson(payload);
  return json.ok && isObject(json.value) ? json.value : {};
}
