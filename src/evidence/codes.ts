/**
 * Why an evidence bundle proves nothing: one code for each cause, so that whoever was handed it knows what to ask for.
 * docs/EVIDENCE.md says in which order they are looked for; the first that applies is the answer.
 */

import type { EnvelopeCode } from '../envelope/codes.ts';

const TEXTS = {
  'evidence-too-large': ['证据包超过长度上限', 'The bundle is larger than the limit.'],
  'evidence-malformed': ['证据包结构不符合规定', 'The bundle is not of the form laid down.'],
  'evidence-unknown-format': ['未知的证据包格式', 'The format of the bundle is unknown.'],
  'evidence-anchor-malformed': ['信任锚无法使用', 'The trust anchor cannot be used.'],
  'evidence-missing-part': ['证据包缺少必需部分', 'A part that the proof needs is missing.'],
  'evidence-not-final': [
    '检查点尚未获得足够的见证签名，证据尚未终局，请稍后重新取得',
    'The checkpoint does not have enough witnesses yet: the evidence is not final, fetch it again later.',
  ],
  'evidence-altered': [
    '内容与签名或摘要不符，曾被更改',
    'The bytes are not those that were signed: something was altered.',
  ],
  'evidence-wrong-anchor': [
    '签名者不在信任锚中：不是这个联邦的证据，或信任锚已过时',
    'Signed by nobody the anchor names: not of this federation, or the anchor is out of date.',
  ],
  'evidence-wrong-message': ['各部分不属于同一条消息', 'The parts do not belong to this message.'],
  'evidence-not-included': [
    '日志中没有这条记录：包含证明不成立',
    'The log does not hold this: the inclusion proof fails.',
  ],
  'evidence-forked-log': [
    '日志出现分叉：与另一检查点相互矛盾',
    'The log is forked: this checkpoint contradicts another one.',
  ],
  'evidence-key-unknown': ['签名密钥不在当时的信任清单', 'The signing key is not in the trust list in force.'],
  'evidence-key-not-valid': ['记账时刻不在密钥有效期内', 'The key was not valid at journal time.'],
  'evidence-wrong-chain': [
    '证书链不成立或不属于该密钥',
    'The certificate chain does not hold, or is not that of the key.',
  ],
  'evidence-revoked-before': ['密钥或证书在记账之前已吊销', 'The key or certificate was revoked before journal time.'],
  'evidence-native-proof': [
    '交易所自身协议的签名不成立',
    "The exchange's own signature under its native message does not hold.",
  ],
  'evidence-receipt-mismatch': ['回执与该消息不对应', 'A receipt does not belong to this message.'],
  'evidence-cosignature': [
    '成交的双方签名不成立：须为双方对同一字节的签名',
    'The deal is not signed by both exchanges over the same bytes.',
  ],
  'evidence-wrong-time': ['各部分所载时间相互矛盾', 'The times that the parts state contradict each other.'],
} as const satisfies Record<string, readonly [zh: string, en: string]>;

export type EvidenceCode = keyof typeof TEXTS;

/** Every code with its texts, for documentation and for tests that each is reachable. */
export function evidenceCatalogue(): readonly {
  readonly code: EvidenceCode;
  readonly zh: string;
  readonly en: string;
}[] {
  return Object.entries(TEXTS).map(([code, [zh, en]]) => ({ code: code as EvidenceCode, zh, en }));
}

/** A returned value, never thrown. */
export interface EvidenceRefusal {
  readonly ok: false;
  readonly code: EvidenceCode;
  /** RFC 6901, into the bundle. */
  readonly pointer: string;
  readonly zh: string;
  readonly en: string;
}

/** @param detail a name or code that says more; printable, never message content */
export function refuse(code: EvidenceCode, pointer: string, detail = ''): EvidenceRefusal {
  const [zh, en] = TEXTS[code];
  const shown = detail.replace(/[^\x20-\x7e]/g, '?').slice(0, 120);
  return shown === ''
    ? { ok: false, code, pointer, zh, en }
    : { ok: false, code, pointer, zh: `${zh}（${shown}）`, en: `${en} (${shown})` };
}

/** Codes of an envelope or receipt that are about the key or the time, not about the bytes. */
const ABOUT_KEY: Partial<Record<EnvelopeCode, EvidenceCode>> = {
  'kid-unknown': 'evidence-key-unknown',
  'key-not-valid': 'evidence-key-not-valid',
  'key-revoked': 'evidence-revoked-before',
  'alg-required': 'evidence-missing-part',
  expired: 'evidence-wrong-time',
  'issued-in-future': 'evidence-wrong-time',
};

export function aboutKey(code: EnvelopeCode): EvidenceCode | undefined {
  return ABOUT_KEY[code];
}
