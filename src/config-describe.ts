import type { Config } from './config.ts';
import type { Source } from './config-gather.ts';
import { defaultLimits, type Limits } from './config-limits.ts';
import { type SettingName, settingNames } from './config-settings.ts';

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
