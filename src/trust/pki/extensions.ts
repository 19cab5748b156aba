/** Reading what the extensions of the profile say. All of these throw NotDer for anything else. */

import { type Element, fieldsOf, hexOf, isTrue, NotDer, oidOf, readDer, smallOf, TAG } from './asn1.ts';
import { participantOfUrn } from './profile.ts';

export interface ExtensionValue {
  readonly critical: boolean;
  /** Content of the OCTET STRING. */
  readonly value: Uint8Array;
}

/** Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension, none twice. */
export function readExtensions(element: Element): ReadonlyMap<string, ExtensionValue> {
  const found = new Map<string, ExtensionValue>();
  for (const extension of fieldsOf(element).rest()) {
    const fields = fieldsOf(extension);
    const oid = oidOf(fields.take(TAG.oid));
    const critical = isTrue(fields.maybe(TAG.boolean));
    const value = fields.take(TAG.octetString).content;
    fields.end();
    if (found.has(oid)) throw new NotDer('extension twice');
    found.set(oid, { critical, value });
  }
  if (found.size === 0) throw new NotDer('no extension');
  return found;
}

/** BasicConstraints. A path length without being an authority means nothing and is refused. */
export function basicConstraintsOf(value: Uint8Array): {
  readonly ca: boolean;
  readonly pathLength: number | undefined;
} {
  const fields = fieldsOf(readDer(value));
  const ca = isTrue(fields.maybe(TAG.boolean));
  const length = ca ? fields.maybe(TAG.integer) : undefined;
  fields.end();
  return { ca, pathLength: length === undefined ? undefined : smallOf(length) };
}

export function extendedKeyUsagesOf(value: Uint8Array): readonly string[] {
  const usages = fieldsOf(readDer(value)).rest().map(oidOf);
  if (usages.length === 0 || new Set(usages).size < usages.length) throw new NotDer('extended key usages');
  return usages;
}

export function subjectKeyIdentifierOf(value: Uint8Array): Uint8Array {
  return identifier(readDer(value), TAG.octetString);
}

/** Only the form that names the key; the form that names issuer and serial is not in the profile. */
export function authorityKeyIdentifierOf(value: Uint8Array): Uint8Array {
  const fields = fieldsOf(readDer(value));
  const found = identifier(fields.take(0x80), 0x80);
  fields.end();
  return found;
}

function identifier({ tag, content }: Element, wanted: number): Uint8Array {
  if (tag !== wanted || content.length < 8 || content.length > 64) throw new NotDer('key identifier');
  return content;
}

export interface SubjectNames {
  readonly participant: string;
  readonly hosts: readonly string[];
}

/** The subjectAltName of a leaf: the participant's URN first, then host names and addresses. @throws NotDer */
export function subjectNamesOf(value: Uint8Array): SubjectNames {
  const names = fieldsOf(readDer(value));
  const urn = Buffer.from(names.take(0x86).content).toString('latin1');
  const participant = participantOfUrn(urn);
  if (participant === undefined) throw new NotDer('not a participant');
  const hosts = names.rest().map(({ tag, content }) => {
    if (tag === 0x82) return Buffer.from(content).toString('latin1');
    if (tag !== 0x87 || (content.length !== 4 && content.length !== 16)) throw new NotDer('name of another kind');
    return content.length === 4 ? [...content].join('.') : hexOf(content).replace(/(.{4})(?!$)/g, '$1:');
  });
  return { participant, hosts };
}
