import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { ConfigRefusal, readConfig } from '../src/config.ts';
import { describeConfig } from '../src/config-describe.ts';
import type { Problem } from '../src/config-gather.ts';

function problemsOf(env: Record<string, string>): readonly Problem[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigRefusal) return error.problems;
    throw error;
  }
  return [];
}

const token = 'a-token-of-more-than-24-characters';

describe('the OpenID provider', () => {
  const whole = {
    QIAO_OIDC_ISSUER: 'https://id.example/realm',
    QIAO_OIDC_CLIENT_ID: 'qiao',
    QIAO_OIDC_CLIENT_SECRET: 'geheim',
    QIAO_OIDC_ROLES: 'desk=maker,ctex-staff=exchange-viewer@ctex',
    QIAO_PUBLIC_URL: 'https://qiao.example',
  };

  it('is one thing of several variables, its claim being groups unless said otherwise', () => {
    expect(readConfig({}).openId).toBeUndefined();
    expect(readConfig(whole).openId).toEqual({
      issuer: 'https://id.example/realm',
      clientId: 'qiao',
      clientSecret: 'geheim',
      claim: 'groups',
      roles: 'desk=maker,ctex-staff=exchange-viewer@ctex',
    });
    expect(JSON.stringify(describeConfig(readConfig(whole)))).not.toContain('geheim');
  });

  it.each(Object.keys(whole).slice(1))('needs %s', (name) => {
    expect(problemsOf({ ...whole, [name]: '' }).map((problem) => problem.name)).toEqual([name]);
  });

  it.each([
    ['QIAO_OIDC_ROLES', 'desk'],
    ['QIAO_OIDC_ROLES', 'desk=root'],
    ['QIAO_OIDC_ROLES', 'desk=maker@ctex'],
    ['QIAO_OIDC_ROLES', 'desk=exchange-viewer'],
    ['QIAO_PUBLIC_URL', 'https://qiao.example/'],
    ['QIAO_PUBLIC_URL', 'qiao.example'],
    ['QIAO_METRICS', 'everybody'],
  ])('%s is not %s', (name, value) => {
    expect(problemsOf({ ...whole, [name]: value }).map((problem) => problem.name)).toEqual([name]);
  });
});

describe('the configuration', () => {
  it('needs nothing at all for a trial run, and listens on loopback only', () => {
    const config = readConfig({}, { cwd: '/srv/qiao' });
    expect(config).toMatchObject({
      production: false,
      host: '127.0.0.1',
      port: 8480,
      databaseUrl: undefined,
      redisUrl: undefined,
      operatorToken: undefined,
      dataFolder: '/srv/qiao/.qiao',
      keysFolder: '/srv/qiao/.qiao/keys',
      limits: { bodyLimitBytes: 1_048_576, jsonDepth: 32, pageLimit: 200 },
    });
  });

  it('reads every setting, with flags before the environment', () => {
    const env = {
      NODE_ENV: 'production',
      HOST: '::1',
      PORT: '9000',
      DATABASE_URL: 'postgres://qiao:geheim@db.example:5432/qiao',
      REDIS_URL: 'rediss://:geheim@cache.example:6380/0',
      QIAO_DATA: '/var/lib/q',
      QIAO_KEYS: 'keys',
      QIAO_KEYS_PASSPHRASE: 'geheim genug',
      QIAO_OPERATOR_TOKEN: token,
      QIAO_SZSE_ADDRESS: '[fd00::1]:7001',
      QIAO_CTEX_URL: 'https://ctex.example/api',
      QIAO_CALENDAR: 'calendar.json',
      QIAO_TOLERANCES: 'tolerances.json',
    };
    const config = readConfig(env, { cwd: '/srv', settings: { PORT: '9001' }, limits: { poolSize: 3 } });
    expect(config).toMatchObject({
      production: true,
      host: '::1',
      port: 9001,
      databaseUrl: env.DATABASE_URL,
      keysFolder: '/srv/keys',
      keysPassphrase: 'geheim genug',
      calendarFile: '/srv/calendar.json',
      tolerancesFile: '/srv/tolerances.json',
      exchanges: { szseAddress: { host: 'fd00::1', port: 7001 }, stexUrl: undefined },
      limits: { poolSize: 3, pageLimit: 200 },
      sources: { PORT: 'flag', HOST: 'environment', LOG_LEVEL: 'default', QIAO_STEX_URL: 'unset' },
    });
  });

  it('is frozen to the last leaf', () => {
    const config = readConfig({});
    expect(() => Object.assign(config, { port: 1 })).toThrow(TypeError);
    expect(() => Object.assign(config.limits, { poolSize: 1 })).toThrow(TypeError);
    expect(() => Object.assign(config.exchanges, { ctexUrl: 'x' })).toThrow(TypeError);
  });

  it('names everything wrong at once, in both languages, and never repeats a value', () => {
    const problems = problemsOf({
      PORT: '80a',
      DATABASE_URL: 'mysql://geheim@db',
      LOG_LEVEL: 'loud',
      QIAO_SZSE_ADDRESS: 'szse.example:70000',
      QIAO_OPERATOR_TOKEN: 'geheim',
      NODE_ENV: 'staging',
    });
    expect(problems.map(({ name }) => name).sort()).toEqual([
      'DATABASE_URL',
      'LOG_LEVEL',
      'NODE_ENV',
      'PORT',
      'QIAO_OPERATOR_TOKEN',
      'QIAO_SZSE_ADDRESS',
    ]);
    for (const { zh, en } of problems)
      expect([zh, en]).toEqual([expect.stringMatching(/应为/), expect.stringMatching(/^must be/)]);
    expect(JSON.stringify(problems)).not.toContain('geheim');
  });

  it('refuses the embedded database in production, but not the missing Redis', () => {
    expect(problemsOf({ NODE_ENV: 'production' }).map(({ name }) => name)).toEqual(['DATABASE_URL']);
    expect(problemsOf({ NODE_ENV: 'production', DATABASE_URL: 'postgres://db/qiao' })).toEqual([]);
  });

  it('refuses lines to exchanges without TLS in production, unless told otherwise', () => {
    const plain = {
      QIAO_CTEX_URL: 'http://ctex.example',
      QIAO_STEX_URL: 'https://stex.example',
      QIAO_SZSE_ADDRESS: 'tcp://szse.example:7001',
      QIAO_SZSE_FILES_URL: 'http://szse.example',
    };
    const production = { ...plain, NODE_ENV: 'production', DATABASE_URL: 'postgres://db/qiao' };
    const refused = problemsOf(production);
    expect(refused.map(({ name }) => name).sort()).toEqual([
      'QIAO_CTEX_URL',
      'QIAO_SZSE_ADDRESS',
      'QIAO_SZSE_FILES_URL',
    ]);
    for (const { zh, en } of refused)
      expect([zh, en]).toEqual([expect.stringMatching(/明文/), expect.stringMatching(/TLS/)]);
    expect(problemsOf({ ...production, QIAO_PLAIN_LINKS: 'allow' })).toEqual([]);
    expect(problemsOf(plain)).toEqual([]);
    expect(problemsOf({ ...plain, QIAO_PLAIN_LINKS: 'refuse' })).toEqual(refused);
  });

  it('takes a session address without a scheme for TLS in production and for plain TCP elsewhere', () => {
    const secureIn = (env: Record<string, string>) => readConfig(env).exchanges.szseAddress?.secure;
    const production = { NODE_ENV: 'production', DATABASE_URL: 'postgres://db/qiao' };
    expect(secureIn({ QIAO_SZSE_ADDRESS: 'szse.example:1' })).toBe(false);
    expect(secureIn({ QIAO_SZSE_ADDRESS: 'tls://szse.example:1' })).toBe(true);
    expect(secureIn({ ...production, QIAO_SZSE_ADDRESS: 'szse.example:1' })).toBe(true);
    expect(problemsOf({ QIAO_SZSE_ADDRESS: 'ssl://szse.example:1' })[0]?.name).toBe('QIAO_SZSE_ADDRESS');
  });

  it('takes an empty variable for one that is not set', () => {
    expect(readConfig({ REDIS_URL: '', DATABASE_URL: '', PORT: '' })).toMatchObject({
      redisUrl: undefined,
      port: 8480,
    });
  });

  it('shows no secret when it is printed', () => {
    const config = readConfig({
      DATABASE_URL: 'postgres://qiao:geheim1@db.example/qiao?password=geheim2&sslmode=require',
      REDIS_URL: 'redis://:geheim3@cache.example',
      QIAO_OPERATOR_TOKEN: `geheim4-${token}`,
      QIAO_CTEX_URL: 'https://user:geheim5@ctex.example/?key=geheim6',
    });
    const rows = describeConfig(config);
    expect(JSON.stringify(rows)).not.toMatch(/geheim/);
    expect(rows).toContainEqual({
      name: 'DATABASE_URL',
      value: 'postgres://qiao:***@db.example/qiao',
      source: 'environment',
    });
    expect(rows).toContainEqual({ name: 'PORT', value: '8480', source: 'default' });
    expect(rows).toContainEqual({ name: 'pageLimit', value: '200', source: 'default' });
  });

  it('never answers a PORT with anything but that port or a problem named PORT', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ minLength: 1 }), fc.integer().map(String), fc.double().map(String)), (PORT) => {
        const problems = problemsOf({ PORT });
        if (problems.length > 0) return problems.length === 1 && problems[0]?.name === 'PORT';
        const { port } = readConfig({ PORT });
        return /^\d+$/.test(PORT) && port >= 0 && port <= 65_535 && port === Number(PORT);
      }),
    );
  });
});

describe('a secret in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'qiao-config-'));
  const file = join(folder, 'secret');
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is read without the line break at its end', () => {
    writeFileSync(file, `${token}\n`);
    const config = readConfig({ QIAO_OPERATOR_TOKEN_FILE: file });
    expect(config.operatorToken).toBe(token);
    expect(config.sources.QIAO_OPERATOR_TOKEN).toBe('file');
  });

  it('may not be given twice, be missing, or be empty', () => {
    writeFileSync(file, '\n');
    expect(problemsOf({ REDIS_URL_FILE: file })).toEqual([expect.objectContaining({ name: 'REDIS_URL_FILE' })]);
    expect(problemsOf({ REDIS_URL_FILE: join(folder, 'none') })[0]?.en).toMatch(/ENOENT/);
    expect(problemsOf({ REDIS_URL_FILE: file, REDIS_URL: 'redis://x' })[0]?.en).toMatch(/only one/);
    expect(problemsOf({ NODE_ENV: 'production', DATABASE_URL_FILE: join(folder, 'none') })[0]?.name).toBe(
      'DATABASE_URL_FILE',
    );
  });

  it('exists for secrets only: a PORT_FILE means nothing', () => {
    expect(readConfig({ PORT_FILE: file }).port).toBe(8480);
  });
});
