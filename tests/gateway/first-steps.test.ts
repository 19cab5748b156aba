import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { qiao, type Surroundings } from '../cli/command-line.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let made: TestDatabase;
let folder: string;
beforeAll(async () => {
  made = await createTestDatabase();
  folder = mkdtempSync(join(tmpdir(), 'qiao-first-'));
});
afterAll(async () => {
  await made.drop();
  rmSync(folder, { recursive: true, force: true });
});

const PASSWORD = /admin .*password, shown this once: (\S+)/;

function start(isTerminal: boolean, until: NonNullable<Surroundings['until']>) {
  const env = { DATABASE_URL: made.url, QIAO_DATA: folder, PORT: '0', LOG_LEVEL: 'silent' };
  return qiao(['start'], { env, isTerminal, until });
}

test('where nobody reads along, the first start makes no account: its password would end up in a file', async () => {
  const ran = await start(false, async (says) => void (await says(/accounts/)));
  expect([ran.exit, PASSWORD.test(ran.stdout.toString())]).toEqual([0, false]);
  expect(ran.stdout.toString()).toContain('npx qiao users add');
});

test('the first start at a terminal says the password of admin, which opens; no later start says it', async () => {
  let status = 0;
  const first = await start(true, async (says) => {
    const [, url] = await says(/gateway +(http\S+)/);
    const [, password] = await says(PASSWORD);
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ name: 'admin', password });
    const session = await fetch(`${url}/v1/sessions`, { method: 'POST', headers, body });
    const { token } = (await session.json()) as { token: string };
    status = (await fetch(`${url}/v1/listings`, { headers: { authorization: `Bearer ${token}` } })).status;
  });
  expect([first.exit, status]).toEqual([0, 200]);
  const second = await start(true, async (says) => void (await says(/accounts/)));
  expect([second.exit, PASSWORD.test(second.stdout.toString())]).toEqual([0, false]);
});
