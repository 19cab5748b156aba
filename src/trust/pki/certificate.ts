/** A certificate of the federation's closed form, read from DER. What is not in the form is refused, not skipped. */

import {
  bitsOf,
  type Element,
  type Fields,
  fieldsOf,
  hexOf,
  NotDer,
  naturalOf,
  oidOf,
  orUndefined,
  readDer,
  smallOf,
  TAG,
  timeOf,
} from './asn1.ts';
import { basicConstraintsOf, type ExtensionValue, readExtensions } from './extensions.ts';
import { SIGNATURES } from './keys.ts';
import { type Level, OID, PATH_LENGTHS } from './profile.ts';

export interface Certificate {
  readonly der: Uint8Array;
  /** What the signature is over, exactly as it stands. */
  readonly tbs: Uint8Array;
  readonly signature: Uint8Array;
  /** AlgorithmIdentifier, DER in hex; the same inside and outside. */
  readonly algorithm: string;
  /** Hex, as it stands: positive, 20 octets at most. */
  readonly serial: string;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly spki: Uint8Array;
  readonly extensions: ReadonlyMap<string, ExtensionValue>;
}

const VERSION_3 = 2;
const MAX_CERTIFICATE_BYTES = 8192;
const ALGORITHMS: ReadonlySet<string> = new Set(Object.values(SIGNATURES));

/** @param der one certificate and nothing else. Undefined when it is not one of this form */
export function readCertificate(der: Uint8Array): Certificate | undefined {
  return orUndefined(() => certificateOf(der));
}

/** Where a certificate says it stands; an authority that limits its path in another way stands nowhere. */
export function levelOf({ extensions }: Certificate): Level | undefined {
  const value = extensions.get(OID.basicConstraints)?.value;
  const constraints = value && orUndefined(() => basicConstraintsOf(value));
  if (constraints === undefined) return undefined;
  if (!constraints.ca) return 'leaf';
  return (['root', 'intermediate'] as const).find((level) => PATH_LENGTHS[level] === constraints.pathLength);
}

/** SEQUENCE { what is signed, AlgorithmIdentifier, BIT STRING }, as certificates, requests and CRLs all are. @throws NotDer */
export function readSigned(der: Uint8Array, maxBytes: number) {
  if (der.length > maxBytes) throw new NotDer('too large');
  const outer = fieldsOf(readDer(der));
  const tbs = outer.take(TAG.sequence);
  const algorithm = hexOf(outer.take(TAG.sequence).bytes);
  const signature = bitsOf(outer.take(TAG.bitString));
  outer.end();
  if (!ALGORITHMS.has(algorithm)) throw new NotDer('signature algorithm');
  return { tbs, algorithm, signature };
}

function certificateOf(der: Uint8Array): Certificate {
  const { tbs, algorithm, signature } = readSigned(der, MAX_CERTIFICATE_BYTES);
  const fields = fieldsOf(tbs);
  const version = fieldsOf(fields.take(0xa0), 0xa0);
  if (smallOf(version.take(TAG.integer)) !== VERSION_3) throw new NotDer('version');
  version.end();
  const serial = serialOf(fields.take(TAG.integer));
  // RFC 5280 §4.1.1.2: the one inside is signed, the one outside is not.
  if (hexOf(fields.take(TAG.sequence).bytes) !== algorithm) throw new NotDer('two signature algorithms');
  const issuer = nameBytes(fields.take(TAG.sequence));
  const validity = fieldsOf(fields.take(TAG.sequence));
  const notBeforeMs = takeTime(validity);
  const notAfterMs = takeTime(validity);
  validity.end();
  if (notAfterMs <= notBeforeMs) throw new NotDer('validity');
  const subject = nameBytes(fields.take(TAG.sequence));
  const spki = fields.take(TAG.sequence).bytes;
  const wrapper = fieldsOf(fields.take(0xa3), 0xa3); // so unique ids, [1] and [2], are refused
  const extensions = readExtensions(wrapper.take(TAG.sequence));
  wrapper.end();
  fields.end();
  const parts = { serial, issuer, subject, notBeforeMs, notAfterMs, spki, extensions };
  return { der, tbs: tbs.bytes, signature, algorithm, ...parts };
}

/** RFC 5280 §4.1.2.2: positive, at most 20 octets. */
export function serialOf(element: Element): string {
  const octets = naturalOf(element);
  if (octets.length > 20 || octets.every((octet) => octet === 0)) throw new NotDer('serial number');
  return hexOf(octets);
}

export function takeTime(fields: Fields): number {
  return timeOf(fields.maybe(TAG.utcTime) ?? fields.take(TAG.generalizedTime));
}

/** Name: one attribute in each RDN, text only. It is compared byte by byte, so nothing more needs to be understood. */
export function nameBytes(name: Element): Uint8Array {
  if (attributesOf(name).length === 0) throw new NotDer('empty name');
  return name.bytes;
}

function attributesOf(name: Element): readonly (readonly [oid: string, text: string])[] {
  return fieldsOf(name)
    .rest()
    .map((rdn) => {
      const set = fieldsOf(rdn, TAG.set);
      const attribute = fieldsOf(set.take(TAG.sequence));
      set.end();
      const oid = oidOf(attribute.take(TAG.oid));
      const text = attribute.maybe(TAG.utf8String) ?? attribute.take(TAG.printableString);
      attribute.end();
      return [oid, Buffer.from(text.content).toString('utf8')] as const;
    });
}

/** The common name in an X.501 Name (DER), for people. */
export function commonNameOf(name: Uint8Array): string {
  return orUndefined(() => attributesOf(readDer(name)).find(([oid]) => oid === OID.commonName)?.[1]) ?? '';
}
