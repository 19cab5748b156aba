/** Certificates made for one test run: the federation's TLS branch, a stranger's, and every way of being wrong. */
import 'reflect-metadata';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import { ExtendedKeyUsage, Extension } from '@peculiar/asn1-x509';
import type { MockTls } from '../../src/contract/mock.ts';
import { type Authority, issueLeaf, makeCrl, makeIntermediate, makeRoot } from '../../src/trust/pki/authority.ts';
import { ecCertifier } from '../../src/trust/pki/authority-ec.ts';
import { readCertificate } from '../../src/trust/pki/certificate.ts';
import { nameOf } from '../../src/trust/pki/certifier.ts';
import { makeKeyPem } from '../../src/trust/pki/keys.ts';
import { pemOf } from '../../src/trust/pki/pem.ts';
import { extensionsOf, OID } from '../../src/trust/pki/profile.ts';
import { chooseSm2 } from '../../src/trust/sm2-check.ts';
import { openTls, type TlsMaterial, type TlsSide } from '../../src/trust/tls.ts';
import type { BadPeer } from '../../src/trust/tls-peers.ts';

/** Not the machine's day: what counts is the clock that is handed in. */
export const NOW = Date.parse('2026-03-02T10:00:00+08:00');
const DAY = 86_400_000;
const span = (fromDays: number, toDays: number) => ({
  notBefore: new Date(NOW + fromDays * DAY),
  notAfter: new Date(NOW + toDays * DAY),
});

export interface Identity {
  readonly key: string;
  readonly leaf: Uint8Array;
  /** PEM: leaf and intermediate. */
  readonly chain: string;
}

export interface World {
  readonly clock: { nowMs: number };
  readonly root: Authority;
  readonly issuer: Authority;
  identity(participant: string, validity?: { notBefore: Date; notAfter: Date }): Promise<Identity>;
  /** Fresh lists of root and intermediate; the second names these certificates. */
  crls(revoked?: readonly Identity[], at?: Date): Promise<readonly Uint8Array[]>;
  material(identity: Identity, crls: readonly Uint8Array[]): TlsMaterial;
  side(material: TlsMaterial, refused?: BadPeer[], failed?: Error[]): TlsSide;
  mockTls(identity: Identity, revoked?: Set<string>): MockTls;
}

export async function makeWorld(title = 'federation'): Promise<World> {
  const clock = { nowMs: NOW };
  const root = await makeRoot('ec', `${title} root`, span(-100, 3650));
  const issuer = await makeIntermediate(root, 'tls', `${title} tls`, span(-100, 1800));
  const sm2 = chooseSm2();
  let number = 0;
  return {
    clock,
    root,
    issuer,
    identity: async (participant, validity = span(-10, 70)) => {
      const key = makeKeyPem('p256');
      const leaf = await issueLeaf(issuer, {
        participant,
        purpose: 'tls',
        name: participant,
        spki: spkiOf(key),
        validity,
        hosts: ['localhost', '127.0.0.1'],
      });
      return identityOf(key, leaf, issuer);
    },
    crls: (revoked = [], at = new Date(clock.nowMs)) => {
      number += 1;
      const times = { number, thisUpdate: at, nextUpdate: new Date(at.getTime() + DAY) };
      const entries = revoked.map(({ leaf }) => ({
        serial: readCertificate(leaf)!.serial,
        at,
        reason: 'keyCompromise' as const,
      }));
      return Promise.all([makeCrl(root, { ...times, revoked: [] }), makeCrl(issuer, { ...times, revoked: entries })]);
    },
    material: ({ key, chain }, crls) => ({
      key,
      chain,
      crls,
      roots: [root.certificate],
      issuers: [issuer.certificate],
    }),
    side: (material, refused = [], failed = []) =>
      openTls(material, {
        sm2,
        nowMs: () => clock.nowMs,
        refused: (_, why) => void refused.push(why),
        failed: (error) => void failed.push(error),
      }),
    mockTls: ({ key, chain }, revoked = new Set()) => ({
      key,
      chain,
      root: pemOf('CERTIFICATE', root.certificate),
      issuer: pemOf('CERTIFICATE', issuer.certificate),
      peer: 'qiao',
      revoked: () => revoked,
    }),
  };
}

export const expired = span(-80, -1);
export const notYet = span(1, 80);

export function serialOf({ leaf }: Identity): string {
  return readCertificate(leaf)!.serial.toUpperCase();
}

export async function selfSigned(participant: string): Promise<Identity> {
  const key = makeKeyPem('p256');
  const leaf = await certify(participant, key, { issuer: nameOf(participant), spki: spkiOf(key), key });
  return { key, leaf, chain: pemOf('CERTIFICATE', leaf) };
}

/** Issued by the federation's own TLS authority, against its policy: for one side of a connection only. */
export async function forOneUse(world: World, participant: string, use: 'client' | 'server'): Promise<Identity> {
  const key = makeKeyPem('p256');
  const { subject, spki } = readCertificate(world.issuer.certificate)!;
  const usages = new ExtendedKeyUsage([use === 'client' ? OID.clientAuth : OID.serverAuth]);
  const leaf = await certify(participant, key, { issuer: subject, spki, key: world.issuer.privateKeyPem }, usages);
  return identityOf(key, leaf, world.issuer);
}

interface Signing {
  readonly issuer: Uint8Array;
  readonly spki: Uint8Array;
  readonly key: string;
}

/** A leaf of the profile, but for what is given; the library that signs it asks no questions. */
async function certify(participant: string, key: string, by: Signing, usages?: ExtendedKeyUsage): Promise<Uint8Array> {
  const spki = spkiOf(key);
  const parts = { participant, purpose: 'tls', spki, issuerSpki: by.spki, hosts: ['localhost'] } as const;
  const extensions = extensionsOf('leaf', parts).map((extension) =>
    usages === undefined || extension.extnID !== OID.extendedKeyUsage
      ? extension
      : new Extension({ ...extension, extnValue: new OctetString(AsnConvert.serialize(usages)) }),
  );
  const names = { serial: '4142434445', issuer: by.issuer, subject: nameOf(participant) };
  return ecCertifier.certificate({ ...names, validity: span(-1, 10), spki, extensions }, by.key);
}

function spkiOf(pem: string): Buffer {
  return createPublicKey(createPrivateKey(pem)).export({ format: 'der', type: 'spki' });
}

function identityOf(key: string, leaf: Uint8Array, issuer: Authority): Identity {
  return { key, leaf, chain: pemOf('CERTIFICATE', leaf) + pemOf('CERTIFICATE', issuer.certificate) };
}
