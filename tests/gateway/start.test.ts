import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { mocks } from '../../adapters/mocks.ts';
import { sampleListing } from '../../src/cli/sample-trade.ts';
import { openDatabase } from '../../src/journal/database.ts';
import { openKeyStore } from '../../src/trust/keystore.ts';
import { qiao } from '../cli/command-line.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { putDemoKeys } from '../support/demo-keys.ts';
import { type Child, isRunning, startScript, until } from '../support/processes.ts';

const program = new URL('./qiao.ts', import.meta.url);
let folder: string;
let database: TestDatabase;
const children: Child[] = [];
const TOKEN = 'operator-token-for-tests-only';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qiao-start-'));
  chmodSync(folder, 0o711);
  database = await createTestDatabase();
  await putDemoKeys(join(folder, 'keys'), Date.now());
});
afterEach(async () => {
  for (const child of children.splice(0)) await child.kill();
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

function start(env: Readonly<Record<string, string>> = {}): Child {
  const child = startScript(program, ['start'], {
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      QIAO_DATA: folder,
      LOG_LEVEL: 'warn',
      QIAO_OPERATOR_TOKEN: TOKEN,
      ...env,
    },
  });
  children.push(child);
  return child;
}

/** Of a running embedded database, from what it keeps in its folder. */
function embeddedUrl(data: string): string {
  const home = join(data, 'database');
  const { path, password } = JSON.parse(readFileSync(join(home, 'embedded.json'), 'utf8')) as Record<string, string>;
  const port = readFileSync(join(resolve(home, String(path)), 'postmaster.pid'), 'utf8').split('\n')[3];
  return `postgres://qiao:${password}@127.0.0.1:${port}/qiao`;
}

const urlOf = async (child: Child) => String((await child.says(/gateway +(http\S+)/))[1]);

/** Fails as it should: exit 1, one line for people in both languages that names the variable, no stack. */
async function fails(child: Child, naming: RegExp): Promise<void> {
  expect(await child.ended).toEqual({ code: 1, signal: null });
  saysOneLine(child.stderr(), naming);
}

function saysOneLine(stderr: string, naming: RegExp): void {
  const said = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/^qiao: .*\p{Script=Han}.* \/ .*[a-z]/u);
  expect(said[0]).toMatch(naming);
}

describe('a gateway without the address of any exchange', () => {
  it('comes up, says which variable is missing, takes webhooks, and ends on SIGTERM', async () => {
    const child = start({ DATABASE_URL: database.url });
    const url = await urlOf(child);
    const ready = await fetch(`${url}/readyz`);
    const { checks } = (await ready.json()) as { checks: { name: string; ok: boolean }[] };
    expect([ready.status, checks.map(({ name, ok }) => [name, ok])]).toEqual([
      200,
      [
        ['database', true],
        ['queue', true],
        ['migrations', true],
      ],
    ]);
    const { items } = (await (
      await fetch(`${url}/v1/adapters`, { headers: { authorization: `Bearer ${TOKEN}` } })
    ).json()) as {
      items: { exchange: string; link: { up: boolean; detail: { zh: string; en: string } } }[];
    };
    expect(items.map(({ exchange, link }) => [exchange, link.up, link.detail.en])).toEqual([
      ['ctex', false, 'not configured: set QIAO_CTEX_URL'],
      ['stex', false, 'not configured: set QIAO_STEX_URL'],
      ['szse', false, 'not configured: set QIAO_SZSE_ADDRESS'],
    ]);
    // Pushed by the exchange: needs no address of theirs. Unsigned, it is answered and not lost in a 404.
    const pushed = await fetch(`${url}/exchanges/ctex/notify`, { method: 'POST', body: '{}' });
    expect(pushed.status).not.toBe(404);
    expect(await child.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});

describe('a start that cannot be', () => {
  it('names DATABASE_URL when nobody answers there', async () => {
    await fails(start({ DATABASE_URL: 'postgres://qiao:secret-word@127.0.0.1:1/qiao' }), /DATABASE_URL/);
  });

  it('names REDIS_URL when nobody answers there, and does not fill the log meanwhile', async () => {
    const child = start({ DATABASE_URL: database.url, REDIS_URL: 'redis://:secret-word@127.0.0.1:1' });
    await fails(child, /REDIS_URL/);
    expect(child.stderr()).not.toContain('secret-word');
    expect(child.stderr().split('\n').length).toBeLessThan(20);
  });

  it('names PORT when it is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    await fails(start({ DATABASE_URL: database.url, PORT: port }), /PORT/);
    await new Promise((resolve) => taken.close(resolve));
  });

  it('names QIAO_CALENDAR when its file is not there', async () => {
    const file = join(folder, 'no-such-calendar.json');
    await fails(start({ DATABASE_URL: database.url, QIAO_CALENDAR: file }), /QIAO_CALENDAR/);
  });

  it.each([
    ['no JSON', '{'],
    ['of another form', '{"year":2027}'],
    ['of dates that are not', '[{"year":2027,"source":"x","rest":["2027-02-30"],"work":[]}]'],
    ['of worked days that are no weekend', '[{"year":2027,"source":"x","rest":[],"work":["2027-02-03"]}]'],
    [
      'of one year twice',
      '[{"year":2027,"source":"x","rest":[],"work":[]},{"year":2027,"source":"x","rest":[],"work":[]}]',
    ],
  ])('names QIAO_CALENDAR when its file is %s', async (_name, text) => {
    const file = join(folder, 'calendar.json');
    writeFileSync(file, text);
    const env = { DATABASE_URL: database.url, PORT: '0', QIAO_DATA: folder, QIAO_CALENDAR: file, LOG_LEVEL: 'warn' };
    const { exit, stdout, stderr } = await qiao(['start'], { env });
    expect([exit, String(stdout)]).toEqual([1, '']);
    saysOneLine(stderr, /QIAO_CALENDAR/);
  });

  it('asks for a higher version when a rulebook differs from the one adopted under its version', async () => {
    const own = await createTestDatabase();
    const first = start({ DATABASE_URL: own.url });
    await urlOf(first);
    await first.kill('SIGTERM');
    const asking = openDatabase(own.url, { max: 1 });
    const other = createHash('sha256').update('another').digest('hex');
    await asking.query(`update rulebook set sha256 = $1 where exchange = 'stex'`, [other]);
    await asking.close();
    await fails(start({ DATABASE_URL: own.url }), /stex.*提高版本号.*raise its version/);
    await own.drop();
  });
});

describe('the embedded database', () => {
  const isRoot = process.getuid?.() === 0;

  it('ends with a gateway that was killed; the next start finds what was to be delivered and delivers it', async () => {
    const data = join(folder, 'killed');
    const keysFolder = join(folder, 'keys');
    // Late in a year a notice period reaches into one whose holidays nobody has announced: it would be held.
    const calendar = join(folder, 'coming-years.json');
    const year = new Date().getUTCFullYear();
    const notices = [year, year + 1, year + 2].map((one) => ({ year: one, source: 'test', rest: [], work: [] }));
    writeFileSync(calendar, JSON.stringify(notices));
    const env = { QIAO_DATA: data, QIAO_KEYS: keysFolder, QIAO_CALENDAR: calendar };
    const first = start(env);
    const url = await urlOf(first);
    const keys = await openKeyStore(keysFolder, { demo: true, nowMs: Date.now });
    const opened = { ctex: mocks.ctex(), stex: mocks.stex() };
    const settings = (exchange: 'ctex' | 'stex') => ({
      ...keys.mock(exchange),
      member: 'QIAO',
      port: 0,
      filePort: 0,
      nowMs: Date.now,
      nonce: () => createHash('md5').update(String(Math.random())).digest('hex'),
    });
    try {
      await opened.ctex.start({ ...settings('ctex'), gatewayUrl: url });
      const stex = await opened.stex.start(settings('stex'));
      opened.ctex.desk.publish(sampleListing('ctex', 4711, Date.now(), {}));
      await until(() => opened.ctex.desk.idle());
      const { server } = JSON.parse(readFileSync(join(data, 'database', 'owner.json'), 'utf8')) as {
        server: { pid: number };
      };
      await first.kill('SIGKILL');
      await until(() => !isRunning(server.pid));

      const second = start({ ...env, QIAO_STEX_URL: String(stex.url) });
      await urlOf(second);
      const asking = openDatabase(embeddedUrl(data), { max: 1 });
      try {
        let seen = '';
        await until(async () => {
          const decided = await asking.query('select verdict, body from decision');
          seen = JSON.stringify(decided.rows);
          const { rows } = await asking.query<{ exchange: string; state: string }>(
            'select exchange, state from delivery',
          );
          const of = (exchange: string) => rows.filter((row) => row.exchange === exchange).map(({ state }) => state);
          seen += JSON.stringify(rows);
          // What has no address waits without being tried.
          return of('stex').includes('accepted') && of('szse').every((state) => state === 'waiting');
        }).catch((cause: unknown) => {
          throw new Error(`deliveries: ${seen}\n${second.stderr()}`, { cause });
        });
      } finally {
        await asking.close();
      }
      expect(await second.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    } finally {
      await opened.ctex.stop();
      await opened.stex.stop();
    }
  });

  (isRoot ? it : it.skip)('does not stop a start after its folder was removed by hand', async () => {
    const closed = mkdtempSync('/root/qiao-start-');
    const data = join(closed, 'data');
    try {
      for (let round = 0; round < 2; round += 1) {
        const child = start({ QIAO_DATA: data, QIAO_KEYS: join(folder, 'keys') });
        await urlOf(child);
        const { path } = JSON.parse(readFileSync(join(data, 'database', 'embedded.json'), 'utf8')) as {
          path: string;
        };
        expect(await child.kill('SIGINT')).toEqual({ code: 0, signal: null });
        rmSync(data, { recursive: true });
        if (round === 1) rmSync(join(path, '..'), { recursive: true });
      }
    } finally {
      rmSync(closed, { recursive: true, force: true });
    }
  });
});
