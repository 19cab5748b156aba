import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exchanges } from '../../src/contract/exchange.ts';
import { qiao } from './command-line.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'qiao-mock-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const party = { name: '北京示例材料研究院有限公司', uscc: '91110108MA0000015T', nature: 'private', country: '142' };
const listing = {
  number: 'EX2026-000777',
  version: 1,
  title: '示例方法',
  dealType: 'transfer',
  mode: 'listing',
  objectType: 'invention',
  ipNumber: 'ZL202310123456.6',
  ipTitle: '示例方法',
  field: '06',
  seller: party,
  priceKind: 'fixed',
  price: '1285000.00',
  deposit: '1000.00',
  publishedAt: '2026-03-02T09:30:00+08:00',
  startsOn: '2026-03-02',
  endsOn: '2026-04-30',
  plan: 'lump-sum',
};

interface Told {
  readonly status: number;
  readonly body: { code?: string; errors?: { pointer: string; code: string }[]; [key: string]: unknown };
}

async function ask(url: string, order?: unknown): Promise<Told> {
  const body = typeof order === 'string' ? order : JSON.stringify(order);
  const answer = await fetch(url, order === undefined ? {} : { method: 'POST', body });
  return { status: answer.status, body: (await answer.json()) as Told['body'] };
}

/** Runs the mock, gives its desk to `work`, and stops it. */
async function withDesk(argv: readonly string[], work: (desk: string) => Promise<void>) {
  let failure: unknown;
  const ran = await qiao(['mock', ...argv], {
    env: { QIAO_DATA: folder },
    until: async (says) => {
      const [, desk] = await says(/^desk +(\S+)$/m);
      // Thrown in here it would only end the mock.
      await work(desk!).catch((error: unknown) => {
        failure = error;
      });
    },
  });
  if (failure !== undefined) throw failure;
  return ran;
}

test.each(exchanges)('%s: the mock says where it is, takes orders at its desk, and ends cleanly', async (exchange) => {
  const ran = await withDesk([exchange], async (desk) => {
    expect((await ask(`${desk}/book`)).body).toMatchObject({ exchange, idle: true, received: [] });
    expect(await ask(`${desk}/publish`, listing)).toEqual({ status: 202, body: { done: 'publish' } });
    expect((await ask(`${desk}/fail`, { operation: '*', fault: 'busy', count: 1 })).status).toBe(202);
  });
  expect([ran.exit, ran.stderr]).toEqual([0, '']);
  expect(ran.stdout.toString()).toMatch(/^(http|session) +\S*127\.0\.0\.1:\d+$/m);
  expect(ran.stdout.toString()).toContain(`keys     ${folder}`);
});

test('the desk turns down what it cannot read, with pointer and code', async () => {
  const cases: readonly (readonly [order: string, body: unknown, status: number, pointer: string, code: string])[] = [
    ['publish', { ...listing, price: 1285000 }, 422, '/price', 'bad-money'],
    ['publish', { ...listing, price: '1.001' }, 422, '/price', 'fen-fraction'],
    ['publish', { ...listing, priceFen: '1' }, 422, '/priceFen', 'unknown-field'],
    ['publish', { ...listing, endsOn: '2026-02-30' }, 422, '/endsOn', 'bad-date'],
    ['publish', { ...listing, seller: { ...party, name: '' } }, 422, '/seller/name', 'bad-format'],
    ['publish', {}, 422, '/number', 'missing-field'],
    ['publish', '{"a":1,"a":2}', 422, '', 'duplicate-key'],
    ['publish', '', 422, '', 'not-json'],
    ['state', { number: '1', version: 1, state: 'gone', reason: 'x' }, 422, '/state', 'unknown-code'],
    ['confirm', [], 422, '', 'wrong-type'],
  ];
  await withDesk(['ctex'], async (desk) => {
    for (const [order, body, status, pointer, code] of cases) {
      const told = await ask(`${desk}/${order}`, body);
      expect([order, told.status]).toEqual([order, status]);
      expect(told.body.errors).toContainEqual(expect.objectContaining({ pointer, code }));
    }
    for (const order of ['nonsense', '__proto__', 'constructor'])
      expect((await ask(`${desk}/${order}`, {})).status).toBe(404);
    expect((await ask(`${desk}/publish`, ' '.repeat(1_048_577))).status).toBe(413);
  });
});

test('a taken port and production are told in one line: exit 1', async () => {
  await withDesk(['ctex'], async (desk) => {
    const taken = await withDesk(['stex', '--port', new URL(desk).port], async () => {});
    expect(taken.exit).toBe(1);
    expect(taken.stderr).toMatch(/^qiao: [^\n]+ \/ a port is taken[^\n]+\n$/);
  });
  const env = { NODE_ENV: 'production', DATABASE_URL: 'postgres://a@127.0.0.1/b', QIAO_DATA: folder };
  const production = await qiao(['mock', 'ctex'], { env });
  expect(production.exit).toBe(1);
  expect(production.stderr).toMatch(/^qiao: [^\n]+\n$/);
});
