/** One environment variable: what it may hold, in a form for the validator and in words for people. */
export interface Setting {
  readonly schema: Readonly<Record<string, unknown>>;
  /** Never shown; may come from the file that `<NAME>_FILE` names. */
  readonly secret?: true;
  readonly fallback?: string;
  readonly zh: string;
  readonly en: string;
}

const url = (protocols: string) => ({ type: 'string', maxLength: 2048, pattern: `^(${protocols})://`, format: 'url' });

const ROLE = '(maker|checker|supervisor|auditor|exchange-viewer@(ctex|stex|szse)|integrator(@(ctex|stex|szse))?)';
const ROLE_MAP = `^[^=,@]+=${ROLE}(,[^=,@]+=${ROLE})*$`;

/** All of them. A variable that is empty counts as not set. The documentation's table is printed from here. */
export const settings = {
  NODE_ENV: {
    schema: { enum: ['development', 'test', 'production'] },
    fallback: 'development',
    zh: 'development、test 或 production',
    en: 'development, test or production',
  },
  HOST: {
    schema: { type: 'string', maxLength: 253, pattern: '^[A-Za-z0-9._:-]+$' },
    fallback: '127.0.0.1',
    zh: '监听地址（主机名或 IP）',
    en: 'the address to listen on, a host name or IP address',
  },
  PORT: {
    schema: { type: 'string', format: 'port' },
    fallback: '8480',
    zh: '0 到 65535 的整数（0 表示任选空闲端口）',
    en: 'an integer from 0 to 65535; 0 takes any free port',
  },
  LOG_LEVEL: {
    schema: { enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] },
    fallback: 'info',
    zh: 'trace、debug、info、warn、error、fatal 或 silent',
    en: 'trace, debug, info, warn, error, fatal or silent',
  },
  DATABASE_URL: {
    schema: url('postgres|postgresql'),
    secret: true,
    zh: 'postgres:// 开头的连接串；不设置则使用内置 PostgreSQL（生产环境不允许）',
    en: 'a postgres:// connection string; without it the embedded PostgreSQL is used (not in production)',
  },
  REDIS_URL: {
    schema: url('redis|rediss'),
    secret: true,
    zh: 'redis:// 或 rediss:// 连接串；不设置则队列使用 PostgreSQL',
    en: 'a redis:// or rediss:// connection string; without it the queue uses PostgreSQL',
  },
  QIAO_DATA: {
    schema: { type: 'string', maxLength: 1024 },
    fallback: '.qiao',
    zh: '数据目录',
    en: 'the data folder',
  },
  QIAO_KEYS: {
    schema: { type: 'string', maxLength: 1024 },
    zh: '密钥目录，默认为数据目录下的 keys',
    en: 'the key store; keys in the data folder by default',
  },
  QIAO_KEYS_PASSPHRASE: {
    schema: { type: 'string', maxLength: 1024 },
    secret: true,
    zh: '密钥库中加密私钥的口令，宜用 QIAO_KEYS_PASSPHRASE_FILE',
    en: 'the passphrase of the encrypted keys in the key store; better QIAO_KEYS_PASSPHRASE_FILE',
  },
  QIAO_OPERATOR_TOKEN: {
    schema: { type: 'string', pattern: '^[!-~]{24,512}$' },
    secret: true,
    zh: '24 到 512 个可打印 ASCII 字符，无空格：自动化程序（账号 automation，角色 supervisor）的令牌',
    en: '24 to 512 printable ASCII characters without blanks: the token of automation, a supervisor',
  },
  QIAO_PUBLIC_URL: {
    schema: { ...url('https?'), pattern: '^https?://[^/?#]+$' },
    zh: '用户访问网关的地址，如 https://qiao.example，末尾无斜线；https 时会话 Cookie 带 Secure',
    en: 'where people reach the gateway, https://qiao.example, no slash at the end; with https cookies are Secure',
  },
  QIAO_METRICS: {
    schema: { enum: ['loopback', 'anybody'] },
    fallback: 'loopback',
    zh: 'loopback 或 anybody：谁可读取 /metrics',
    en: 'loopback or anybody: who may read /metrics',
  },
  QIAO_OIDC_ISSUER: {
    schema: url('https|http'),
    zh: 'OpenID 身份提供方的地址；不设置则只用本地账号',
    en: 'the issuer of the OpenID provider; without it there are local accounts only',
  },
  QIAO_OIDC_CLIENT_ID: {
    schema: { type: 'string', pattern: '^[!-~]{1,256}$' },
    zh: '在身份提供方登记的客户端标识',
    en: 'the client id registered with the OpenID provider',
  },
  QIAO_OIDC_CLIENT_SECRET: {
    schema: { type: 'string', pattern: '^[!-~]{1,512}$' },
    secret: true,
    zh: '客户端密钥',
    en: 'the client secret',
  },
  QIAO_OIDC_CLAIM: {
    schema: { type: 'string', pattern: '^[A-Za-z0-9_:./-]{1,128}$' },
    fallback: 'groups',
    zh: 'ID Token 中决定角色的声明',
    en: 'the claim of the ID token that decides the role',
  },
  QIAO_OIDC_ROLES: {
    schema: { type: 'string', maxLength: 4096, pattern: ROLE_MAP },
    zh: '声明值=角色[@交易所]，以逗号分隔，如 desk=maker,ctex-staff=exchange-viewer@ctex',
    en: 'value=role[@exchange], separated by commas: desk=maker,ctex-staff=exchange-viewer@ctex',
  },
  QIAO_CTEX_URL: { schema: url('https?'), zh: 'ctex 的 http(s) 地址', en: 'the http(s) address of ctex' },
  QIAO_STEX_URL: { schema: url('https?'), zh: 'stex 的 http(s) 地址', en: 'the http(s) address of stex' },
  QIAO_SZSE_ADDRESS: {
    schema: { type: 'string', maxLength: 266, format: 'host-and-port' },
    zh: 'szse 会话的 主机:端口，前可加 tls:// 或 tcp://（不加时，生产环境用 TLS，其他环境用明文 TCP）',
    en: 'host:port of the szse session after tls:// or tcp://; without either it is TLS in production, plain TCP elsewhere',
  },
  QIAO_SZSE_FILES_URL: {
    schema: url('https?'),
    zh: 'szse 文件服务的 http(s) 地址',
    en: 'the http(s) address of the szse files',
  },
  QIAO_CTEX_WITNESS_URL: {
    schema: url('https?'),
    zh: 'ctex 见证服务的 http(s) 地址',
    en: "the http(s) address of ctex's witness",
  },
  QIAO_STEX_WITNESS_URL: {
    schema: url('https?'),
    zh: 'stex 见证服务的 http(s) 地址',
    en: "the http(s) address of stex's witness",
  },
  QIAO_SZSE_WITNESS_URL: {
    schema: url('https?'),
    zh: 'szse 见证服务的 http(s) 地址',
    en: "the http(s) address of szse's witness",
  },
  QIAO_CTEX_STANDING_URL: {
    schema: url('https?'),
    zh: 'ctex 常设核对服务的 http(s) 地址',
    en: "the http(s) address of ctex's standing post",
  },
  QIAO_STEX_STANDING_URL: {
    schema: url('https?'),
    zh: 'stex 常设核对服务的 http(s) 地址',
    en: "the http(s) address of stex's standing post",
  },
  QIAO_SZSE_STANDING_URL: {
    schema: url('https?'),
    zh: 'szse 常设核对服务的 http(s) 地址',
    en: "the http(s) address of szse's standing post",
  },
  QIAO_EXCHANGE_PORT: {
    schema: { type: 'string', format: 'port' },
    zh: '0 到 65535 的整数：交易所推送的双向 TLS 端口；不设置则不开放',
    en: 'an integer from 0 to 65535: the mutual TLS port that exchanges push to; closed without it',
  },
  QIAO_EXCHANGE_HOST: {
    schema: { type: 'string', maxLength: 253, pattern: '^[A-Za-z0-9._:-]+$' },
    zh: '该端口的监听地址；默认同 HOST',
    en: 'the address that port listens on; that of HOST by default',
  },
  QIAO_PLAIN_LINKS: {
    schema: { enum: ['allow', 'refuse'] },
    zh: 'allow 或 refuse：与交易所之间是否允许明文；默认生产环境 refuse，其他环境 allow',
    en: 'allow or refuse, for lines to exchanges without TLS; by default refuse in production and allow elsewhere',
  },
  QIAO_MEMBER: {
    schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,32}$' },
    fallback: 'QIAO',
    zh: '网关在各交易所的会员号',
    en: "the gateway's member code at the exchanges",
  },
  QIAO_CLEARING: {
    schema: { enum: ['clock', 'hand'] },
    fallback: 'clock',
    zh: 'clock 或 hand：日终按日切时点自动推进，或由人逐步推进',
    en: 'clock or hand: a day is closed after the cut-offs by itself, or when somebody says so',
  },
  QIAO_CALENDAR: {
    schema: { type: 'string', maxLength: 1024 },
    zh: '节假日安排的补充文件（JSON）',
    en: 'a JSON file that supplements the business calendar',
  },
  QIAO_TOLERANCES: {
    schema: { type: 'string', maxLength: 1024 },
    zh: '对账容差文件（JSON，schemas/tolerances.schema.json）',
    en: 'a JSON file of reconciliation tolerances (schemas/tolerances.schema.json)',
  },
  QIAO_SETTLEMENT: {
    schema: { type: 'string', maxLength: 1024 },
    zh: '交收规则文件（JSON）：各所行号与账号、清分与放款规则；生产环境不设则不发支付指令',
    en: 'a JSON file of settlement rules: accounts, what is owed, when money is released; in production no payment without it',
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;

export const settingNames = Object.keys(settings) as readonly SettingName[];

export function settingOf(name: SettingName): Setting {
  return settings[name];
}
