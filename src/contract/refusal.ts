/**
 * A refusal is an answer, not an exception: the input is understood well enough to be turned down.
 * It is returned, signed, sent back, and never retried unchanged.
 */
export interface Refusal {
  readonly code: RefusalCode;
  /** RFC 6901 pointer into what was refused; '' is the whole. */
  readonly pointer: string;
  readonly zh: string;
  readonly en: string;
}

/** Every code a native or unified input can be refused with, and what it says in both languages. */
const TEXTS = {
  'not-text': ['内容不是规定字符集的有效文本', 'the bytes are not valid text in the required character set'],
  'not-json': ['不是有效的 JSON', 'this is not valid JSON'],
  'not-xml': ['不是有效的 XML', 'this is not valid XML'],
  'doctype-forbidden': ['禁止 DOCTYPE 与实体声明', 'a DOCTYPE or entity declaration is forbidden'],
  'not-tagged': ['不是有效的 tag=value 报文', 'this is not a valid tag=value message'],
  'bad-length': ['报文长度字段不符', 'the body length does not match'],
  'bad-checksum': ['校验和不符', 'the checksum does not match'],
  'bad-group-count': ['重复组计数与成员数不符', 'the group count does not match its members'],
  'duplicate-key': ['键或字段重复', 'a key or field occurs twice'],
  'forbidden-key': ['禁止使用的键名', 'this key name is forbidden'],
  'too-deep': ['嵌套超过 32 层', 'nested deeper than 32 levels'],
  'too-large': ['超过 1 MiB', 'larger than 1 MiB'],
  'unknown-kind': ['未知的消息种类', 'unknown kind of message'],
  'unknown-field': ['未知字段', 'unknown field'],
  'missing-field': ['缺少必填字段', 'a required field is missing'],
  'wrong-type': ['类型不符', 'wrong type'],
  'bad-format': ['格式不符', 'wrong format'],
  'unknown-code': ['未知代码', 'unknown code'],
  'unknown-unit': ['未知的金额单位', 'unknown unit of money'],
  'bad-number': [
    '数值不符合规定（禁止科学计数、十六进制、小数或超出安全范围）',
    'not a plain whole number in the safe range',
  ],
  'bad-money': ['金额格式不符', 'not an amount of money in the required form'],
  'fen-fraction': ['金额含不足一分的尾数', 'the amount has a fraction of a fen'],
  'negative-money': ['金额为负', 'the amount is negative'],
  'money-too-large': ['金额超出可精确表示的范围', 'the amount is beyond what can be held exactly'],
  'bad-date': ['日期不存在或格式不符', 'no such date, or wrong form'],
  'bad-check-digit': ['校验位错误', 'the check digit is wrong'],
  'bad-instalments': ['分期比例之和不为一', 'the instalments do not add up to one'],
  inconsistent: ['字段之间相互矛盾', 'fields contradict each other'],
  'not-expressible': ['该交易所的报文无法表达此内容', "the exchange's own messages cannot express this"],
  'bad-signature': ['签名错误', 'the signature is wrong'],
  stale: ['时间戳超出允许范围', 'the time stamp is outside the allowed window'],
  replayed: ['请求重复使用了一次性标识', 'a one-time value was used before'],
  'unknown-sender': ['未知的发送方', 'unknown sender'],
  'id-conflict': ['同一标识对应不同内容', 'the same id came with other content'],
  'version-conflict': ['同一版本对应不同内容', 'the same version came with other content'],
  'not-yours': ['该对象不属于发送方', 'this object does not belong to the sender'],
  'reference-unknown': ['引用的对象不存在', 'the object referred to is unknown'],
  'state-forbids': ['当前状态不允许', 'the present state does not allow this'],
  'award-taken': ['该标的已有有效成交', 'this asset already has an active award'],
  'not-confirmed': ['缺少对方交易所的成交确认', "the other exchange's confirmation is missing"],
  'not-funded': ['价款尚未按约支付', 'the price has not been paid as agreed'],
  'bid-forbidden': ['该交易方式不接受报价', 'this mode of trade takes no bids'],
  'party-refused': ['不接受该类交易方', 'parties of this nature are not admitted'],
  'party-hold': ['该类交易方须先经人工审查', 'parties of this nature wait for review'],
  'red-line': ['触及国务院清理整顿交易场所的红线', "beyond the State Council's red lines for trading venues"],
  'host-refused': ['对方交易所拒绝', 'the other exchange refused'],
  'rule-refused': ['不符合交易规则', 'the rules do not allow this'],
  'settlement-stopped': [
    '存证日志未达到规定的见证人数，结算暂停',
    'the log lacks its quorum of witnesses: settlement is stopped',
  ],
  'sample-accounts': ['账号为示例，不据以发出支付指令', 'the accounts are samples: no payment is instructed on them'],
  'too-early': ['须提前至少 24 小时公布后方可启用', 'it must be published at least 24 hours before it is used'],
  'same-operator': ['须由另一名操作员批准', 'another operator must approve'],
  'fingerprint-differs': ['指纹与所给的不一致', 'the fingerprint is not the one given'],
  'proposal-stale': ['信任清单已变更，请重新提出', 'the trust list has changed since: propose it again'],
  'outside-policy': ['不符合证书策略 certs/policy.json', 'outside the certificate policy, certs/policy.json'],
  'role-forbids': ['该角色无权进行此项操作', 'this is not for that role to do'],
  'version-stale': ['已被他人更改，请重新读取后再试', 'somebody has changed it since: read it again'],
  'proposal-differs': ['与经办所提交的内容不一致', 'this is not what the maker proposed'],
  'action-unfit': ['该处理方式不适用于此差错', 'this way of settling does not fit the break'],
  'too-many': ['数量超过上限', 'more than the limit'],
  'sheet-altered': ['表格中不可更改的内容被改动', 'a part of the sheet that is not to be changed was changed'],
  busy: ['系统繁忙，请稍后重试', 'busy, try again later'],
} as const satisfies Record<string, readonly [string, string]>;

export type RefusalCode = keyof typeof TEXTS;

/** All codes, for documentation and for the surface that publishes them. */
export const refusalCodes = Object.keys(TEXTS) as readonly RefusalCode[];

/** Makes a refusal; `detail` is added to both texts and must itself be language-free (a value, a name). */
export function refuse(code: RefusalCode, pointer = '', detail = ''): Refusal {
  const [zh, en] = TEXTS[code];
  return detail === '' ? { code, pointer, zh, en } : { code, pointer, zh: `${zh}：${detail}`, en: `${en}: ${detail}` };
}

/** Either a value or every reason why not. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusals: readonly Refusal[] };

export function accepted<T>(value: T): Checked<T> {
  return { ok: true, value };
}

export function refused<T>(...refusals: readonly Refusal[]): Checked<T> {
  return { ok: false, refusals };
}

/** Escapes one step of an RFC 6901 pointer. */
export function step(key: string | number): string {
  const text = String(key);
  return /[~/]/.test(text) ? `/${text.replaceAll('~', '~0').replaceAll('/', '~1')}` : `/${text}`;
}
