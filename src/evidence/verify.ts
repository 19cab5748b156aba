/**
 * Checks an evidence bundle with nothing but the trust anchor. Pure: nothing is fetched, and no clock is read, for what
 * counts is journal time, which the log states and the witnesses cosign. docs/EVIDENCE.md has the same steps in words.
 */

import type { Adapter } from '../contract/adapter.ts';
import { type VerifiedEnvelope, verifyEnvelope } from '../envelope/envelope.ts';
import { digestOfParts, isAbout, type Leaf } from '../log/leaf.ts';
import type { Sm2Check } from '../log/note.ts';
import { type LogPolicy, readPolicy } from '../log/quorum.ts';
import { readSm2PublicKey, type Sm2, sm2Verify } from '../trust/sm2.ts';
import { OPERATORS, type TrustAnchor } from '../trust/trust-anchor.ts';
import { type LocalTrustList, readTrustList } from '../trust/trust-list.ts';
import { type Bundle, MAX_BUNDLE_BYTES, parseBundle } from './bundle.ts';
import { aboutKey, type EvidenceRefusal, refuse } from './codes.ts';
import type { ProvenCosigned } from './cosigned.ts';
import { forkIn, type Head, openHead, placedIn } from './log-proof.ts';
import { type ProvenNative, proveNative } from './native.ts';
import { MAX_SKEW_MS, type ProvenReceipt, proveReceipts } from './receipts.ts';
import { chainFaults, type KeyUse } from './signers.ts';

/** What verifying needs beside bundle and anchor. */
export interface EvidenceTools {
  readonly sm2: Sm2;
  /** By exchange: how each one's own protocol signs. */
  readonly adapters: ReadonlyMap<string, Pick<Adapter, 'verifyProof'>>;
  /** Another checkpoint of the log (a signed note), to find a fork by. */
  readonly against?: Uint8Array;
}

/** Everything the bundle proves. */
export interface Evidence {
  readonly ok: true;
  /** The anchor is a demonstration's: this proves nothing to anybody. */
  readonly demo: boolean;
  readonly envelope: VerifiedEnvelope;
  /** When the gateway journaled it, milliseconds since 1970. */
  readonly atMs: number;
  readonly index: number;
  readonly head: Head;
  readonly trust: { readonly version: number; readonly operators: readonly string[] };
  readonly native: ProvenNative | null;
  readonly receipts: readonly ProvenReceipt[];
  /** The deal under both exchanges' signatures; null for what is no deal, or is not confirmed. */
  readonly cosigned: ProvenCosigned | null;
}

/** Never throws for what it is given; the first fault in the order of the steps is the answer. */
export function verifyEvidence(
  file: Uint8Array,
  anchor: TrustAnchor,
  tools: EvidenceTools,
): Evidence | EvidenceRefusal {
  const read = parseBundle(file);
  if (!read.ok) return read;
  const { bundle } = read;
  const policy = readPolicy(anchor);
  if (policy === undefined) return refuse('evidence-anchor-malformed', '');
  if (bundle.checkpoint === null || bundle.entry === null) return refuse('evidence-not-final', '/checkpoint');

  const noteSm2: Sm2Check = (spki, bytes, rs) => sm2Verify(readSm2PublicKey(spki), tools.sm2)(bytes, rs);
  const log = proveHead(bundle, bundle.checkpoint, policy, noteSm2, tools.against);
  if (!log.ok) return log;
  const { head } = log;
  const trusted = proveTrustList(bundle, head, anchor, tools.sm2);
  if (!trusted.ok) return trusted;
  const { list } = trusted;
  const said = proveEnvelope(bundle, bundle.entry, head, list);
  if (!said.ok) return said;
  const { envelope, leaf } = said;

  const native = proveNative(bundle, envelope, leaf.atMs, list, tools);
  if (!native.ok) return native;
  const receipts = proveReceipts(bundle, { envelope, atMs: leaf.atMs, head, list });
  if (!receipts.ok) return receipts;
  const beside = besideFault(bundle, envelope, leaf);
  if (beside !== undefined) return beside;
  const uses: readonly KeyUse[] = [
    ...envelope.signatures.map(({ kid }) => ({ kid, atMs: leaf.atMs })),
    ...receipts.receipts.flatMap(({ kids, atMs }) => kids.map((kid) => ({ kid, atMs }))),
    ...usesOf(receipts.cosigned),
  ];
  const roots = anchor.roots.map((der) => Buffer.from(der, 'base64'));
  const chains = chainFaults(uses, { bundle, list, roots, sm2: tools.sm2 });
  if (chains !== undefined) return chains;
  const early = head.cosigned.find(({ atMs }) => atMs < leaf.atMs - MAX_SKEW_MS);
  if (early !== undefined) return refuse('evidence-wrong-time', '/checkpoint', early.exchange);
  if (!head.isFinal) {
    return refuse('evidence-not-final', '/checkpoint', `${head.cosigned.length} of ${policy.quorum}`);
  }
  return {
    ok: true,
    demo: anchor.demo,
    envelope,
    atMs: leaf.atMs,
    index: bundle.entry.index,
    head,
    trust: { version: list.version, operators: list.operators },
    native: native.native,
    receipts: receipts.receipts,
    cosigned: receipts.cosigned,
  };
}

function usesOf(cosigned: ProvenCosigned | null): readonly KeyUse[] {
  return cosigned === null ? [] : cosigned.signatures.map(({ kid }) => ({ kid, atMs: cosigned.atMs }));
}

function proveHead(
  bundle: Bundle,
  checkpoint: Uint8Array,
  policy: LogPolicy,
  sm2: Sm2Check,
  against: Uint8Array | undefined,
): { readonly ok: true; readonly head: Head } | EvidenceRefusal {
  const opened = openHead(checkpoint, policy, sm2, '/checkpoint');
  if (!opened.ok) return opened;
  return forkIn(opened.head, bundle, against, policy, sm2) ?? opened;
}

function proveTrustList(
  { trust }: Bundle,
  head: Head,
  anchor: TrustAnchor,
  sm2: Sm2,
): { readonly ok: true; readonly list: LocalTrustList } | EvidenceRefusal {
  const read = readTrustList(trust.list, anchor, sm2);
  if (!read.ok) {
    const code = read.faults[0]?.code ?? '';
    const stranger = code === 'kid-unknown' || code === 'operators-too-few';
    return refuse(stranger ? 'evidence-wrong-anchor' : 'evidence-altered', '/trust/list', code);
  }
  if (trust.entry === null) return refuse('evidence-missing-part', '/trust/entry');
  const placed = placedIn(head, trust.entry, '/trust/entry');
  if (!placed.ok) return placed;
  const { leaf } = placed;
  const isItsEntry =
    leaf.type === 'trust' &&
    leaf.sender === OPERATORS &&
    leaf.seq === BigInt(read.list.version) &&
    isAbout(leaf, trust.list);
  return isItsEntry ? { ok: true, list: read.list } : refuse('evidence-altered', '/trust/entry/leaf');
}

/** That the origin signed these bytes, and that they are what stands in the log at that place. */
function proveEnvelope(
  bundle: Bundle,
  entry: NonNullable<Bundle['entry']>,
  head: Head,
  list: LocalTrustList,
): { readonly ok: true; readonly envelope: VerifiedEnvelope; readonly leaf: Leaf } | EvidenceRefusal {
  const placed = placedIn(head, entry, '/entry');
  if (!placed.ok) return placed;
  const { leaf } = placed;
  const envelope = verifyEnvelope(bundle.envelope, list, { atMs: leaf.atMs, maxBytes: MAX_BUNDLE_BYTES });
  const keyFault = envelope.ok ? undefined : aboutKey(envelope.code);
  if (!envelope.ok && keyFault === undefined) return refuse('evidence-altered', '/envelope', envelope.code);
  if (envelope.ok && envelope.header.jti !== bundle.message) return refuse('evidence-wrong-message', '/message');
  if (leaf.type !== 'message' || !isAbout(leaf, bundle.envelope)) {
    return refuse(envelope.ok ? 'evidence-wrong-message' : 'evidence-altered', '/entry/leaf');
  }
  if (!envelope.ok) return refuse(keyFault ?? 'evidence-altered', '/envelope', envelope.code);
  const { iss, stream, seq } = envelope.header;
  const isItsLeaf = leaf.sender === iss && leaf.stream === stream && leaf.seq === BigInt(seq);
  return isItsLeaf ? { ok: true, envelope, leaf } : refuse('evidence-altered', '/entry/leaf');
}

/** What is kept beside the envelope is bound by its leaf: nothing was taken away and nothing slipped in. */
function besideFault(bundle: Bundle, { header }: VerifiedEnvelope, leaf: Leaf): EvidenceRefusal | undefined {
  const { message, subject, native, received } = bundle;
  const parts = [message, header.kind, subject, native?.bytes ?? null, native?.proof ?? null, received];
  if (Buffer.compare(digestOfParts(parts), leaf.beside) === 0) return undefined;
  // Whatever an exchange sends is countersigned.
  const isMissing = received === null && native !== null;
  return isMissing ? refuse('evidence-missing-part', '/received') : refuse('evidence-altered', '/subject');
}
