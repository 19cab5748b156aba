import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAccess } from '../../src/access/access.ts';
import { defaultLimits } from '../../src/config-limits.ts';
import { listActs } from '../../src/journal/audit.ts';
import { type Database, openDatabase } from '../../src/journal/database.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { qiao } from './command-line.ts';

let made: TestDatabase;
let database: Database;
let folder: string;

beforeAll(async () => {
  made = await createTestDatabase();
  database = openDatabase(made.url, { max: 2 });
  folder = mkdtempSync(join(tmpdir(), 'qiao-users-'));
});
afterAll(async () => {
  await database.close();
  await made.drop();
  rmSync(folder, { recursive: true, force: true });
});

const users = (argv: readonly string[], stdin?: string) =>
  qiao(['users', ...argv], {
    env: { DATABASE_URL: made.url, QIAO_DATA: folder },
    ...(stdin === undefined ? {} : { stdin: Buffer.from(stdin) }),
  });
const PASSWORD = /password \(shown this once\): (\S+)/;
const opens = async (name: string, password: string) => {
  const parts = { automationToken: undefined, openId: undefined, nowMs: () => Date.parse('2026-03-02T10:00:00+08:00') };
  return (await openAccess({ database, limits: defaultLimits, ...parts }).login(name, password)).ok;
};

test('an account is added with a password made for it, or with one from a file or standard input', async () => {
  const added = await users(['add', 'wang', '--role', 'supervisor']);
  expect([added.exit, added.stderr]).toEqual([0, '']);
  expect(await opens('wang', PASSWORD.exec(added.stdout.toString())![1]!)).toBe(true);

  const file = join(folder, 'password');
  writeFileSync(file, 'from a file, with a line break\n');
  const from = await users(['add', 'li', '--role', 'exchange-viewer', '--exchange', 'stex', '--password-file', file]);
  expect([from.exit, from.stdout.toString()]).toEqual([0, 'li  exchange-viewer@stex\n']);
  expect(await opens('li', 'from a file, with a line break')).toBe(true);

  expect((await users(['add', 'zhao', '--role', 'maker', '--password-file', '-'], 'from standard input')).exit).toBe(0);
  expect(await opens('zhao', 'from standard input')).toBe(true);
});

test('what is not in order is refused with its place: exit 2, problem JSON, nothing on stdout', async () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [['add', 'wang', '--role', 'maker'], '/name'],
    [['add', 'Wang', '--role', 'maker'], '/name'],
    [['add', 'qian', '--role', 'root'], '/role'],
    [['add', 'qian', '--role', 'exchange-viewer'], '/exchange'],
    [['add', 'qian', '--role', 'maker', '--exchange', 'ctex'], '/exchange'],
    [['disable', 'qian'], '/name'],
    [['reset', 'qian'], '/name'],
  ];
  for (const [argv, pointer] of cases) {
    const ran = await users(argv);
    expect([argv, ran.exit, ran.stdout.toString()]).toEqual([argv, 2, '']);
    expect(JSON.parse(ran.stderr).errors[0].pointer).toBe(pointer);
  }
  const short = await users(['add', 'qian', '--role', 'maker', '--password-file', '-'], 'short');
  expect([short.exit, JSON.parse(short.stderr).errors[0].pointer]).toEqual([2, '/password']);
  expect(short.stderr).not.toContain('"short"');
});

test('an account is disabled, and reset with a new password; the list tells', async () => {
  expect((await users(['disable', 'zhao'])).exit).toBe(0);
  expect(await opens('zhao', 'from standard input')).toBe(false);
  const listed = JSON.parse((await users(['list', '--json'])).stdout.toString());
  expect(listed.map(({ name, disabled }: { name: string; disabled: boolean }) => [name, disabled])).toEqual([
    ['li', false],
    ['wang', false],
    ['zhao', true],
  ]);
  expect((await users(['list'])).stdout.toString()).toMatch(/zhao.*maker.*已停用/);
  const reset = await users(['reset', 'zhao']);
  expect(await opens('zhao', PASSWORD.exec(reset.stdout.toString())![1]!)).toBe(true);
});

test('every change stands in the audit trail under who sat at the terminal, and nothing that was refused does', async () => {
  const { rows } = await listActs(database, {}, { limit: 100, order: 'oldest' });
  const acts = rows.map(({ bytes }) => JSON.parse(bytes.toString('utf8')) as Record<string, string>);
  const told = acts.filter(({ role }) => role === 'terminal').map(({ act, subject }) => `${act} ${subject}`);
  expect(told).toEqual([
    'account-added wang',
    'account-added li',
    'account-added zhao',
    'account-disabled zhao',
    'account-reset zhao',
  ]);
  expect(acts.filter(({ role }) => role === 'terminal').every(({ actor }) => actor!.startsWith('terminal:'))).toBe(
    true,
  );
  expect(JSON.stringify(acts)).not.toContain('standard input');
});

test('a database that is away is said in both languages, with what to check', async () => {
  const ran = await qiao(['users', 'list'], { env: { DATABASE_URL: 'postgres://q:geheim@127.0.0.1:1/q' } });
  expect(ran.exit).toBe(1);
  expect(ran.stderr).toMatch(/^qiao: [^\n]*DATABASE_URL[^\n]* \/ [^\n]*DATABASE_URL\n$/);
  expect(ran.stderr).not.toContain('geheim');
});

test.each([[['users']], [['users', 'add']], [['users', 'add', 'wang']], [['users', 'remove', 'wang']]])(
  '"qiao %j" is a usage error',
  async (argv) => {
    expect((await qiao(argv)).exit).toBe(64);
  },
);
