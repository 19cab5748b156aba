import { readdirSync, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type Exchange, exchanges } from '../../src/contract/exchange.ts';
import { listingNumbered } from '../http/samples.ts';
import { qiao, type Ran } from './command-line.ts';

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

function samplesOf(exchange: Exchange): string[] {
  const folder = fileURLToPath(new URL(`../../adapters/${exchange}/samples/`, import.meta.url));
  return readdirSync(folder)
    .filter((name) => /\.(json|xml|txt|fix|msg)$/.test(name) && !/statement|day-end|books/.test(name))
    .map((name) => folder + name);
}

function problemIn(
  { exit, stdout, stderr }: Ran,
  status: number,
): { code: string; errors: { pointer: string; code: string }[] } {
  expect(exit).toBe(2);
  expect(stdout.length).toBe(0);
  const problem = JSON.parse(stderr);
  expect(problem).toMatchObject({
    type: expect.any(String),
    title: expect.any(String),
    status,
    detail: expect.any(String),
  });
  expect(problem.errors.length).toBeGreaterThan(0);
  for (const error of problem.errors) {
    expect(error).toEqual({
      pointer: expect.any(String),
      code: expect.any(String),
      message_zh: expect.any(String),
      message_en: expect.any(String),
    });
  }
  return problem;
}

test.each(exchanges)('%s: every sample is normalised, and localised again to the same message', async (exchange) => {
  const files = samplesOf(exchange);
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) {
    const there = await qiao(['normalise', exchange, file]);
    expect([file, there.exit, there.stderr]).toEqual([file, 0, '']);
    expect(there.stdout.toString()).toBe(`${JSON.stringify(JSON.parse(there.stdout.toString()), null, 2)}\n`);
    const back = await qiao(['localise', exchange], { stdin: there.stdout });
    expect([file, back.exit]).toEqual([file, 0]);
    const again = await qiao(['normalise', exchange], { stdin: back.stdout });
    expect(again.stdout.equals(there.stdout)).toBe(true);
  }
});

test('standard input and FILE say the same, also FILE - and bytes that come one by one', async () => {
  const file = samplesOf('ctex')[0]!;
  const content = readFileSync(file);
  const { stdout } = await qiao(['normalise', 'ctex', file]);
  expect((await qiao(['normalise', 'ctex'], { stdin: content })).stdout.equals(stdout)).toBe(true);
  expect((await qiao(['normalise', 'ctex', '-'], { stdin: content })).stdout.equals(stdout)).toBe(true);
  const drip = Readable.from([...content].map((byte) => Buffer.from([byte])));
  expect((await qiao(['normalise', 'ctex'], { stdin: drip })).stdout.equals(stdout)).toBe(true);
});

test('a listing for another exchange goes out as its request; where and what is lost is told on stderr', async () => {
  const listing = bytes(listingNumbered(1, { summary: '摘要' }));
  const first = await qiao(['localise', 'stex'], { stdin: listing });
  expect(first.exit).toBe(0);
  expect((await qiao(['localise', 'stex'], { stdin: listing })).stdout.equals(first.stdout)).toBe(true);
  for (const line of first.stderr.split('\n').filter((one) => one !== '')) {
    expect(line).toMatch(/^(POST|PUT) \/\S+$|^loss \/\S+: .+ \/ .+$/);
  }
  const named = await qiao(
    ['localise', 'szse', '--request-id', 'REQ-77', '--at', '2026-03-03T08:00:00+08:00', '--mirror', 'M-9'],
    { stdin: listing },
  );
  expect(named.exit).toBe(0);
  expect(named.stdout.includes('REQ-77')).toBe(true);
  expect(named.stdout.includes('M-9')).toBe(true);
});

test('a decision is printed with exit 0 whatever its verdict', async () => {
  const verdicts = new Set<string>();
  for (const changes of [{}, { mode: 'auction' as const }, { export: 'restricted' as const }]) {
    const ran = await qiao(['decide', '--host', 'szse', '--at', '2026-03-02'], {
      stdin: bytes(listingNumbered(1, changes)),
    });
    expect([ran.exit, ran.stderr]).toEqual([0, '']);
    verdicts.add(JSON.parse(ran.stdout.toString()).verdict);
  }
  expect(verdicts).toEqual(new Set(['relay', 'refuse', 'hold']));
});

const listing = JSON.stringify(listingNumbered(1));
const bad: readonly (readonly [
  what: string,
  argv: readonly string[],
  stdin: string | Buffer,
  status: number,
  code: string,
  pointer?: string,
])[] = [
  ['nothing', ['normalise', 'ctex'], '', 400, 'not-json'],
  ['half a webhook', ['normalise', 'ctex'], '{"eventId":', 400, 'not-json'],
  ['GBK where UTF-8 is due', ['normalise', 'ctex'], Buffer.from([0xd6, 0xd0]), 400, 'not-text'],
  ['a key twice', ['normalise', 'ctex'], '{"a":1,"a":1}', 400, 'duplicate-key'],
  ['__proto__', ['normalise', 'ctex'], '{"__proto__":1}', 400, 'forbidden-key'],
  ['too deep', ['normalise', 'ctex'], '['.repeat(50_000), 400, 'too-deep'],
  ['too large', ['normalise', 'ctex'], ' '.repeat(1_048_577), 413, 'too-large'],
  ['too large', ['localise', 'stex'], ' '.repeat(1_048_577), 413, 'too-large'],
  ['no XML', ['normalise', 'stex'], '<WD>', 400, 'not-xml'],
  ['an entity bomb', ['normalise', 'stex'], '<!DOCTYPE a [<!ENTITY b "c">]><WD>&b;</WD>', 400, 'doctype-forbidden'],
  ['no tags', ['normalise', 'szse'], 'hello', 400, 'not-tagged'],
  ['no object', ['localise', 'szse'], '[]', 422, 'wrong-type', ''],
  ['no kind', ['localise', 'szse'], '{}', 422, 'missing-field', '/kind'],
  [
    'a fraction of a fen',
    ['localise', 'stex'],
    listing.replace('1285000.00', '1.001'),
    422,
    'fen-fraction',
    '/price/amount/amount',
  ],
  [
    'a wrong credit code',
    ['decide', '--host', 'stex', '--at', '2026-03-02'],
    listing.replace('0015T', '0015U'),
    422,
    'bad-check-digit',
    '/seller/uscc',
  ],
  [
    'another kind',
    ['decide', '--host', 'stex', '--at', '2026-03-02'],
    JSON.stringify({ kind: 'listing-state', listing: { id: 'ctex:1' }, status: 'withdrawn' }),
    422,
    'unknown-kind',
    '/kind',
  ],
  ['its own home', ['decide', '--host', 'ctex', '--at', '2026-03-02'], listing, 422, 'inconsistent', '/home'],
];

for (const [what, argv, stdin, status, code, pointer] of bad) {
  test(`${argv[0]} ${argv[1]} turns down ${what}: exit 2, problem JSON, no output`, async () => {
    const problem = problemIn(await qiao(argv, { stdin: Buffer.from(stdin) }), status);
    expect(problem.code).toBe(code);
    if (pointer !== undefined) expect(problem.errors[0]!.pointer).toBe(pointer);
  });
}

test('input over 1 MiB is turned down without being read to its end', async () => {
  let given = 0;
  const endless = new Readable({
    read() {
      given += 65_536;
      this.push(Buffer.alloc(65_536, 0x20));
    },
  });
  problemIn(await qiao(['normalise', 'ctex'], { stdin: endless }), 413);
  expect(given).toBeLessThan(2_000_000);
});
