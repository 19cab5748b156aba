import { createPrivateKey, sign } from 'node:crypto';
import forge from 'node-forge';
import { nativeSm2, readSm2PrivateKey } from '../../../src/trust/sm2.ts';

const { asn1 } = forge;
export type Node = forge.asn1.Asn1;

/** Changes what a certificate, request or CRL says and signs it again, so that the change is its only defect. */
export function resigned(der: Uint8Array, keyPem: string, edit: (tbs: Node[], outer: Node[]) => void): Uint8Array {
  const outer = treeOf(der);
  const parts = outer.value as Node[];
  edit(parts[0]!.value as Node[], parts);
  const signature = signatureOf(bytesOf(parts[0]!), keyPem);
  parts[2] = leaf(0x03, Buffer.concat([Buffer.of(0), signature]));
  return bytesOf(outer);
}

function signatureOf(bytes: Uint8Array, keyPem: string): Uint8Array {
  const key = createPrivateKey(keyPem);
  if (key.asymmetricKeyType === undefined) return nativeSm2.sign(readSm2PrivateKey(keyPem), bytes);
  return sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, key);
}

export function treeOf(der: Uint8Array): Node {
  return asn1.fromDer(Buffer.from(der).toString('latin1'));
}

export function bytesOf(node: Node): Uint8Array {
  return new Uint8Array(Buffer.from(asn1.toDer(node).getBytes(), 'latin1'));
}

/** A primitive element with any tag and any content. */
export function leaf(tag: number, content: Uint8Array | string): Node {
  const value = typeof content === 'string' ? content : Buffer.from(content).toString('latin1');
  return asn1.create((tag & 0xc0) as forge.asn1.Class, (tag & 0x1f) as forge.asn1.Type, false, value);
}

export function branch(tag: number, ...children: Node[]): Node {
  return asn1.create((tag & 0xc0) as forge.asn1.Class, (tag & 0x1f) as forge.asn1.Type, true, children);
}

export function oid(dotted: string): Node {
  return leaf(0x06, asn1.oidToDer(dotted).getBytes());
}

export const critical = leaf(0x01, Buffer.of(0xff));

export function extension(dotted: string, value: string, ...flags: Node[]): Node {
  return branch(0x30, oid(dotted), ...flags, leaf(0x04, Buffer.from(value, 'hex')));
}

/** The extensions of a certificate or of a CRL, to be changed in place. */
export function extensionsIn(tbs: Node[]): Node[] {
  const wrapper = tbs.at(-1)!.value as Node[];
  return wrapper[0]!.value as Node[];
}

export function oidOfExtension(node: Node): string {
  return asn1.derToOid((node.value as Node[])[0]!.value as string);
}

/** Puts another extension in the place of the one with the same OID, or takes it out. */
export function replaced(tbs: Node[], dotted: string, ...by: Node[]): void {
  const list = extensionsIn(tbs);
  const at = list.findIndex((node) => oidOfExtension(node) === dotted);
  if (at < 0) throw new Error(`no extension ${dotted}`);
  list.splice(at, 1, ...by);
}
