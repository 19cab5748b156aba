import { type Refusal, type RefusalCode, refusalCodes, refuse } from '../contract/refusal.ts';
import { type EvidenceCode, type EvidenceRefusal, evidenceCatalogue } from '../evidence/codes.ts';

/** RFC 9457, with our code and every single error; what HTTP answers and what the commands write to stderr. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance?: string;
  /** The code of the first error, or of the request as a whole. */
  readonly code: ProblemCode;
  readonly errors: readonly ProblemError[];
}

export interface ProblemError {
  /** RFC 6901 into the body, or `#query/<name>` and `#header/<name>` for what is not in the body. */
  readonly pointer: string;
  readonly code: string;
  readonly message_zh: string;
  readonly message_en: string;
}

/** What can be wrong with a request before anybody looks at its content: status, Chinese, English. */
const REQUEST_PROBLEMS = {
  'bad-query': [400, '查询参数不符合规定', 'a query parameter is not as required'],
  'bad-cursor': [400, '游标无效，请从第一页重新开始', 'the cursor is not valid: start again from the first page'],
  'bad-path': [400, '路径不是有效的编码', 'the path is not validly encoded'],
  'idempotency-key-missing': [400, '缺少 Idempotency-Key 请求头', 'the Idempotency-Key header is missing'],
  'idempotency-key-invalid': [
    400,
    'Idempotency-Key 须为 1 至 128 个可见 ASCII 字符',
    'Idempotency-Key is 1 to 128 visible ASCII characters',
  ],
  unauthorised: [
    401,
    '请先登录：POST /v1/sessions 取得令牌，再以 Authorization: Bearer 出示',
    'log in first: POST /v1/sessions gives a token to show as Authorization: Bearer',
  ],
  'login-refused': [
    401,
    '账号或口令不正确；忘记口令请找主管重置',
    'account or password is wrong; a supervisor can reset a forgotten one',
  ],
  'openid-refused': [
    401,
    '未能在身份提供方登录，请从 /v1/openid/login 重新开始',
    'logging in at the identity provider did not succeed: start again from /v1/openid/login',
  ],
  'openid-no-role': [
    403,
    '身份提供方未授予您在此系统的角色，或账号已停用，请找主管开通',
    'the identity provider gives you no role here, or your account is disabled: ask a supervisor',
  ],
  forbidden: [
    403,
    '您的角色无权使用此功能，请找主管开通（您的角色；允许的角色）',
    'your role may not do this; ask a supervisor (your role; the roles that may)',
  ],
  'csrf-missing': [
    403,
    '以 Cookie 登录时须带 X-CSRF-Token，其值见 GET /v1/session',
    'with a cookie this needs X-CSRF-Token, which GET /v1/session gives',
  ],
  'loopback-only': [
    403,
    '只对本机开放；QIAO_METRICS=anybody 可对外开放',
    'open to this machine only; QIAO_METRICS=anybody opens it',
  ],
  'evidence-withheld': [
    403,
    '该消息与他方消息由交易所一并签名，证据含他方内容，请向来源交易所或审计员索取',
    'its exchange signed it in one with messages of others, which the evidence would show: ask that exchange or an auditor',
  ],
  'not-found': [404, '没有这个资源', 'there is no such resource'],
  'method-not-allowed': [405, '此地址不接受该方法', 'this address does not take that method'],
  'idempotency-in-progress': [
    409,
    '同一 Idempotency-Key 的请求正在处理，请稍后重试',
    'a request with this Idempotency-Key is still under way: try again later',
  ],
  'state-conflict': [409, '当前状态不允许此操作', 'its present state does not allow this'],
  stale: [
    412,
    '内容已被他人修改，请重新读取后再试（现行 ETag 见详情）',
    'it has been changed meanwhile: read it again (its present ETag is in the detail)',
  ],
  'file-too-large': [413, '文件过大（上限字节数）', 'the file is too large (bytes at most)'],
  'unsupported-media-type': [
    415,
    '请求体须为未压缩的 application/json',
    'the body must be application/json, not compressed',
  ],
  'file-type': [415, '不接受此类文件', 'files of this type are not taken'],
  'idempotency-key-reused': [
    422,
    '同一 Idempotency-Key 用于不同的请求',
    'this Idempotency-Key was used for a different request',
  ],
  CTL: [422, '总分不符，对账单被拒收', 'detail and control total differ: the statement is refused'],
  'if-match-missing': [
    428,
    '须带 If-Match，其值为读取时所得的 ETag',
    'If-Match is required, with the ETag that reading it gave',
  ],
  'too-many-tries': [
    429,
    '此账号的失败次数过多，请在 Retry-After 所示秒数之后再试',
    'too many failures for this account: try again after the seconds in Retry-After',
  ],
  'too-many-watchers': [503, '观看实时进度的连接过多，请稍后重试', 'too many watch already: try again later'],
  internal: [500, '内部错误，已记录', 'an error of ours; it has been logged'],
  unavailable: [503, '暂时无法处理，请稍后重试', 'not available for the moment: try again later'],
} as const satisfies Record<string, readonly [number, string, string]>;

export type RequestProblemCode = keyof typeof REQUEST_PROBLEMS;
export type ProblemCode = RequestProblemCode | RefusalCode | EvidenceCode;

/** The bytes could not be read at all; everything else that is refused was read and turned down (422). */
const UNREADABLE: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  'not-text',
  'not-json',
  'not-xml',
  'not-tagged',
  'doctype-forbidden',
  'duplicate-key',
  'forbidden-key',
  'too-deep',
  'bad-number',
  'bad-length',
  'bad-checksum',
]);

/** An answer is never much longer than what was asked; the count in `detail` says how many there are. */
const MOST_ERRORS = 50;

/** The body or file was turned down, for each of these reasons (at least one). */
export function refusalProblem(refusals: readonly Refusal[], instance?: string): Problem {
  const first = refusals[0] ?? refuse('inconsistent');
  const { zh, en } = refuse(first.code);
  return {
    type: typeOf(first.code),
    title: `${zh} / ${en}`,
    status: statusOf(first.code),
    detail: `输入被拒绝，共 ${refusals.length} 处，见 errors。/ The input was refused for ${refusals.length} reason(s), see errors.`,
    ...(instance === undefined ? {} : { instance }),
    code: first.code,
    errors: refusals
      .slice(0, MOST_ERRORS)
      .map(({ code, pointer, zh, en }) => ({ pointer, code, message_zh: zh, message_en: en })),
  };
}

/** Something about the request itself; `pointer` and `detail` (language-free) say where and what. */
export function requestProblem(code: RequestProblemCode, pointer = '', detail = ''): Problem {
  const [status, zh, en] = REQUEST_PROBLEMS[code];
  const shown = detail === '' ? '' : `: ${detail}`;
  return {
    type: typeOf(code),
    title: `${zh} / ${en}`,
    status,
    detail: `${zh} / ${en}${shown}`,
    code,
    errors: [{ pointer, code, message_zh: `${zh}${shown}`, message_en: `${en}${shown}` }],
  };
}

/** An evidence bundle proves nothing, for this one reason. */
export function evidenceProblem({ code, pointer, zh, en }: EvidenceRefusal): Problem {
  return {
    type: typeOf(code),
    title: `${zh} / ${en}`,
    status: 422,
    detail: '证据不成立，原因见 errors。/ The evidence does not hold, see errors.',
    code,
    errors: [{ pointer, code, message_zh: zh, message_en: en }],
  };
}

/** Every code with its status and texts, for the docs page. */
export function problemCatalogue(): readonly { code: string; status: number; zh: string; en: string }[] {
  const requests = Object.entries(REQUEST_PROBLEMS).map(([code, [status, zh, en]]) => ({ code, status, zh, en }));
  const refusals = refusalCodes.map((code) => ({ ...refuse(code), status: statusOf(code) }));
  return [...requests, ...refusals, ...evidenceCatalogue().map((one) => ({ ...one, status: 422 }))];
}

/** The page of the gateway that gave the problem; a reference that RFC 9457 resolves against the request. */
function typeOf(code: string): string {
  return `/docs#problem-${code}`;
}

function statusOf(code: RefusalCode): number {
  if (code === 'too-large') return 413;
  return UNREADABLE.has(code) ? 400 : 422;
}
