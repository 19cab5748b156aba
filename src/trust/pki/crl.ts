/** A certificate revocation list (RFC 5280 §5) of the federation's closed form, read from DER: version 2, whole ones only. */

import { fieldsOf, hexOf, NotDer, orUndefined, readDer, smallOf, TAG } from './asn1.ts';
import { nameBytes, readSigned, serialOf, takeTime } from './certificate.ts';
import { authorityKeyIdentifierOf, readExtensions } from './extensions.ts';
import { OID } from './profile.ts';

/** RFC 5280 §5.3.1. On hold and "removed" are for lists that change their mind; a revocation here is for ever. */
export const REVOCATION_REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
} as const;

export type RevocationReason = keyof typeof REVOCATION_REASONS;

export interface Revoked {
  /** The certificate's serial number in hex, as `readCertificate` gives it. */
  readonly serial: string;
  readonly at: Date;
  readonly reason: RevocationReason;
}

export interface Crl {
  readonly der: Uint8Array;
  readonly tbs: Uint8Array;
  readonly signature: Uint8Array;
  readonly algorithm: string;
  readonly issuer: Uint8Array;
  readonly issuerKeyIdentifier: Uint8Array;
  /** Grows with every list of one issuer. */
  readonly number: number;
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number;
  readonly revoked: readonly Revoked[];
}

/** About 100,000 entries: fifty times more certificates than three exchanges can use up. */
const MAX_CRL_BYTES = 4 * 1024 * 1024;
const VERSION_2 = 1;

/** Undefined when it is not a list of this form; one extension that is not known, and it is not. */
export function readCrl(der: Uint8Array): Crl | undefined {
  return orUndefined(() => crlOf(der));
}

function crlOf(der: Uint8Array): Crl {
  const { tbs, algorithm, signature } = readSigned(der, MAX_CRL_BYTES);
  const fields = fieldsOf(tbs);
  if (smallOf(fields.take(TAG.integer)) !== VERSION_2) throw new NotDer('version');
  if (hexOf(fields.take(TAG.sequence).bytes) !== algorithm) throw new NotDer('two signature algorithms');
  const issuer = nameBytes(fields.take(TAG.sequence));
  const thisUpdateMs = takeTime(fields);
  const nextUpdateMs = takeTime(fields);
  if (nextUpdateMs <= thisUpdateMs) throw new NotDer('validity');
  const list = fields.maybe(TAG.sequence);
  const revoked =
    list === undefined
      ? []
      : fieldsOf(list)
          .rest()
          .map(({ bytes }) => revokedOf(bytes));
  if (list !== undefined && revoked.length === 0) throw new NotDer('empty list'); // then it is left out
  if (new Set(revoked.map(({ serial }) => serial)).size < revoked.length) throw new NotDer('serial twice');
  const wrapper = fieldsOf(fields.take(0xa0), 0xa0);
  const extensions = readExtensions(wrapper.take(TAG.sequence));
  wrapper.end();
  fields.end();
  const keyIdentifier = extensions.get(OID.authorityKeyIdentifier)?.value;
  const number = extensions.get(OID.crlNumber)?.value;
  if (extensions.size !== 2 || keyIdentifier === undefined || number === undefined) throw new NotDer('extensions');
  return {
    der,
    tbs: tbs.bytes,
    signature,
    algorithm,
    issuer,
    issuerKeyIdentifier: authorityKeyIdentifierOf(keyIdentifier),
    number: smallOf(readDer(number)),
    thisUpdateMs,
    nextUpdateMs,
    revoked,
  };
}

function revokedOf(der: Uint8Array): Revoked {
  const fields = fieldsOf(readDer(der));
  const serial = serialOf(fields.take(TAG.integer));
  const at = new Date(takeTime(fields));
  const given = fields.maybe(TAG.sequence);
  fields.end();
  return { serial, at, reason: given === undefined ? 'unspecified' : reasonOf(readExtensions(given)) };
}

function reasonOf(extensions: ReturnType<typeof readExtensions>): RevocationReason {
  const value = extensions.get(OID.reasonCode)?.value;
  if (extensions.size !== 1 || value === undefined) throw new NotDer('entry extension');
  const { tag, content } = readDer(value);
  const code = tag === TAG.enumerated && content.length === 1 ? content[0] : undefined;
  const found = Object.entries(REVOCATION_REASONS).find(([, reasonCode]) => reasonCode === code);
  if (found === undefined) throw new NotDer('reason');
  return found[0] as RevocationReason;
}
