/** Puts together what the journal holds about one message; nothing is signed here, so nothing can be added. */

import { isObject } from '../contract/json.ts';
import { parseExact } from '../envelope/json.ts';
import { splitJws } from '../envelope/shape.ts';
import { readCertificate } from '../trust/pki/certificate.ts';
import { readCrl } from '../trust/pki/crl.ts';
import type { Bundle, ChainPart, Entry } from './bundle.ts';

/** What assembling starts from, as src/journal/evidence-reads.ts gives it. */
export interface Findings {
  readonly id: string;
  readonly subject: string;
  readonly envelope: Uint8Array;
  readonly native: Uint8Array | null;
  readonly proof: string | null;
  readonly whole: Uint8Array | undefined;
  readonly received: Uint8Array | null;
  readonly recordedAt: Date;
  readonly place: Entry | undefined;
  readonly receipts: readonly {
    readonly kind: string;
    readonly message: string;
    readonly recipient: string;
    readonly bytes: Uint8Array;
    readonly recordedAt: Date;
    readonly place: Entry | undefined;
  }[];
  readonly trust: { readonly bytes: Uint8Array; readonly place: Entry | undefined } | undefined;
  /** DER. */
  readonly crls: readonly Uint8Array[];
  readonly checkpoint: { readonly cosigned: Uint8Array } | undefined;
  readonly consistency: readonly Uint8Array[] | undefined;
}

/** @param against another checkpoint (a signed note) that `consistency` belongs to */
export function assemble(found: Findings, against?: Uint8Array): Bundle {
  const { native, proof, receipts, checkpoint, consistency } = found;
  const list = found.trust?.bytes ?? new Uint8Array();
  const used = [
    ...kidsOf(found.envelope).map((kid) => ({ kid, at: found.recordedAt })),
    ...(found.received === null ? [] : kidsOf(found.received)).map((kid) => ({ kid, at: found.recordedAt })),
    ...receipts.flatMap(({ bytes, recordedAt }) => kidsOf(bytes).map((kid) => ({ kid, at: recordedAt }))),
  ];
  const chains = chainsOf(list, new Set(used.map(({ kid }) => kid)));
  return {
    message: found.id,
    subject: found.subject,
    envelope: found.envelope,
    native: native === null ? null : { bytes: native, proof: proof ?? '', whole: found.whole ?? null },
    received: found.received,
    entry: found.place ?? null,
    receipts: receipts.map(({ recordedAt: _, place, ...receipt }) => ({ ...receipt, entry: place ?? null })),
    trust: { list, entry: found.trust?.place ?? null },
    chains,
    crls: crlsFor(found.crls, chains, used),
    checkpoint: checkpoint?.cosigned ?? null,
    other: against === undefined || consistency === undefined ? null : { checkpoint: against, consistency },
  };
}

/** Key ids under a JWS; none where it is none. */
function kidsOf(jws: Uint8Array): readonly string[] {
  return (splitJws(jws)?.signatures ?? []).flatMap((part) => {
    const header = parseExact(Buffer.from(part.protected, 'base64url'), '');
    return header.ok && typeof header.object.kid === 'string' ? [header.object.kid] : [];
  });
}

/** From the trust list itself; a key without a chain there has none here, and verifying says so. */
function chainsOf(list: Uint8Array, kids: ReadonlySet<string>): readonly ChainPart[] {
  const payload = Buffer.from(splitJws(list)?.payload ?? '', 'base64url').toString('utf8');
  const read: unknown = payload === '' ? {} : JSON.parse(payload);
  const entries: unknown = isObject(read) ? read.entries : [];
  const chains = (Array.isArray(entries) ? entries : []).flatMap((record: unknown): ChainPart[] => {
    if (!isObject(record) || typeof record.kid !== 'string' || !Array.isArray(record.chain)) return [];
    const [leaf, intermediate] = record.chain.map((der: unknown) => Buffer.from(String(der), 'base64'));
    return leaf === undefined || intermediate === undefined ? [] : [{ kid: record.kid, leaf, intermediate }];
  });
  return chains.filter(({ kid }) => kids.has(kid));
}

/** For each use the newest list in force then, of the root and of the intermediate; no other. */
function crlsFor(
  ders: readonly Uint8Array[],
  chains: readonly ChainPart[],
  used: readonly { readonly kid: string; readonly at: Date }[],
): readonly Uint8Array[] {
  const crls = ders.flatMap((der) => readCrl(der) ?? []).sort((a, b) => b.thisUpdateMs - a.thisUpdateMs);
  const needed = new Set<Uint8Array>();
  for (const { kid, at } of used) {
    const chain = chains.find((one) => one.kid === kid);
    for (const der of chain === undefined ? [] : [chain.leaf, chain.intermediate]) {
      const issuer = readCertificate(der)?.issuer;
      const inForce = crls.find(
        (crl) =>
          issuer !== undefined &&
          Buffer.compare(crl.issuer, issuer) === 0 &&
          crl.thisUpdateMs <= at.getTime() &&
          at.getTime() <= crl.nextUpdateMs,
      );
      if (inForce !== undefined) needed.add(inForce.der);
    }
  }
  return [...needed];
}
