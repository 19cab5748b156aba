import type { Participant } from '../contract/exchange.ts';
import { CONTRACT_VERSION } from '../contract/message.ts';
import { encodeBase64url } from '../envelope/base64url.ts';
import { digestOf } from '../envelope/digest.ts';
import { signEnvelope } from '../envelope/envelope.ts';
import type { Signer } from '../envelope/jws.ts';
import { signReceipt } from '../envelope/receipt.ts';
import type { MessageRow } from '../journal/record.ts';
import type { Head } from '../journal/streams.ts';

/** Who signs for whom. */
export interface Seals {
  /**
   * The keys that participant signs with for what is journaled at that instant: Ed25519 or ES256 first, then SM2 where
   * it has such a key. At least one.
   */
  signersOf(participant: Participant, atMs: number): readonly Signer[];
  /** Whether receipts are given; absent: always, and only a measurement of their cost says otherwise. */
  giveReceipts?(): boolean;
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
export async function seal(sealing: Sealing, head: Head, seals: Seals): Promise<MessageRow> {
  const iat = Math.floor(sealing.atMs / 1000);
  const made = new Map<string, Uint8Array>();
  const signers = seals.signersOf(sealing.issuer, sealing.atMs).map((signer) => keeping(signer, made));
  const envelope = await signEnvelope(
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
    signers,
  );
  const digest = digestOf(envelope);
  head.seq += 1;
  head.digest = digest;
  const isOwed = sealing.sentToUs && seals.giveReceipts?.() !== false;
  const received = isOwed ? await countersign(sealing, digest, made, iat, seals) : null;
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

/**
 * Seals many, each stream in the order given, streams beside each other: a message waits for its predecessor's digest
 * and for nothing else, so keys that sign elsewhere (a thread, a token) work while others do.
 */
export async function sealAll(
  sealings: readonly Sealing[],
  headOf: (sealing: Sealing) => Head,
  seals: Seals,
): Promise<readonly MessageRow[]> {
  const last = new Map<Head, Promise<unknown>>();
  return Promise.all(
    sealings.map((sealing) => {
      const head = headOf(sealing);
      const before = last.get(head);
      const sealed = before === undefined ? seal(sealing, head, seals) : before.then(() => seal(sealing, head, seals));
      last.set(head, sealed);
      return sealed;
    }),
  );
}

/** The same signer; what it makes is kept under its key id. */
function keeping(signer: Signer, made: Map<string, Uint8Array>): Signer {
  const { kid, alg } = signer;
  return {
    kid,
    alg,
    sign: async (bytes) => {
      const signature = await signer.sign(bytes);
      made.set(kid, signature);
      return signature;
    },
  };
}

/** The gateway's receipt for what an exchange sent it: over the id, the digest and all signatures of the origin. */
function countersign(
  sealing: Sealing,
  digest: string,
  made: ReadonlyMap<string, Uint8Array>,
  iat: number,
  seals: Seals,
): Promise<Uint8Array> {
  // In the order of the envelope, which is that of the key ids.
  const inOrder = [...made.keys()].sort();
  return signReceipt(
    {
      receipt: 'received',
      iss: 'qiao',
      aud: sealing.issuer,
      iat,
      message: sealing.id,
      envelope: digest,
      signatures: inOrder.map((kid) => encodeBase64url(made.get(kid)!)),
    },
    receiptSigner('qiao', sealing.atMs, seals),
  );
}

/** What a receipt is for. */
interface Judged {
  readonly id: string;
  readonly issuer: string;
  readonly digest: string;
}

/** The recipient's own word on a message: `accepted` with its number, or `refused` with the codes. */
export function judge(
  recipient: Participant,
  message: Judged,
  verdict: { readonly number: string | null } | { readonly codes: readonly string[] },
  atMs: number,
  seals: Seals,
): Promise<Uint8Array> {
  const stated = statedOf(recipient, message, atMs);
  const signers = receiptSigner(recipient, atMs, seals);
  return 'codes' in verdict
    ? signReceipt({ receipt: 'refused', ...stated, codes: verdict.codes }, signers)
    : signReceipt({ receipt: 'accepted', ...stated, number: verdict.number }, signers);
}

/** The gateway's word that the money side of a message is done. */
export function settle(message: Judged, reference: string, atMs: number, seals: Seals): Promise<Uint8Array> {
  return signReceipt(
    { receipt: 'settled', ...statedOf('qiao', message, atMs), reference },
    receiptSigner('qiao', atMs, seals),
  );
}

function statedOf(iss: Participant, { id, issuer, digest }: Judged, atMs: number) {
  return { iss, aud: issuer, iat: Math.floor(atMs / 1000), message: id, envelope: digest };
}

/** A receipt bears the first signature only: what it speaks of bears them all. */
function receiptSigner(participant: Participant, atMs: number, seals: Seals): readonly Signer[] {
  return seals.signersOf(participant, atMs).slice(0, 1);
}
