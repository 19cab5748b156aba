/** What a bundle proved: as JSON, and as lines for people. Times are instants at +08:00. */

import { instantAt } from '../contract/dates.ts';
import type { Receipt } from '../envelope/receipt.ts';
import type { Evidence } from './verify.ts';

/** One line: what it is about in both languages, and what was proven. */
export interface ReportLine {
  readonly zh: string;
  readonly en: string;
  readonly text: string;
}

export function evidenceJson(evidence: Evidence): object {
  const { envelope, head, native, trust } = evidence;
  const { jti, kind, iss, aud, stream, seq } = envelope.header;
  return {
    verified: true,
    demo: evidence.demo,
    message: jti,
    kind,
    issuer: iss,
    audience: aud,
    stream,
    seq,
    envelope: envelope.digest,
    signatures: envelope.signatures.map(({ kid, alg }) => ({ kid, alg })),
    journaledAt: instantAt(evidence.atMs),
    log: {
      index: evidence.index,
      size: Number(head.size),
      root: Buffer.from(head.root).toString('base64'),
      cosigned: head.cosigned.map(({ exchange, atMs }) => ({ exchange, at: instantAt(atMs) })),
    },
    trustList: trust,
    native,
    receipts: evidence.receipts.map(({ receipt, recipient, kids, atMs, index }) => ({
      ...receipt,
      recipient,
      kids,
      journaledAt: instantAt(atMs),
      index,
    })),
    cosigned: evidence.cosigned && { ...evidence.cosigned, journaledAt: instantAt(evidence.cosigned.atMs) },
  };
}

export function evidenceLines(evidence: Evidence): readonly ReportLine[] {
  const { envelope, head, native, trust } = evidence;
  const { jti, kind, iss, aud, stream, seq } = envelope.header;
  return [
    ...(evidence.demo
      ? [{ zh: '注意', en: 'note', text: '演示用信任锚，对任何人无证明力 / a demo anchor: proves nothing to anybody' }]
      : []),
    { zh: '消息', en: 'message', text: `${jti} · ${kind}` },
    { zh: '陈述', en: 'said', text: `${iss} → ${aud.join(', ')}` },
    { zh: '次序', en: 'order', text: `${stream} · ${seq}` },
    ...envelope.signatures.map(({ kid, alg }) => ({ zh: '签名', en: 'signed', text: `${alg} · ${kid}` })),
    { zh: '记账', en: 'journaled', text: instantAt(evidence.atMs) },
    { zh: '日志', en: 'log', text: `#${evidence.index} / ${head.size} · ${Buffer.from(head.root).toString('base64')}` },
    ...head.cosigned.map(({ exchange, atMs }) => ({
      zh: '见证',
      en: 'witness',
      text: `${exchange} · ${instantAt(atMs)}`,
    })),
    { zh: '信任清单', en: 'trust list', text: `v${trust.version} · ${trust.operators.join(', ')}` },
    ...(native === null
      ? []
      : [
          {
            zh: '原生报文',
            en: 'native',
            text: `${native.length} B · ${native.signedBy === null ? '应答，协议不签名 / an answer, not signed by its protocol' : `${native.signedBy.alg} · ${native.signedBy.kid}`}`,
          },
        ]),
    ...evidence.receipts.map(({ receipt, recipient, atMs, index }) => ({
      zh: '回执',
      en: 'receipt',
      text: `${receipt.receipt} · ${receipt.iss}${recipient === receipt.iss ? '' : ` (${recipient})`} · ${instantAt(atMs)} · #${index}${saidOf(receipt)}`,
    })),
    ...cosignedLines(evidence),
  ];
}

function cosignedLines({ cosigned }: Evidence): readonly ReportLine[] {
  if (cosigned === null) return [];
  const of = cosigned.isThis ? '本版 / this version' : `v${cosigned.version}`;
  const head = `${cosigned.deal} · ${of} · ${instantAt(cosigned.atMs)} · #${cosigned.index}`;
  const by = cosigned.signatures.map(({ participant, alg, kid }) => `${participant} · ${alg} · ${kid}`);
  return [head, ...by].map((text) => ({ zh: '双方共签', en: 'co-signed', text }));
}

function saidOf(receipt: Receipt): string {
  switch (receipt.receipt) {
    case 'received':
      return '';
    case 'accepted':
      return receipt.number === null ? '' : ` · ${receipt.number}`;
    case 'refused':
      return ` · ${receipt.codes.join(', ')}`;
    case 'settled':
      return ` · ${receipt.reference}`;
  }
}
