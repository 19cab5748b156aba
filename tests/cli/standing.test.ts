import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { qiao } from './command-line.ts';

const samples = fileURLToPath(new URL('../clearing/samples/clearing-2026-03-02/', import.meta.url));
const FILES = { ctex: 'ctex.jsonl', stex: 'stex.xml', szse: 'szse.txt' } as const;
const DAY = '2026-03-02';
let folder: string;
let env: Record<string, string>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'qiao-standing-'));
  env = { QIAO_DATA: folder, QIAO_KEYS: join(folder, 'keys'), LOG_LEVEL: 'fatal' };
  for (const [exchange, file] of Object.entries(FILES)) {
    mkdirSync(join(folder, exchange));
    copyFileSync(join(samples, file), join(folder, exchange, file));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Exchange = keyof typeof FILES;

const compare = async (one: Exchange, other: Exchange, url: string) => {
  const books = ['--books', join(folder, one)];
  const args = ['standing', 'compare', one, ...books, '--with', other, '--url', url, '--since', DAY];
  const { exit, stdout, stderr } = await qiao(args, { env });
  return { exit, stderr, answer: stdout.length === 0 ? undefined : JSON.parse(stdout.toString('utf8')) };
};
const serve = (exchange: Exchange, meanwhile: (url: string) => Promise<void>) =>
  qiao(['standing', 'serve', exchange, '--books', join(folder, exchange)], {
    env,
    until: async (says) => {
      const [, url] = await says(/^url +(\S+)$/m);
      await meanwhile(url!);
    },
  });

test('two exchanges find over mutual TLS, without the gateway, what their books do not agree on', async () => {
  const { exit, stdout } = await serve('stex', async (url) => {
    expect(url).toMatch(/^https:/);
    const found = await compare('ctex', 'stex', url);
    expect(found.exit).toBe(2);
    const named = Object.values(found.answer.only as Record<string, { dealId: string }[]>).flat();
    expect([...new Set(named.map(({ dealId }) => dealId))].sort()).toEqual(keyedBetween('ctex', 'stex', named));
    expect(found.answer).toMatchObject({ cells: 64, unread: 0 });
    // The same books on both sides: whoever compares sees the other's rows mirrored.
    expect(JSON.stringify(found.answer.only.stex)).toContain('"price":"');
  });
  expect([exit, stdout.toString('utf8')]).toEqual([0, expect.stringContaining('常设核对 / standing check')]);
});

test('a book that is cut off is not compared, and one that is mended is', async () => {
  const path = join(folder, 'szse', FILES.szse);
  const whole = readFileSync(path);
  await serve('szse', async (url) => {
    writeFileSync(path, whole.subarray(0, whole.length / 2));
    const cut = await compare('ctex', 'szse', url);
    expect(cut.exit).toBe(1);
    expect(cut.stderr).toMatch(/503: .* \/ the books cannot be read now/);
    writeFileSync(path, whole);
    expect((await compare('ctex', 'szse', url)).exit).toBe(2);
  });
});

test.each([
  [['serve', 'ctex', '--books', '/nowhere'], 1, '/nowhere'],
  [['serve', 'ctex'], 64, '--books'],
  [['serve', 'nyse', '--books', '.'], 64, 'ctex, stex, szse'],
  [
    ['compare', 'ctex', '--books', '.', '--with', 'stex', '--url', 'http://127.0.0.1:1', '--since', 'x'],
    64,
    '2026-03-02',
  ],
  [['compare', 'ctex', '--books', '.', '--with', 'stex', '--url', 'http://127.0.0.1:1'], 1, 'cannot compare with stex'],
])('qiao standing %j ends with %d and says why', async (args, exit, says) => {
  const ran = await qiao(['standing', ...args], { env });
  expect([ran.exit, ran.stderr]).toEqual([exit, expect.stringContaining(says)]);
});

/** Deals of that pair which the key says differ in one of the two books, but in its fee. */
function keyedBetween(one: Exchange, other: Exchange, found: readonly { dealId: string }[]): readonly string[] {
  const lines = (name: string) =>
    readFileSync(join(samples, name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  const hosts = new Map(lines('journal.jsonl').map(({ id, host }) => [id, host]));
  const seen = new Set(found.map(({ dealId }) => dealId));
  const isOfPair = ({ dealId }: { dealId: string }) => {
    const [home, host] = [dealId.slice(0, 4), hosts.get(dealId)];
    if (host === undefined) return [one, other].includes(home as Exchange) && seen.has(dealId);
    return [one, other].includes(home as Exchange) && [one, other].includes(host);
  };
  // Where both books say the same, two exchanges have nothing to find: that is the journal's to differ from.
  const alike = ['FEE', 'AMT2', 'P001', 'P110'];
  const keyed = lines('key.jsonl').filter((key) => isOfPair(key) && !alike.includes(key.code));
  return keyed.map(({ dealId }) => dealId).sort();
}
