/**
 * Why an envelope or a receipt is refused: a closed list, so that senders can act on the code and never on the sentence.
 *
 * A refusal here says nothing about the trade's rules (those are `src/rules`): only that these bytes prove nothing.
 */

const TEXTS = {
  'too-large': ['报文超过长度上限', 'The message is larger than the limit.'],
  'not-json': ['不是合法的 UTF-8 JSON', 'This is not valid UTF-8 JSON.'],
  'not-jws': ['不是 JWS 通用 JSON 格式', 'This is not a JWS in General JSON form.'],
  'not-canonical': [
    'JSON 写法不唯一：须紧凑、键序固定、无多余转义',
    'The JSON is not in its one form: compact, keys in order, no needless escapes.',
  ],
  'duplicate-key': ['JSON 键重复', 'A JSON key occurs twice.'],
  'base64url-loose': [
    'base64url 不严格：不得有填充、空白、其他字符或非零尾位',
    'The base64url is loose: no padding, spaces, other characters or non-zero trailing bits.',
  ],
  'unprotected-header': ['不接受未受保护的头', 'An unprotected header is not accepted.'],
  'key-supplied': ['报文自带密钥或密钥地址', 'The message brings its own key or the address of one.'],
  'crit-unsupported': ['不支持的 crit 扩展', 'The crit extension is not supported.'],
  'unlisted-member': ['出现未列出的字段', 'A member is not on the closed list.'],
  'missing-member': ['缺少必需字段', 'A required member is missing.'],
  'malformed-member': ['字段格式或取值不合规', 'A member is malformed or out of range.'],
  'headers-differ': ['各签名的受保护头不一致', 'The signatures do not protect the same header.'],
  'signature-count': ['签名数量不合规', 'There are no signatures, or too many.'],
  'signature-order': ['签名须按 kid 升序且不重复', 'Signatures must be ordered by kid, each kid once.'],
  'typ-unexpected': ['报文类型不符', 'The type is not the one expected here.'],
  'alg-unsupported': ['不支持的签名算法', 'The signature algorithm is not supported.'],
  'alg-mismatch': ['算法与信任清单登记的不一致', 'The algorithm is not the one the trust list lays down for this key.'],
  'alg-required': ['缺少规定算法的签名', 'A signature by a required algorithm is missing.'],
  'cosignature-missing': ['缺少一方的签名', 'The signature of one of the parties is missing.'],
  'kid-malformed': ['密钥编号格式不合规', 'The key id is malformed.'],
  'kid-unknown': ['密钥不在本地信任清单', 'The key is not in the local trust list.'],
  'key-revoked': ['密钥已吊销', 'The key is revoked.'],
  'key-not-valid': ['密钥不在有效期内', 'The key is not valid at that time.'],
  'issuer-mismatch': ['签名密钥不属于声明的签发方', 'The key does not belong to the stated issuer.'],
  'signature-invalid': ['签名验证不通过', 'The signature does not verify.'],
  'signature-malleable': [
    'ES256 签名的 s 须取较小值（防止他人另造一份有效字节）',
    'The s of an ES256 signature must be the lower one, so that nobody else can make a second valid form.',
  ],
  'audience-mismatch': ['收件方不包括本方', 'The recipient is not among those addressed.'],
  expired: ['报文已过有效期', 'The message has expired.'],
  'issued-in-future': ['签发时间晚于当前时间', 'The message was issued in the future.'],
  'receipt-mismatch': ['回执与该报文不对应', 'The receipt does not belong to this envelope.'],
} as const satisfies Record<string, readonly [zh: string, en: string]>;

export type EnvelopeCode = keyof typeof TEXTS;

/** Every code, for documentation and for tests that each is reachable. */
export const envelopeCodes = Object.keys(TEXTS) as readonly EnvelopeCode[];

/** A returned value, never thrown: which rule of the envelope was broken, where (JSON pointer), in both languages. */
export interface EnvelopeRefusal {
  readonly ok: false;
  readonly code: EnvelopeCode;
  /** RFC 6901, into the JWS; below `/signatures/N/protected` or `/payload` it goes on into the decoded JSON. */
  readonly pointer: string;
  readonly zh: string;
  readonly en: string;
}

/** @param subject what it is about (a kid, a member name); never secret, never message content */
export function refuse(code: EnvelopeCode, pointer: string, subject?: string): EnvelopeRefusal {
  const [zh, en] = TEXTS[code];
  if (subject === undefined) return { ok: false, code, pointer, zh, en };
  const shown = printable(subject);
  return { ok: false, code, pointer, zh: `${zh}：${shown}`, en: `${en} (${shown})` };
}

/** Foreign text goes into logs and problem JSON: cut, and without control characters (log injection). */
function printable(text: string): string {
  // Anything outside printable ASCII is shown as its code point, so that look-alikes and bidi marks are seen.
  const safe = text
    .slice(0, 80)
    .replace(/[^\x20-\x7e]/gu, (c) => `<U+${c.codePointAt(0)?.toString(16).toUpperCase()}>`);
  return text.length > 80 ? `${safe}…` : safe;
}
