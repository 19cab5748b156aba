import { join, resolve } from 'node:path';
import {
  check,
  type Environment,
  gather,
  notAcceptable,
  type Problem,
  type Source,
  splitAddress,
  type Values,
} from './config-gather.ts';
import { defaultLimits, type Limits } from './config-limits.ts';
import type { SettingName } from './config-settings.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

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
  /** Opens the encrypted keys there. */
  readonly keysPassphrase: string | undefined;
  /** Acts as the supervisor `automation`. */
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
