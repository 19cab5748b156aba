import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { issueLeaf, makeCrl, makeIntermediate, makeRoot } from '../../src/trust/pki/authority.ts';
import { readCertificate } from '../../src/trust/pki/certificate.ts';
import { cosigned, ed25519, jws, type RawSigner, sm2 } from './raw-keys.ts';
import {
  auditPath,
  checkpointNote,
  consistencyPath,
  leafRecord,
  type NoteKey,
  noteKey,
  type RawLeaf,
  rsOf,
} from './raw-log.ts';

/** A bundle put together from docs/EVIDENCE.md, with node:crypto and none of the code that writes or reads bundles. */

export const atMs = Date.parse('2026-07-01T12:00:00+08:00');
const iat = atMs / 1000;
const [from, until] = [new Date('2026-06-01T00:00:00Z'), new Date('2027-05-01T00:00:00Z')];
const HOUR_MS = 3_600_000;
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const plus8 = (ms: number) => new Date(ms + 8 * HOUR_MS).toISOString().replace('.000Z', '+08:00');

/** Keys, authorities and names that all bundles of a run have in common. */
export type Ground = Awaited<ReturnType<typeof makeGround>>;

export async function makeGround() {
  const life = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2031-01-01T00:00:00Z') };
  const hierarchy = async (kind: 'ec' | 'sm2', name: string) => {
    const root = await makeRoot(kind, `${name} root`, life);
    return { root, signing: await makeIntermediate(root, 'signing', `${name} signing`, life) };
  };
  const main = await hierarchy('ec', 'main');
  const shangmi = await hierarchy('sm2', 'sm2');
  const stranger = await hierarchy('ec', 'stranger');
  const holder = async (participant: string, alg: RawSigner['alg']) => {
    const key = alg === 'Ed25519' ? ed25519() : sm2();
    const signs = 'der' in key ? (bytes: Uint8Array) => rsOf(key.der(bytes)) : key.sign;
    const kid = `${participant}:${alg.toLowerCase()}:${sha256(key.spki).slice(0, 16)}`;
    const leafBy = (ca: typeof main) =>
      issueLeaf(ca.signing, {
        participant,
        purpose: 'signing',
        name: participant,
        spki: key.spki,
        validity: { notBefore: from, notAfter: until },
      });
    const home = alg === 'Ed25519' ? main : shangmi;
    const signer: RawSigner = { kid, alg, spki: key.spki, sign: signs };
    const chain = [await leafBy(home), home.signing.certificate] as const;
    const strangers = alg === 'Ed25519' ? ([await leafBy(stranger), stranger.signing.certificate] as const) : chain;
    return { participant, signer, chain, strangers };
  };
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    main,
    shangmi,
    stranger,
    holders: {
      qiao: await holder('qiao', 'Ed25519'),
      ctex: await holder('ctex', 'Ed25519'),
      stex: await holder('stex', 'Ed25519'),
      stexSm2: await holder('stex', 'SM2-SM3'),
    },
    links: {
      ctex: {
        spki: rsa.publicKey.export({ format: 'der', type: 'spki' }),
        sign: (bytes: Uint8Array) => sign('sha256', bytes, rsa.privateKey),
      },
      stex: sm2(),
    },
    operators: { alice: ed25519(), bob: ed25519(), carol: ed25519() },
    log: [noteKey('qiao/log', 'log'), noteKey('qiao/log', 'sm2')],
    witnesses: ['ctex', 'stex', 'szse'].map((exchange) => ({
      exchange,
      key: noteKey(`${exchange}/witness`, 'witness'),
    })),
  };
}

/** What is different from a bundle in order. */
export interface Change {
  readonly exchange?: 'ctex' | 'stex';
  readonly revoked?: { readonly at: number; readonly what: 'list' | 'crl' | 'link' };
  readonly listNotAfter?: number;
  /** Chains of another federation's authority, named by a trust list that operators signed. */
  readonly strangeChains?: boolean;
  readonly crlFrom?: number;
  readonly operators?: readonly ('alice' | 'bob' | 'carol')[];
  readonly witnesses?: number;
  readonly cosignedAt?: number;
  readonly receivedAt?: number;
  readonly native?: 'by-another-key';
  /** What the leaf says the message's native bytes, proof and receipt are. */
  readonly receiptOf?: string;
  /** Leaves of the log after those of the bundle. */
  readonly more?: number;
  readonly logKeys?: readonly NoteKey[];
  /** The message is a certified deal, and what both exchanges signed is so. */
  readonly deal?: 'both' | 'this-version' | 'one-of-them' | 'another-deal' | 'not-given';
  /** One signature only where the participant has two keys. */
  readonly single?: boolean;
}

export interface Built {
  // biome-ignore lint/suspicious/noExplicitAny: tests take it apart in every way
  readonly bundle: any;
  readonly anchor: object;
  readonly leaves: readonly Buffer[];
  note(leaves: readonly Buffer[], keys?: readonly NoteKey[]): string;
  bytes(): Buffer;
}

export async function build(ground: Ground, change: Change = {}): Promise<Built> {
  const { holders, operators, log, witnesses } = ground;
  const exchange = change.exchange ?? 'ctex';
  const own = exchange === 'ctex' ? [holders.ctex] : change.single ? [holders.stex] : [holders.stex, holders.stexSm2];
  const host = exchange === 'ctex' ? holders.stex : holders.ctex;
  const id = exchange === 'ctex' ? '00000000-0000-4000-8000-00000000c7e8' : '00000000-0000-4000-8000-0000000057e8';
  const subject = `${exchange}:挂牌-1`;
  const native = nativeOf(ground, exchange, change);
  const [home, away] = [exchange, host.participant];
  const dealOf = (version: number, status: string) =>
    JSON.stringify({ kind: 'deal', id: `${exchange}:D-1`, version, status, home, host: away, price: '1.00' });
  const kind = change.deal === undefined ? 'listing' : 'deal';
  const payload = kind === 'deal' ? dealOf(2, 'certified') : JSON.stringify({ kind, id: subject, title: '一种装置' });
  const envelope = jws(
    payload,
    {
      typ: 'fed-msg+jws',
      iss: exchange,
      aud: [host.participant, 'szse'],
      jti: id,
      iat,
      kind,
      contract: '1.0',
      rulebook: 'a'.repeat(64),
      stream: `listing/${subject}`,
      seq: 1,
      prev: null,
      nat: sha256(native.bytes),
    },
    own.map(({ signer }) => signer),
  );
  const receipt = (kind: string, iss: keyof typeof holders, says: object, at: number) =>
    jws(
      JSON.stringify({ receipt: kind, message: change.receiptOf ?? id, envelope: sha256(envelope), ...says }),
      { typ: 'fed-receipt+jws', iss, aud: exchange, iat: Math.floor(at / 1000) },
      [holders[iss].signer],
    );
  const signatures = JSON.parse(envelope.toString()).signatures.map((one: { signature: string }) => one.signature);
  const received = receipt('received', 'qiao', { signatures }, change.receivedAt ?? atMs);
  const acceptedAt = atMs + 2_000;
  const accepted = receipt('accepted', host.participant as 'stex', { number: 'JX-1' }, acceptedAt);
  const list = trustList(
    ground,
    change,
    own.map(({ signer }) => signer.kid),
  );

  const message: RawLeaf = {
    type: 1,
    seq: 1,
    atMs,
    bytes: envelope,
    beside: [id, kind, subject, native.bytes, native.proof, received],
    sender: exchange,
    stream: `listing/${subject}`,
  };
  const about = (type: 2 | 3, bytes: Buffer, sender: string, at: number, beside?: RawLeaf['beside']): RawLeaf => ({
    type,
    seq: 0,
    atMs: at,
    bytes,
    sender,
    stream: '',
    ...(beside === undefined ? {} : { beside }),
  });
  const filler = (n: number) => leafRecord(about(2, Buffer.from(`filler ${n}`), 'szse', atMs + n));
  const confirmation = '00000000-0000-4000-8000-00000000c0f1';
  const signedByBoth = {
    both: dealOf(1, 'concluded'),
    'this-version': payload,
    'one-of-them': dealOf(1, 'concluded'),
    'another-deal': dealOf(1, 'concluded').replace('D-1', 'D-2'),
    'not-given': '',
  }[change.deal ?? 'not-given'];
  const signers = [...own, ...(exchange === 'ctex' ? [host, holders.stexSm2] : [host])];
  const both = cosigned(signedByBoth, iat, change.deal === 'one-of-them' ? own : signers);
  const bothLeaf = leafRecord(about(2, both, away, atMs, [confirmation, 'cosigned', away]));
  const leaves = [
    leafRecord({ ...about(3, list, 'operators', atMs - HOUR_MS), stream: 'trust', seq: 1 }),
    filler(1),
    leafRecord(message),
    change.deal === undefined ? filler(2) : bothLeaf,
    leafRecord(about(2, accepted, host.participant, acceptedAt, [id, 'accepted', host.participant])),
    ...Array.from({ length: 3 + (change.more ?? 0) }, (_, n) => filler(n + 3)),
  ];
  const entry = (index: number) => ({
    index,
    leaf: base64(leaves[index]!),
    inclusion: auditPath(index, leaves).map(base64),
  });
  const timeS = Math.floor((change.cosignedAt ?? atMs + 10_000) / 1000);
  const lines = [...(change.logKeys ?? log), ...witnesses.slice(0, change.witnesses ?? 3).map(({ key }) => key)];
  const note: Built['note'] = (of, keys = lines) => checkpointNote(of, keys, timeS);
  const usesSm2 =
    exchange === 'stex'
      ? !change.single
      : change.deal !== undefined && change.deal !== 'not-given' && change.deal !== 'one-of-them';
  const users = [...new Set([...own, holders.qiao, host, ...(usesSm2 ? [holders.stexSm2] : [])])];
  const bundle = {
    format: 'qiao-evidence/1',
    message: id,
    subject,
    envelope: base64(envelope),
    native: { bytes: base64(native.bytes), proof: native.proof, whole: native.whole && base64(native.whole) },
    received: base64(received),
    entry: entry(2),
    receipts: [
      { kind: 'accepted', message: id, recipient: host.participant, bytes: base64(accepted), entry: entry(4) },
      ...(signedByBoth === ''
        ? []
        : [{ kind: 'cosigned', message: confirmation, recipient: away, bytes: base64(both), entry: entry(3) }]),
    ],
    trust: { list: base64(list), entry: entry(0) },
    chains: users.map(({ signer, chain, strangers }) => {
      const [leaf, intermediate] = change.strangeChains ? strangers : chain;
      return { kid: signer.kid, leaf: base64(leaf), intermediate: base64(intermediate) };
    }),
    crls: (await crlsOf(ground, change, usesSm2)).map(base64),
    checkpoint: note(leaves),
    other: null as unknown,
  };
  const anchor = {
    format: 'qiao-trust-anchor/1',
    demo: true,
    roots: [ground.main.root, ground.shangmi.root].map(({ certificate }) => base64(certificate)),
    operators: Object.entries(operators).map(([name, { spki }]) => ({ name, spki: base64(spki) })),
    operatorQuorum: 2,
    log: { origin: 'qiao/log', keys: log.map(({ verifier }) => verifier) },
    witnesses: witnesses.map(({ exchange: one, key }) => ({ exchange: one, key: key.verifier })),
    quorum: 2,
  };
  return { bundle, anchor, leaves, note, bytes: () => Buffer.from(JSON.stringify(bundle)) };
}

/** Another checkpoint with the proof that it is of the same log. */
export function otherCheckpoint(built: Built, size: number, all: readonly Buffer[]) {
  const [small, large] = [Math.min(size, built.leaves.length), Math.max(size, built.leaves.length)];
  return {
    checkpoint: built.note(all.slice(0, size)),
    consistency: consistencyPath(small, all.slice(0, large)).map(base64),
  };
}

function nativeOf({ links, operators }: Ground, exchange: 'ctex' | 'stex', { native }: Change) {
  if (exchange === 'ctex') {
    const bytes = Buffer.from('{"eventId":"EV-1","title":"一种装置"}');
    const once = '0123456789abcdef'.repeat(2);
    const text = `POST\n/exchanges/ctex/notify\n${atMs}\n${once}\n${sha256(bytes)}`;
    const signed = native === undefined ? links.ctex.sign(Buffer.from(text)) : operators.alice.sign(Buffer.from(text));
    return { bytes, proof: JSON.stringify({ text, sign: base64(signed) }), whole: null };
  }
  const bytes = Buffer.from('<WD WDBH="W-2" LX="101"><XM/></WD>');
  const page = Buffer.from(`<WDLB XYYB="7"><WD WDBH="W-1" LX="103"/>\n${bytes}\n</WDLB>`);
  const digest = createHash('sm3').update(page).digest('hex');
  const covered = `STEX|20260701120000|42|${digest}`;
  const signature = base64(links.stex.der(Buffer.from(covered)));
  const proof = JSON.stringify({ covered, signature, whole: sha256(page), part: 2 });
  return { bytes, proof, whole: page };
}

function trustList({ holders, links, operators }: Ground, change: Change, own: readonly string[]): Buffer {
  const { revoked } = change;
  const validity = (isRevoked: boolean) => ({
    notBefore: plus8(from.getTime()),
    notAfter: plus8(until.getTime()),
    status: isRevoked ? 'revoked' : 'active',
    ...(isRevoked && revoked !== undefined ? { revokedAt: plus8(revoked.at) } : {}),
  });
  const entries = Object.values(holders).map(({ participant, signer, chain, strangers }) => ({
    participant,
    kid: signer.kid,
    alg: signer.alg,
    ...validity(revoked?.what === 'list' && own.includes(signer.kid)),
    ...(change.listNotAfter !== undefined && own.includes(signer.kid) ? { notAfter: plus8(change.listNotAfter) } : {}),
    spki: base64(signer.spki),
    ...(signer.alg === 'SM2-SM3' ? { sm2Id: '1234567812345678' } : {}),
    chain: (change.strangeChains ? strangers : chain).map(base64),
  }));
  const algs = { ctex: 'RS256', stex: 'SM2-SM3' } as const;
  const linkRecords = (['ctex', 'stex'] as const).map((exchange) => ({
    exchange,
    side: 'exchange',
    kid: `link:${exchange}:exchange:${algs[exchange].toLowerCase()}:${sha256(links[exchange].spki).slice(0, 16)}`,
    alg: algs[exchange],
    ...validity(revoked?.what === 'link'),
    spki: base64(links[exchange].spki),
  }));
  const payload = {
    format: 'qiao-trust-list/2',
    version: 1,
    issuedAt: plus8(from.getTime()),
    prev: null,
    entries,
    links: linkRecords,
  };
  const signers = (change.operators ?? ['alice', 'bob']).map((name): RawSigner => {
    const { spki, sign: signs } = operators[name];
    return { kid: `operator:${name}:${sha256(spki).slice(0, 16)}`, alg: 'Ed25519', spki, sign: signs };
  });
  return jws(JSON.stringify(payload), { typ: 'fed-trust+jws', iss: 'operators' }, signers);
}

async function crlsOf({ main, shangmi, holders }: Ground, change: Change, withSm2: boolean) {
  const { revoked } = change;
  const start = change.crlFrom ?? atMs - HOUR_MS;
  const times = { thisUpdate: new Date(start), nextUpdate: new Date(start + 24 * HOUR_MS) };
  const names = revoked?.what === 'crl';
  const serial = readCertificate(holders.ctex.chain[0])?.serial ?? '';
  const list = { number: 1, ...times, revoked: [] };
  const signing = names
    ? { ...list, revoked: [{ serial, at: new Date(revoked.at), reason: 'keyCompromise' as const }] }
    : list;
  const crls = [await makeCrl(main.root, list), await makeCrl(main.signing, signing)];
  return withSm2 ? [...crls, await makeCrl(shangmi.root, list), await makeCrl(shangmi.signing, list)] : crls;
}
