/**
 * Receipts: three facts that are never conflated.
 *
 * `received`: the gateway has durably kept the envelope; it countersigns the id, the digest and the origin's signatures.
 * `accepted` or `refused`: the recipient's own rules have judged the message. `settled`: the money side is done.
 */

import { type EnvelopeRefusal, refuse } from './codes.ts';
import { digestOf } from './digest.ts';
import type { VerifiedEnvelope } from './envelope.ts';
import { isMessageId, isParticipant, isSeconds, isSha256 } from './header.ts';
import { type JsonObject, parseExact } from './json.ts';
import { openJws, type Signer, signJws, type TrustList, type VerifiedSignature, type VerifyOptions } from './jws.ts';

interface ReceiptOf<Kind extends string> {
  readonly receipt: Kind;
  /** Who says so, and to whom: the origin of the message. */
  readonly iss: string;
  readonly aud: string;
  /** Seconds since 1970 at which it became true, by the journal of whoever says so. */
  readonly iat: number;
  /** `jti` of the message, and SHA-256 (hex) of its envelope's bytes. */
  readonly message: string;
  readonly envelope: string;
}

export interface Received extends ReceiptOf<'received'> {
  /** The origin's signatures, base64url, in the order of the envelope. */
  readonly signatures: readonly string[];
}

export interface Accepted extends ReceiptOf<'accepted'> {
  /** The recipient's own number for it (a mirror number, a deal number), null when it gives none. */
  readonly number: string | null;
}

export interface Refused extends ReceiptOf<'refused'> {
  /** Refusal codes, 1 to 64, of the contract or of the recipient's rulebook. */
  readonly codes: readonly string[];
}

export interface Settled extends ReceiptOf<'settled'> {
  /** What proves it to a clearing clerk: the settlement batch or the bank's reference. */
  readonly reference: string;
}

export type Receipt = Received | Accepted | Refused | Settled;

export interface VerifiedReceipt {
  readonly ok: true;
  readonly receipt: Receipt;
  /** SHA-256, hex, of the receipt's bytes. */
  readonly digest: string;
  readonly signatures: readonly VerifiedSignature[];
}

export interface ReceiptOptions extends VerifyOptions {
  /** The envelope it claims to be for, already verified: the receipt must fit it in every point. */
  readonly of?: VerifiedEnvelope;
  /** Who may countersign `received` and `settled`. */
  readonly gateway?: string;
}

const HEADER = ['typ', 'iss', 'aud', 'iat'] as const;
const profile = { typ: 'fed-receipt+jws', members: new Set<string>(HEADER) } as const;
const SIGNATURE = /^[A-Za-z0-9_-]{86}$/;

/** What each receipt says besides message and digest: one member, and its check. */
const SAYS: Readonly<Record<Receipt['receipt'], readonly [member: string, fits: (value: unknown) => boolean]>> = {
  received: ['signatures', (v) => isList(v, 4) && v.every((s) => typeof s === 'string' && SIGNATURE.test(s))],
  accepted: ['number', (v) => v === null || isMessageId(v)],
  refused: ['codes', (v) => isList(v, 64) && v.every(isMessageId)],
  settled: ['reference', isMessageId],
};

/** The `received` receipt for a verified envelope. */
export function receivedFor(envelope: VerifiedEnvelope, gateway: string, iat: number): Received {
  return {
    receipt: 'received',
    iss: gateway,
    aud: envelope.header.iss,
    iat,
    message: envelope.header.jti,
    envelope: envelope.digest,
    signatures: envelope.signatures.map(({ signature }) => signature),
  };
}

/** @throws TypeError (assertion) when the receipt is not one that its origin would take */
export async function signReceipt(receipt: Receipt, signers: readonly Signer[]): Promise<Uint8Array> {
  const { receipt: kind, iss, aud, iat, message, envelope, ...says } = receipt;
  const header = { typ: profile.typ, iss, aud, iat };
  const body = { receipt: kind, message, envelope, ...says };
  const checked = readReceipt(header, body);
  if (!checked.ok) throw new TypeError(`assertion: receipt ${checked.pointer}: ${checked.en}`);
  return signJws(Buffer.from(JSON.stringify(body), 'utf8'), header, signers);
}

/** Verifies the exact bytes received; with `of`, also that it speaks of that envelope and comes from who may say so. */
export function verifyReceipt(
  bytes: Uint8Array,
  trust: TrustList,
  options: ReceiptOptions = {},
): VerifiedReceipt | EnvelopeRefusal {
  const opened = openJws(bytes, trust, profile, options);
  if (!opened.ok) return opened;
  const body = parseExact(opened.payload, '/payload');
  if (!body.ok) return body;
  const read = readReceipt(opened.header, body.object);
  if (!read.ok) return read;
  const mismatch = mismatchOf(read.receipt, options);
  if (mismatch !== undefined) return refuse('receipt-mismatch', mismatch);
  return { ok: true, receipt: read.receipt, digest: digestOf(bytes), signatures: opened.signatures };
}

/** Pointer to the first point in which the receipt does not fit, or undefined. */
function mismatchOf(receipt: Receipt, { of, gateway = 'qiao' }: ReceiptOptions): string | undefined {
  const issuer = '/signatures/0/protected/iss';
  const byGateway = receipt.receipt === 'received' || receipt.receipt === 'settled';
  if (byGateway && receipt.iss !== gateway) return issuer;
  if (of === undefined) return undefined;
  // A message that cannot be put into the recipient's own terms is refused by the gateway, and never reaches it.
  const byRecipient = of.header.aud.includes(receipt.iss) || (receipt.receipt === 'refused' && receipt.iss === gateway);
  if (!byGateway && !byRecipient) return issuer;
  if (receipt.aud !== of.header.iss) return '/signatures/0/protected/aud';
  if (receipt.message !== of.header.jti) return '/payload/message';
  if (receipt.envelope !== of.digest) return '/payload/envelope';
  if (receipt.receipt !== 'received') return undefined;
  const same =
    receipt.signatures.length === of.signatures.length &&
    receipt.signatures.every((signature, index) => signature === of.signatures[index]?.signature);
  return same ? undefined : '/payload/signatures';
}

function readReceipt(header: JsonObject, body: JsonObject): { ok: true; receipt: Receipt } | EnvelopeRefusal {
  const checks: readonly (readonly [string, unknown, (value: unknown) => boolean])[] = [
    ['/signatures/0/protected/iss', header.iss, isParticipant],
    ['/signatures/0/protected/aud', header.aud, isParticipant],
    ['/signatures/0/protected/iat', header.iat, isSeconds],
    ['/payload/receipt', body.receipt, (v) => typeof v === 'string' && Object.hasOwn(SAYS, v)],
    ['/payload/message', body.message, isMessageId],
    ['/payload/envelope', body.envelope, isSha256],
  ];
  for (const [pointer, value, fits] of checks) {
    if (value === undefined) return refuse('missing-member', pointer);
    if (!fits(value)) return refuse('malformed-member', pointer);
  }
  const [member, fits] = SAYS[body.receipt as Receipt['receipt']];
  if (!Object.hasOwn(body, member)) return refuse('missing-member', `/payload/${member}`);
  if (!fits(body[member])) return refuse('malformed-member', `/payload/${member}`);
  const listed = ['receipt', 'message', 'envelope', member];
  const other = Object.keys(body).find((name) => !listed.includes(name));
  if (other !== undefined) return refuse('unlisted-member', '/payload', other);
  const { iss, aud, iat } = header;
  return { ok: true, receipt: { iss, aud, iat, ...body } as unknown as Receipt };
}

function isList(value: unknown, most: number): value is readonly unknown[] {
  return Array.isArray(value) && value.length >= 1 && value.length <= most;
}
