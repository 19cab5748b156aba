/** Every way to spoil one thing in a good path, each signed as if it were meant; and what our validator and OpenSSL say. */

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { PathFault } from '../../../src/trust/pki/path.ts';
import { branch, critical, extension, extensionsIn, leaf, type Node, oid, replaced, treeOf } from './edit.ts';

export type Target = 'leaf' | 'intermediate' | 'root' | 'leafCrl' | 'rootCrl';

export interface Defect {
  readonly what: string;
  readonly target: Target;
  readonly edit: (tbs: Node[], outer: Node[]) => void;
  readonly fault: PathFault;
  /** OpenSSL 3.0 (-x509_strict) lets it pass: the closed profile is narrower than RFC 5280, or OpenSSL laxer. */
  readonly passesOpenssl?: true;
}

const BC = '2.5.29.19';
const KU = '2.5.29.15';
const EKU = '2.5.29.37';
const SAN = '2.5.29.17';
const AKI = '2.5.29.35';
const SKI = '2.5.29.14';
const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');
/** SAN with these URIs. */
const uris = (...names: string[]): string => {
  const content = names.map((name) => `86${name.length.toString(16).padStart(2, '0')}${hex(name)}`).join('');
  return `30${(content.length / 2).toString(16).padStart(2, '0')}${content}`;
};
const utc = (text: string): Node => leaf(0x17, text);
const spki = (key: KeyObject): Node => treeOf(key.export({ format: 'der', type: 'spki' }));
const weakRsa = (): Node => spki(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey);
const p384 = (): Node => spki(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey);
const exponent3 = (): Node => spki(generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey);
/** Another name. */
const elsewhere = (): Node => branch(0x30, branch(0x31, branch(0x30, oid('2.5.4.3'), leaf(0x0c, 'else'))));
const validity = (tbs: Node[], from: Node, until: Node): void => {
  tbs[4] = branch(0x30, from, until);
};
/** Puts this in the place of the field at that position. */
const put = (at: number, make: () => Node) => (tbs: Node[]) => {
  tbs[at] = make();
};
const START = utc('260601000000Z');
const END = utc('260830000000Z');

const malformed = 'certificate-malformed' as const;

export const DEFECTS: readonly Defect[] = [
  // the frame
  { what: 'is version 1', target: 'leaf', edit: (tbs) => void tbs.shift(), fault: malformed },
  {
    what: 'is version 2',
    target: 'leaf',
    edit: put(0, () => branch(0xa0, leaf(2, '\x01'))),
    fault: malformed,
  },
  {
    what: 'has serial number 0',
    target: 'leaf',
    edit: put(1, () => leaf(2, '\0')),
    fault: malformed,
    passesOpenssl: true,
  },
  {
    what: 'has a negative serial number',
    target: 'leaf',
    edit: put(1, () => leaf(2, '\x80\x01')),
    fault: malformed,
    passesOpenssl: true,
  },
  {
    what: 'has a serial number of 21 octets',
    target: 'leaf',
    edit: put(1, () => leaf(2, `\x01${'\0'.repeat(20)}`)),
    fault: malformed,
    passesOpenssl: true,
  },
  {
    what: 'states another algorithm inside than outside',
    target: 'leaf',
    edit: put(2, () => branch(0x30, oid('1.2.840.10045.4.3.3'))),
    fault: malformed,
  },
  {
    what: 'states SHA-384 in both places',
    target: 'leaf',
    edit: (tbs, outer) => {
      tbs[2] = branch(0x30, oid('1.2.840.10045.4.3.3'));
      outer[1] = branch(0x30, oid('1.2.840.10045.4.3.3'));
    },
    fault: malformed,
  },
  {
    what: 'states Ed25519, which is not how its issuer signs',
    target: 'leaf',
    edit: (tbs, outer) => {
      tbs[2] = branch(0x30, oid('1.3.101.112'));
      outer[1] = branch(0x30, oid('1.3.101.112'));
    },
    fault: 'chain-broken',
  },
  {
    what: 'has an issuer unique id',
    target: 'leaf',
    edit: (tbs) => void tbs.splice(7, 0, leaf(0x81, '\0\x01')),
    fault: malformed,
    passesOpenssl: true,
  },
  {
    what: 'has something behind the extensions',
    target: 'leaf',
    edit: (tbs) => void (tbs[7]!.value as Node[]).push(leaf(5, '')),
    fault: malformed,
  },
  // names
  {
    what: 'names another issuer',
    target: 'leaf',
    edit: put(3, () => elsewhere()),
    fault: 'chain-broken',
  },
  {
    what: 'writes the country of its issuer in lower case, which RFC 5280 would call the same',
    target: 'leaf',
    edit: (tbs) => {
      const [c, cn] = tbs[3]!.value as Node[];
      tbs[3] = branch(0x30, branch(0x31, branch(0x30, oid('2.5.4.6'), leaf(0x13, 'cn'))), cn!);
      void c;
    },
    fault: 'chain-broken',
    passesOpenssl: true,
  },
  { what: 'has no subject', target: 'leaf', edit: put(5, () => branch(0x30)), fault: malformed },
  {
    what: 'comes from no root we know',
    target: 'intermediate',
    edit: put(3, () => elsewhere()),
    fault: 'root-unknown',
  },
  {
    what: 'states another key of its root',
    target: 'intermediate',
    edit: (tbs) => replaced(tbs, AKI, extension(AKI, `30168014${'ab'.repeat(20)}`)),
    fault: 'root-unknown',
  },
  {
    what: 'has another name than the intermediate says',
    target: 'root',
    edit: (tbs) => {
      tbs[5] = tbs[3] = elsewhere();
    },
    fault: 'root-unknown',
  },
  {
    what: 'was not issued by itself',
    target: 'root',
    edit: put(3, () => elsewhere()),
    fault: 'chain-broken',
  },
  // validity
  {
    what: 'has expired',
    target: 'leaf',
    edit: (tbs) => validity(tbs, START, utc('260701115959Z')),
    fault: 'certificate-expired',
  },
  {
    what: 'is not yet valid',
    target: 'leaf',
    edit: (tbs) => validity(tbs, utc('260701120001Z'), END),
    fault: 'certificate-not-yet-valid',
  },
  {
    what: 'has expired',
    target: 'intermediate',
    edit: (tbs) => validity(tbs, START, utc('260701115959Z')),
    fault: 'certificate-expired',
  },
  {
    what: 'is not yet valid',
    target: 'intermediate',
    edit: (tbs) => validity(tbs, utc('260701120001Z'), END),
    fault: 'certificate-not-yet-valid',
  },
  {
    what: 'has expired',
    target: 'root',
    edit: (tbs) => validity(tbs, START, utc('260701115959Z')),
    fault: 'certificate-expired',
  },
  { what: 'ends before it begins', target: 'leaf', edit: (tbs) => validity(tbs, END, START), fault: malformed },
  {
    what: 'ends on 30 February',
    target: 'leaf',
    edit: (tbs) => validity(tbs, START, utc('270230000000Z')),
    fault: malformed,
  },
  {
    what: 'tells the time without seconds',
    target: 'leaf',
    edit: (tbs) => validity(tbs, START, utc('2608300000Z')),
    fault: malformed,
  },
  {
    what: 'tells the time in another zone',
    target: 'leaf',
    edit: (tbs) => validity(tbs, START, utc('260830000000+0800')),
    fault: malformed,
  },
  {
    what: 'writes a year before 2050 as GeneralizedTime',
    target: 'leaf',
    edit: (tbs) => validity(tbs, START, leaf(0x18, '20260830000000Z')),
    fault: malformed,
    passesOpenssl: true,
  },
  // keys
  {
    what: 'has an RSA key of 1024 bits',
    target: 'leaf',
    edit: put(6, () => weakRsa()),
    fault: malformed,
    passesOpenssl: true,
  },
  {
    what: 'has an RSA key with exponent 3',
    target: 'leaf',
    edit: put(6, () => exponent3()),
    fault: malformed,
    passesOpenssl: true,
  },
  {
    what: 'has a key on another curve',
    target: 'leaf',
    edit: put(6, () => p384()),
    fault: malformed,
    passesOpenssl: true,
  },
  // extensions
  { what: 'has no extensions', target: 'leaf', edit: (tbs) => void tbs.pop(), fault: malformed },
  {
    what: 'has an unknown critical extension',
    target: 'leaf',
    edit: (tbs) => void extensionsIn(tbs).push(extension('1.2.3.4', '0500', critical)),
    fault: 'extension-unknown',
  },
  {
    what: 'has an unknown extension, not critical',
    target: 'leaf',
    edit: (tbs) => void extensionsIn(tbs).push(extension('1.2.3.4', '0500')),
    fault: 'extension-unknown',
    passesOpenssl: true,
  },
  {
    what: 'has name constraints',
    target: 'intermediate',
    edit: (tbs) => void extensionsIn(tbs).push(extension('2.5.29.30', '3007a0053003820161', critical)),
    fault: 'extension-unknown',
    passesOpenssl: true,
  },
  {
    what: 'has a policy',
    target: 'intermediate',
    edit: (tbs) => void extensionsIn(tbs).push(extension('2.5.29.32', '300630040602 2a03'.replaceAll(' ', ''))),
    fault: 'extension-unknown',
    passesOpenssl: true,
  },
  {
    what: 'has an extended key usage',
    target: 'root',
    edit: (tbs) => void extensionsIn(tbs).push(extension(EKU, '300a06082b06010505070302')),
    fault: 'extension-unknown',
    passesOpenssl: true,
  },
  {
    what: 'has one extension twice',
    target: 'leaf',
    edit: (tbs) => void extensionsIn(tbs).push(extensionsIn(tbs)[0]!),
    fault: malformed,
  },
  {
    what: 'has key usages that are not critical',
    target: 'leaf',
    edit: (tbs) => replaced(tbs, KU, extension(KU, '030206c0')),
    fault: malformed,
    passesOpenssl: true,
  },
  {
    what: 'spells out that an extension is not critical',
    target: 'leaf',
    edit: (tbs) => replaced(tbs, EKU, extension(EKU, '300c060a2b0601040181fd590101', leaf(1, '\0'))),
    fault: malformed,
    passesOpenssl: true,
  },
  // authority or not
  {
    what: 'is an authority',
    target: 'leaf',
    edit: (tbs) => replaced(tbs, BC, extension(BC, '30030101ff', critical)),
    fault: 'wrong-usage',
    passesOpenssl: true,
  },
  {
    what: 'does not say whether it is an authority',
    target: 'leaf',
    edit: (tbs) => replaced(tbs, BC),
    fault: malformed,
    passesOpenssl: true,
  },
  {
    what: 'spells out that it is no authority',
    target: 'leaf',
    edit: (tbs) => replaced(tbs, BC, extension(BC, '3003010100', critical)),
    fault: malformed,
    passesOpenssl: true,
  },
  {
    what: 'has a path length without being an authority',
    target: 'leaf',
    edit: (tbs) => replaced(tbs, BC, extension(BC, '3003020100', critical)),
    fault: malformed,
  },
  {
    what: 'is no authority',
    target: 'intermediate',
    edit: (tbs) => replaced(tbs, BC, extension(BC, '3000', critical)),
    fault: 'wrong-usage',
  },
  {
    what: 'does not say that it is an authority',
    target: 'intermediate',
    edit: (tbs) => replaced(tbs, BC),
    fault: 'wrong-usage',
  },
  {
    what: 'may have one more authority below',
    target: 'intermediate',
    edit: (tbs) => replaced(tbs, BC, extension(BC, '30060101ff020101', critical)),
    fault: 'path-too-long',
    passesOpenssl: true,
  },
  {
    what: 'may have any number of authorities below',
    target: 'intermediate',
    edit: (tbs) => replaced(tbs, BC, extension(BC, '30030101ff', critical)),
    fault: 'path-too-long',
    passesOpenssl: true,
  },
  {
    what: 'may have no authority below',
    target: 'root',
    edit: (tbs) => replaced(tbs, BC, extension(BC, '30060101ff020100', critical)),
    fault: 'path-too-long',
  },
  {
    what: 'may have any number of authorities below',
    target: 'root',
    edit: (tbs) => replaced(tbs, BC, extension(BC, '30030101ff', critical)),
    fault: 'path-too-long',
    passesOpenssl: true,
  },
  // usages
  {
    what: 'may not sign for good',
    target: 'leaf',
    edit: (tbs) => replaced(tbs, KU, extension(KU, '03020780', critical)),
    fault: 'wrong-usage',
    passesOpenssl: true,
  },
  {
    what: 'may sign certificates',
    target: 'leaf',
    edit: (tbs) => replaced(tbs, KU, extension(KU, '030206c4', critical)),
    fault: 'wrong-usage',
    passesOpenssl: true,
  },
  { what: 'has no key usage', target: 'leaf', edit: (tbs) => replaced(tbs, KU), fault: malformed, passesOpenssl: true },
  {
    what: 'may not sign certificates',
    target: 'intermediate',
    edit: (tbs) => replaced(tbs, KU, extension(KU, '03020102', critical)),
    fault: 'wrong-usage',
  },
  {
    what: 'may not sign revocation lists',
    target: 'intermediate',
    edit: (tbs) => replaced(tbs, KU, extension(KU, '03020204', critical)),
    fault: 'wrong-usage',
  },
  {
    what: 'is for signing code',
    target: 'leaf',
    edit: (tbs) => replaced(tbs, EKU, extension(EKU, '300a06082b06010505070303')),
    fault: 'wrong-usage',
    passesOpenssl: true,
  },
  {
    what: 'is for any use',
    target: 'leaf',
    edit: (tbs) => replaced(tbs, EKU, extension(EKU, '30060604551d2500')),
    fault: 'wrong-usage',
    passesOpenssl: true,
  },
  {
    what: 'is for envelopes and TLS alike',
    target: 'leaf',
    edit: (tbs) => replaced(tbs, EKU, extension(EKU, '3016060a2b0601040181fd59010106082b06010505070302')),
    fault: 'wrong-usage',
    passesOpenssl: true,
  },
  {
    what: 'is for no use',
    target: 'leaf',
    edit: (tbs) => replaced(tbs, EKU, extension(EKU, '3000')),
    fault: malformed,
    passesOpenssl: true,
  },
  {
    what: 'is for TLS',
    target: 'intermediate',
    edit: (tbs) => replaced(tbs, EKU, extension(EKU, '301406082b0601050507030206082b06010505070301')),
    fault: 'wrong-usage',
    passesOpenssl: true,
  },
  // whose
  {
    what: 'belongs to another exchange',
    target: 'leaf',
    edit: (tbs) => replaced(tbs, SAN, extension(SAN, uris('urn:fed:exchange:stex'))),
    fault: 'wrong-participant',
    passesOpenssl: true,
  },
  {
    what: 'belongs to one whose code begins alike',
    target: 'leaf',
    edit: (tbs) => replaced(tbs, SAN, extension(SAN, uris('urn:fed:exchange:ctex2'))),
    fault: 'wrong-participant',
    passesOpenssl: true,
  },
  {
    what: 'hides a NUL in its owner’s code',
    target: 'leaf',
    edit: (tbs) => replaced(tbs, SAN, extension(SAN, uris('urn:fed:exchange:ctex\0.stex'))),
    fault: 'wrong-participant',
    passesOpenssl: true,
  },
  {
    what: 'belongs to two exchanges',
    target: 'leaf',
    edit: (tbs) => replaced(tbs, SAN, extension(SAN, uris('urn:fed:exchange:ctex', 'urn:fed:exchange:stex'))),
    fault: malformed,
    passesOpenssl: true,
  },
  {
    what: 'names an owner of another kind',
    target: 'leaf',
    edit: (tbs) => replaced(tbs, SAN, extension(SAN, uris('https://ctex.example/'))),
    fault: malformed,
    passesOpenssl: true,
  },
  { what: 'names nobody', target: 'leaf', edit: (tbs) => replaced(tbs, SAN), fault: malformed, passesOpenssl: true },
  // key identifiers
  {
    what: 'states another key of its issuer',
    target: 'leaf',
    edit: (tbs) => replaced(tbs, AKI, extension(AKI, `30168014${'ab'.repeat(20)}`)),
    fault: 'chain-broken',
  },
  {
    what: 'states its issuer by serial number',
    target: 'leaf',
    edit: (tbs) => replaced(tbs, AKI, extension(AKI, '3003820101')),
    fault: malformed,
  },
  { what: 'does not state the key of its issuer', target: 'leaf', edit: (tbs) => replaced(tbs, AKI), fault: malformed },
  { what: 'does not state its own key', target: 'intermediate', edit: (tbs) => replaced(tbs, SKI), fault: malformed },
  // revocation lists
  {
    what: 'was superseded a second ago',
    target: 'leafCrl',
    edit: put(4, () => utc('260701115959Z')),
    fault: 'crl-stale',
  },
  {
    what: 'is of the future',
    target: 'leafCrl',
    edit: put(3, () => utc('260701120001Z')),
    fault: 'crl-stale',
  },
  {
    what: 'was superseded a second ago',
    target: 'rootCrl',
    edit: put(4, () => utc('260701115959Z')),
    fault: 'crl-stale',
  },
  {
    what: 'does not say how long it holds',
    target: 'leafCrl',
    edit: (tbs) => void tbs.splice(4, 1),
    fault: 'crl-invalid',
    passesOpenssl: true,
  },
  {
    what: 'is version 1',
    target: 'leafCrl',
    edit: (tbs) => void tbs.shift(),
    fault: 'crl-invalid',
    passesOpenssl: true,
  },
  {
    what: 'has an unknown critical extension',
    target: 'leafCrl',
    edit: (tbs) => void extensionsIn(tbs).push(extension('1.2.3.4', '0500', critical)),
    fault: 'crl-invalid',
  },
  {
    what: 'is about some reasons only',
    target: 'leafCrl',
    edit: (tbs) => void extensionsIn(tbs).push(extension('2.5.29.28', '3004830206 40'.replaceAll(' ', ''), critical)),
    fault: 'crl-invalid',
  },
  {
    what: 'is a difference to another list',
    target: 'rootCrl',
    edit: (tbs) => void extensionsIn(tbs).push(extension('2.5.29.27', '020101', critical)),
    fault: 'crl-invalid',
    passesOpenssl: true,
  },
  {
    what: 'has no number',
    target: 'leafCrl',
    edit: (tbs) => replaced(tbs, '2.5.29.20'),
    fault: 'crl-invalid',
    passesOpenssl: true,
  },
  {
    what: 'does not state the key of its issuer',
    target: 'leafCrl',
    edit: (tbs) => replaced(tbs, AKI),
    fault: 'crl-invalid',
    passesOpenssl: true,
  },
  {
    what: 'states another key of its issuer',
    target: 'leafCrl',
    edit: (tbs) => replaced(tbs, AKI, extension(AKI, `30168014${'ab'.repeat(20)}`)),
    fault: 'crl-missing',
  },
  {
    what: 'is of another issuer',
    target: 'leafCrl',
    edit: put(2, () => elsewhere()),
    fault: 'crl-missing',
  },
];
