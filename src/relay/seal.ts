import type { Participant } from '../contract/exchange.ts';
import { CONTRACT_VERSION } from '../contract/message.ts';
import { digestOf } from '../envelope/digest.ts';
import { signEnvelope } from '../envelope/envelope.ts';
import type { Signer } from '../envelope/jws.ts';
import { signReceipt } from '../envelope/receipt.ts';
import type { MessageRow } from '../journal/record.ts';
import type { Head } from '../journal/streams.ts';

/** Who signs for whom. */
export interface Seals {
  signerOf(participant: Participant): Signer;
}

export interface Sealing {
  readonly id: string;
  readonly kind: string;
  readonly issuer: Participant;
  readonly audience: readonly Participant[];
  readonly stream: string;
  /** Listing id, or what else it is about. */
  readonly subject: string;
  readonly payload: object;
  readonly rulebook: string;
  readonly atMs: number;
  /** An exchange sent it to us and is owed a receipt; false for our own word and for what an answer told us. */
  readonly sentToUs: boolean;
  /** The native bytes it came from and their exchange's signature; absent for what the gateway itself says. */
  readonly native?: { readonly bytes: Uint8Array; readonly digest: string; readonly proof: string };
}

/**
 * Signs one message as the next of its stream, and the gateway's `received` receipt where one is owed.
 *
 * The payload is serialised here, once, and never again: these bytes are signed, stored and relayed.
 */
export function seal(sealing: Sealing, head: Head, seals: Seals): MessageRow {
  const iat = Math.floor(sealing.atMs / 1000);
  const signer = seals.signerOf(sealing.issuer);
  let signature: Uint8Array | undefined;
  const envelope = signEnvelope(
    Buffer.from(JSON.stringify(sealing.payload), 'utf8'),
    {
      typ: 'fed-msg+jws',
      iss: sealing.issuer,
      aud: sealing.audience,
      jti: sealing.id,
      iat,
      kind: sealing.kind,
      contract: CONTRACT_VERSION,
      rulebook: sealing.rulebook,
      stream: sealing.stream,
      seq: head.seq + 1,
      prev: head.digest,
      nat: sealing.native?.digest ?? null,
    },
    [
      {
        kid: signer.kid,
        alg: signer.alg,
        sign: (bytes) => {
          signature = signer.sign(bytes);
          return signature;
        },
      },
    ],
  );
  const digest = digestOf(envelope);
  head.seq += 1;
  head.digest = digest;
  const received = sealing.sentToUs ? countersign(sealing, digest, signature, iat, seals) : null;
  return {
    id: sealing.id,
    kind: sealing.kind,
    issuer: sealing.issuer,
    stream: sealing.stream,
    seq: head.seq,
    subject: sealing.subject,
    envelope,
    native: sealing.native?.bytes ?? null,
    proof: sealing.native?.proof ?? null,
    received,
    atMs: sealing.atMs,
  };
}

/** The gateway's receipt for what an exchange sent it: over the id, the digest and the origin's signature. */
function countersign(
  sealing: Sealing,
  digest: string,
  signature: Uint8Array | undefined,
  iat: number,
  seals: Seals,
): Uint8Array {
  return signReceipt(
    {
      receipt: 'received',
      iss: 'qiao',
      aud: sealing.issuer,
      iat,
      message: sealing.id,
      envelope: digest,
      signatures: [Buffer.from(signature ?? []).toString('base64url')],
    },
    [seals.signerOf('qiao')],
  );
}

/** The recipient's own word on a message: `accepted` with its number, or `refused` with the codes. */
export function judge(
  recipient: Participant,
  message: { readonly id: string; readonly issuer: string; readonly digest: string },
  verdict: { readonly number: string | null } | { readonly codes: readonly string[] },
  atMs: number,
  seals: Seals,
): Uint8Array {
  const common = {
    iss: recipient,
    aud: message.issuer,
    iat: Math.floor(atMs / 1000),
    message: message.id,
    envelope: message.digest,
  };
  const signers = [seals.signerOf(recipient)];
  return 'codes' in verdict
    ? signReceipt({ receipt: 'refused', ...common, codes: verdict.codes }, signers)
    : signReceipt({ receipt: 'accepted', ...common, number: verdict.number }, signers);
}
