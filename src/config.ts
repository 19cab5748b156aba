import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { defaultLimits, type Limits, type SettingName, settingNames, settingOf } from './config-settings.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Where a value came from. */
export type Source = 'flag' | 'environment' | 'file' | 'default' | 'unset';

/** Everything the program is told from outside, checked once and frozen. Folders are absolute. */
export interface Config {
  readonly environment: 'development' | 'test' | 'production';
  /** {@link environment} is production: embedded stores and demo keys are refused. */
  readonly production: boolean;
  readonly host: string;
  readonly port: number;
  readonly logLevel: LogLevel;
  /** Absent: the embedded PostgreSQL in {@link dataFolder}. */
  readonly databaseUrl: string | undefined;
  /** Absent: the queue runs on PostgreSQL. */
  readonly redisUrl: string | undefined;
  readonly dataFolder: string;
  readonly keysFolder: string;
  /** Acts as the supervisor `automation`. */
  /** Opens the encrypted keys there. */
  readonly keysPassphrase: string | undefined;
  readonly operatorToken: string | undefined;
  readonly publicUrl: string | undefined;
  readonly metricsFor: 'loopback' | 'anybody';
  /** Absent: local accounts only. */
  readonly openId: OpenIdConfig | undefined;
  readonly calendarFile: string | undefined;
  /** Absent: amounts agree to the fen. */
  readonly tolerancesFile: string | undefined;
  /** Absent: the rules that come with the program, on sample accounts. */
  readonly settlementFile: string | undefined;
  /** Who goes on with a day's close: the gateway by its clock, or somebody by hand. */
  readonly clearing: 'clock' | 'hand';
  /** The gateway's name at the exchanges. */
  readonly member: string;
  readonly exchanges: {
    readonly ctexUrl: string | undefined;
    readonly stexUrl: string | undefined;
    /** `secure`: over mutual TLS. */
    readonly szseAddress: { readonly host: string; readonly port: number; readonly secure: boolean } | undefined;
    readonly szseFilesUrl: string | undefined;
    readonly ctexWitnessUrl: string | undefined;
    readonly stexWitnessUrl: string | undefined;
    readonly szseWitnessUrl: string | undefined;
    readonly ctexStandingUrl: string | undefined;
    readonly stexStandingUrl: string | undefined;
    readonly szseStandingUrl: string | undefined;
  };
  /** Where exchanges push to by mutual TLS; absent: nowhere. */
  readonly exchangePort: { readonly host: string; readonly port: number } | undefined;
  /** Whether a line to an exchange may do without TLS. */
  readonly plainLinks: boolean;
  readonly limits: Limits;
  readonly sources: Readonly<Record<SettingName, Source>>;
}

/** The OpenID provider where people log in. */
export interface OpenIdConfig {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly claim: string;
  readonly roles: string;
}

export interface Problem {
  /** The variable at fault. Its value is not repeated: it may be a secret in the wrong place. */
  readonly name: string;
  readonly zh: string;
  readonly en: string;
}

/** The environment is not acceptable; lists everything wrong with it at once. */
export class ConfigRefusal extends Error {
  override readonly name = 'ConfigRefusal';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ name, zh, en }) => `${name}: ${zh} / ${en}`).join('\n'));
    this.problems = problems;
  }
}

export interface Overrides {
  /** Command line flags, under the name of the variable they replace. */
  readonly settings?: Readonly<Partial<Record<SettingName, string>>>;
  readonly limits?: Readonly<Partial<Limits>>;
  /** Against which relative folders are read; the current one by default. */
  readonly cwd?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;
type Values = Partial<Record<SettingName, string>>;

/** Reads the environment (and the files that `*_FILE` variables name). Throws {@link ConfigRefusal}. */
export function readConfig(env: Environment, overrides: Overrides = {}): Config {
  const { values, sources, problems } = gather(env, overrides.settings ?? {});
  const wrong = check(values);
  const known = new Set(problems.map(({ name }) => name));
  for (const name of wrong) if (!known.has(name)) problems.push(notAcceptable(name));

  const production = values.NODE_ENV === 'production';
  if (production && values.DATABASE_URL === undefined && !known.has('DATABASE_URL')) {
    problems.push({
      name: 'DATABASE_URL',
      zh: '生产环境（NODE_ENV=production）必须设置：不允许使用内置 PostgreSQL',
      en: 'is required in production (NODE_ENV=production): the embedded PostgreSQL is refused there',
    });
  }
  if (problems.length > 0) throw new ConfigRefusal(problems);
  const config = build(values, sources, production, overrides);
  if (!config.plainLinks) problems.push(...plainAddresses(config.exchanges).map(mustBeSecure));
  if (values.QIAO_OIDC_ISSUER !== undefined) {
    for (const name of BESIDE_ISSUER) {
      if (values[name] !== undefined || known.has(name)) continue;
      problems.push({ name, zh: '设置 QIAO_OIDC_ISSUER 时必须设置', en: 'is required with QIAO_OIDC_ISSUER' });
    }
  }
  if (problems.length > 0) throw new ConfigRefusal(problems);
  return freeze(config);
}

/** The settings that name an exchange's address without TLS. */
export function plainAddresses({ szseAddress, ...given }: Config['exchanges']) {
  const urls = {
    QIAO_CTEX_URL: given.ctexUrl,
    QIAO_STEX_URL: given.stexUrl,
    QIAO_SZSE_FILES_URL: given.szseFilesUrl,
    QIAO_CTEX_WITNESS_URL: given.ctexWitnessUrl,
    QIAO_STEX_WITNESS_URL: given.stexWitnessUrl,
    QIAO_SZSE_WITNESS_URL: given.szseWitnessUrl,
    QIAO_CTEX_STANDING_URL: given.ctexStandingUrl,
    QIAO_STEX_STANDING_URL: given.stexStandingUrl,
    QIAO_SZSE_STANDING_URL: given.szseStandingUrl,
  };
  const plain = Object.entries(urls).filter(([, url]) => url?.startsWith('http:'));
  const names = plain.map(([name]) => name as SettingName);
  return szseAddress?.secure === false ? [...names, 'QIAO_SZSE_ADDRESS' as const] : names;
}

function mustBeSecure(name: SettingName): Problem {
  const scheme = name === 'QIAO_SZSE_ADDRESS' ? 'tls://' : 'https://';
  return {
    name,
    zh: `应以 ${scheme} 开头：不允许明文（QIAO_PLAIN_LINKS）`,
    en: `must begin with ${scheme}: lines without TLS are refused (QIAO_PLAIN_LINKS)`,
  };
}

const BESIDE_ISSUER: readonly SettingName[] = [
  'QIAO_OIDC_CLIENT_ID',
  'QIAO_OIDC_CLIENT_SECRET',
  'QIAO_OIDC_ROLES',
  'QIAO_PUBLIC_URL',
];

interface Gathered {
  readonly values: Values;
  readonly sources: Record<SettingName, Source>;
  readonly problems: Problem[];
}

/** What they are by default hangs on other settings. */
const DERIVED: ReadonlySet<SettingName> = new Set(['QIAO_KEYS', 'QIAO_PLAIN_LINKS', 'QIAO_EXCHANGE_HOST']);

function gather(env: Environment, flags: Readonly<Partial<Record<SettingName, string>>>): Gathered {
  const values: Values = {};
  const sources = {} as Record<SettingName, Source>;
  const problems: Problem[] = [];
  for (const name of settingNames) {
    const { secret, fallback } = settingOf(name);
    const file = secret && env[`${name}_FILE`] ? env[`${name}_FILE`] : undefined;
    if (file !== undefined && env[name]) {
      problems.push({
        name,
        zh: `${name} 与 ${name}_FILE 只能设置一个`,
        en: `only one of ${name} and ${name}_FILE may be set`,
      });
    }
    const found: [Source, string | undefined] = flags[name]
      ? ['flag', flags[name]]
      : env[name]
        ? ['environment', env[name]]
        : file !== undefined
          ? ['file', readSecret(name, file, problems)]
          : [fallback === undefined ? 'unset' : 'default', fallback];
    sources[name] = DERIVED.has(name) && found[0] === 'unset' ? 'default' : found[0];
    if (found[1] !== undefined) values[name] = found[1];
  }
  return { values, sources, problems };
}

const secretLimitBytes = 65_536;

function readSecret(name: string, file: string, problems: Problem[]): string | undefined {
  try {
    const text = readFileSync(file);
    if (text.length > secretLimitBytes) throw new Error('too long');
    // Editors and `echo` end a file with a line break that is no part of the secret.
    const secret = text.toString('utf8').replace(/\r?\n$/, '');
    if (secret === '') throw new Error('empty');
    return secret;
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    problems.push({
      name: `${name}_FILE`,
      zh: `无法读取所指文件（${reason}）`,
      en: `names a file that cannot be read (${reason})`,
    });
    return undefined;
  }
}

/** Names the settings that do not fit their schema. No coercion: it would read a blank as 0 and 1e3 as 1000. */
function check(values: Values): readonly SettingName[] {
  const ajv = new Ajv2020({ allErrors: true, strict: true });
  ajv.addFormat('url', (text: string) => URL.canParse(text));
  ajv.addFormat('port', (text: string) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535);
  ajv.addFormat('host-and-port', (text: string) => splitAddress(text) !== undefined);
  const properties = Object.fromEntries(settingNames.map((name) => [name, settingOf(name).schema]));
  const validate = ajv.compile({ type: 'object', additionalProperties: false, properties });
  if (validate(values)) return [];
  return [...new Set((validate.errors ?? []).map(({ instancePath }) => instancePath.slice(1) as SettingName))];
}

function notAcceptable(name: SettingName): Problem {
  const { zh, en } = settingOf(name);
  return { name, zh: `应为${zh}`, en: `must be ${en}` };
}

/** `scheme` is absent where the environment decides. */
function splitAddress(text: string): { scheme: string | undefined; host: string; port: number } | undefined {
  const match = /^(?:(tls|tcp):\/\/)?(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[2] ?? match?.[3];
  const port = Number(match?.[4]);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { scheme: match?.[1], host, port };
}

function build(values: Values, sources: Config['sources'], production: boolean, overrides: Overrides): Config {
  const cwd = overrides.cwd ?? process.cwd();
  const dataFolder = resolve(cwd, values.QIAO_DATA ?? '');
  const address = splitAddress(values.QIAO_SZSE_ADDRESS ?? '');
  const exchangePort = values.QIAO_EXCHANGE_PORT;
  const calendar = values.QIAO_CALENDAR;
  const tolerances = values.QIAO_TOLERANCES;
  const settlement = values.QIAO_SETTLEMENT;
  return {
    environment: values.NODE_ENV as Config['environment'],
    production,
    host: values.HOST ?? '',
    port: Number(values.PORT),
    logLevel: values.LOG_LEVEL as LogLevel,
    databaseUrl: values.DATABASE_URL,
    redisUrl: values.REDIS_URL,
    dataFolder,
    keysFolder: resolve(cwd, values.QIAO_KEYS ?? join(dataFolder, 'keys')),
    keysPassphrase: values.QIAO_KEYS_PASSPHRASE,
    operatorToken: values.QIAO_OPERATOR_TOKEN,
    publicUrl: values.QIAO_PUBLIC_URL,
    metricsFor: values.QIAO_METRICS as Config['metricsFor'],
    openId:
      values.QIAO_OIDC_ISSUER === undefined
        ? undefined
        : {
            issuer: values.QIAO_OIDC_ISSUER,
            clientId: String(values.QIAO_OIDC_CLIENT_ID),
            clientSecret: String(values.QIAO_OIDC_CLIENT_SECRET),
            claim: String(values.QIAO_OIDC_CLAIM),
            roles: String(values.QIAO_OIDC_ROLES),
          },
    calendarFile: calendar === undefined ? undefined : resolve(cwd, calendar),
    tolerancesFile: tolerances === undefined ? undefined : resolve(cwd, tolerances),
    settlementFile: settlement === undefined ? undefined : resolve(cwd, settlement),
    clearing: values.QIAO_CLEARING as Config['clearing'],
    member: String(values.QIAO_MEMBER),
    exchanges: {
      ctexUrl: values.QIAO_CTEX_URL,
      stexUrl: values.QIAO_STEX_URL,
      szseAddress: address && {
        host: address.host,
        port: address.port,
        secure: address.scheme === undefined ? production : address.scheme === 'tls',
      },
      szseFilesUrl: values.QIAO_SZSE_FILES_URL,
      ctexWitnessUrl: values.QIAO_CTEX_WITNESS_URL,
      stexWitnessUrl: values.QIAO_STEX_WITNESS_URL,
      szseWitnessUrl: values.QIAO_SZSE_WITNESS_URL,
      ctexStandingUrl: values.QIAO_CTEX_STANDING_URL,
      stexStandingUrl: values.QIAO_STEX_STANDING_URL,
      szseStandingUrl: values.QIAO_SZSE_STANDING_URL,
    },
    exchangePort:
      exchangePort === undefined
        ? undefined
        : { host: values.QIAO_EXCHANGE_HOST ?? values.HOST ?? '', port: Number(exchangePort) },
    plainLinks: (values.QIAO_PLAIN_LINKS ?? (production ? 'refuse' : 'allow')) === 'allow',
    limits: { ...defaultLimits, ...overrides.limits },
    sources,
  };
}

function freeze<Thing extends object>(thing: Thing): Thing {
  for (const part of Object.values(thing)) if (typeof part === 'object' && part !== null) freeze(part as object);
  return Object.freeze(thing);
}

export interface ConfigRow {
  readonly name: string;
  readonly value: string;
  readonly source: Source;
}

/** What `qiao config` prints, secrets hidden; a row for every variable and every limit. */
export function describeConfig(config: Config): readonly ConfigRow[] {
  const { exchanges, sources } = config;
  const szse = exchanges.szseAddress;
  const shown: Record<SettingName, string | undefined> = {
    NODE_ENV: config.environment,
    HOST: config.host,
    PORT: String(config.port),
    LOG_LEVEL: config.logLevel,
    DATABASE_URL: hidden(config.databaseUrl),
    REDIS_URL: hidden(config.redisUrl),
    QIAO_DATA: config.dataFolder,
    QIAO_KEYS: config.keysFolder,
    QIAO_KEYS_PASSPHRASE: config.keysPassphrase === undefined ? undefined : '***',
    QIAO_OPERATOR_TOKEN: config.operatorToken === undefined ? undefined : '***',
    QIAO_PUBLIC_URL: config.publicUrl,
    QIAO_METRICS: config.metricsFor,
    QIAO_OIDC_ISSUER: hidden(config.openId?.issuer),
    QIAO_OIDC_CLIENT_ID: config.openId?.clientId,
    QIAO_OIDC_CLIENT_SECRET: config.openId === undefined ? undefined : '***',
    QIAO_OIDC_CLAIM: config.openId?.claim,
    QIAO_OIDC_ROLES: config.openId?.roles,
    QIAO_CTEX_URL: hidden(exchanges.ctexUrl),
    QIAO_STEX_URL: hidden(exchanges.stexUrl),
    QIAO_SZSE_ADDRESS:
      szse && `${szse.secure ? 'tls' : 'tcp'}://${szse.host.includes(':') ? `[${szse.host}]` : szse.host}:${szse.port}`,
    QIAO_SZSE_FILES_URL: hidden(exchanges.szseFilesUrl),
    QIAO_CTEX_WITNESS_URL: hidden(exchanges.ctexWitnessUrl),
    QIAO_STEX_WITNESS_URL: hidden(exchanges.stexWitnessUrl),
    QIAO_SZSE_WITNESS_URL: hidden(exchanges.szseWitnessUrl),
    QIAO_CTEX_STANDING_URL: hidden(exchanges.ctexStandingUrl),
    QIAO_STEX_STANDING_URL: hidden(exchanges.stexStandingUrl),
    QIAO_SZSE_STANDING_URL: hidden(exchanges.szseStandingUrl),
    QIAO_EXCHANGE_PORT: config.exchangePort && String(config.exchangePort.port),
    QIAO_EXCHANGE_HOST: config.exchangePort?.host,
    QIAO_PLAIN_LINKS: config.plainLinks ? 'allow' : 'refuse',
    QIAO_MEMBER: config.member,
    QIAO_CLEARING: config.clearing,
    QIAO_CALENDAR: config.calendarFile,
    QIAO_TOLERANCES: config.tolerancesFile,
    QIAO_SETTLEMENT: config.settlementFile,
  };
  const rows = settingNames.map((name) => ({ name, value: shown[name] ?? '', source: sources[name] }));
  const limits = Object.entries(config.limits).map(([name, value]) => ({
    name,
    value: String(value),
    source: limitSource(name, value),
  }));
  return [...rows, ...limits];
}

function limitSource(name: string, value: number): Source {
  return defaultLimits[name as keyof Limits] === value ? 'default' : 'flag';
}

/** An address without what gives access: password, and the query, which may hold one. */
function hidden(address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  const url = new URL(address);
  if (url.password !== '') url.password = '***';
  url.search = '';
  url.hash = '';
  return url.href;
}
