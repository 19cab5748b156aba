import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../../src/gateway.ts';
import { openTrust } from '../../src/gateway-trust.ts';
import { type Database, openDatabase } from '../../src/journal/database.ts';
import { migrate } from '../../src/journal/migrate.ts';
import { makeDemoStore } from '../../src/trust/demo-keys.ts';
import { type KeyStore, openKeyStore } from '../../src/trust/keystore.ts';
import { qiao } from '../cli/command-line.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const MORNING = Date.parse('2026-03-02T10:00:00+08:00');
const DAY = 86_400_000;
const base = mkdtempSync(join(tmpdir(), 'qiao-trust-'));
let number = 0;
let made: TestDatabase;
let database: Database;
beforeAll(() => makeDemoStore(join(base, 'first'), new Date(MORNING)));
afterAll(() => rmSync(base, { recursive: true, force: true }));
beforeEach(async () => {
  made = await createTestDatabase();
  database = openDatabase(made.url, { max: 4 });
});
afterEach(async () => {
  await database.close();
  await made.drop();
});

interface Side {
  readonly root: string;
  readonly keys: KeyStore;
  readonly trust: Awaited<ReturnType<typeof openTrust>>;
  readonly said: { event: string; level: string; fields: Readonly<Record<string, unknown>> | undefined }[];
}

/** A key store of its own, with the same federation in it, and the watch over its trust list. */
async function openSide(from = join(base, 'first'), nowMs = () => MORNING): Promise<Side> {
  number += 1;
  const root = join(base, `side-${number}`);
  cpSync(from, root, { recursive: true });
  return watch(root, nowMs);
}

async function watch(root: string, nowMs = () => MORNING): Promise<Side> {
  const said: Side['said'] = [];
  const log: Log = (level, event, fields) => void said.push({ level, event, fields });
  const keys = await openKeyStore(root, { demo: true, nowMs });
  return { root, keys, said, trust: await openTrust({ database, keys, log, nowMs }) };
}

/** Both operators revoke or rotate, at this store. */
async function byTwo(root: string, line: string, at = '2026-03-02T10:00:00+08:00'): Promise<void> {
  const run = async (argv: readonly string[]) => {
    const { exit, stdout, stderr } = await qiao(['certs', ...argv, '--store', root], { at });
    expect([argv, exit, stderr]).toEqual([argv, 0, '']);
    return stdout.toString('utf8');
  };
  const asked = await run([...line.split(' '), '--operator', 'demo-a']);
  const word = (name: string) => new RegExp(`${name}\\s+(.+)`).exec(asked)?.[1] ?? '';
  const print = word('fingerprint').replaceAll(' ', '');
  await run(['approve', word('pending'), '--operator', 'demo-b', ...(print === '' ? [] : ['--fingerprint', print])]);
}

const versionsIn = async () =>
  (await database.query<{ version: number }>('select version from trust_version order by version')).rows.map(
    ({ version }) => version,
  );
const kidOf = ({ keys }: Side, participant: string) =>
  keys.trust.current.records.find((record) => record.participant === participant)!.kid;
const putBack = (to: Side, bytes: Uint8Array | string) => writeFileSync(join(to.root, 'trust.json'), bytes);

it('a new version is journaled with who signed it, put in force, and those who listen are told', async () => {
  const side = await openSide();
  expect(await versionsIn()).toEqual([1]);
  const kid = kidOf(side, 'ctex');
  const told: number[] = [];
  side.keys.trust.onChange(() => told.push(side.keys.trust.current.version));
  await side.trust.refresh();
  expect(told).toEqual([]);

  await byTwo(side.root, `revoke ${kid} --reason keyCompromise`);
  expect(side.keys.trust.current.version).toBe(1);
  await side.trust.refresh();
  expect(told).toContain(2);
  expect(await versionsIn()).toEqual([1, 2]);
  expect(side.said.map(({ event }) => event)).toEqual(expect.arrayContaining(['trust-list-in-force', 'key-revoked']));
  const { rows } = await database.query<{ bytes: Buffer }>('select bytes from trust_version where version = 2');
  expect(rows[0]!.bytes).toEqual(readFileSync(join(side.root, 'trust.json')));
  const acts = await database.query<{ act: string; subject: string }>('select act, subject from audit');
  expect(acts.rows.map(({ act, subject }) => `${act} ${subject}`)).toEqual(
    expect.arrayContaining(['trust-list-adopted trust/1', 'trust-list-adopted trust/2']),
  );

  // The key signs nothing more; what it signed before still stands, what it signs afterwards does not.
  expect(() => side.keys.envelopeSigners('ctex')).toThrow(/已吊销.*is revoked/s);
  expect(side.keys.envelopeSigners('stex')).toHaveLength(2);
  expect(side.keys.trust.validAt(kid, MORNING - 1)).toBeDefined();
  expect(side.keys.trust.validAt(kid, MORNING)).toBeUndefined();
});

it('a revoked link key of ours signs nothing more, and a revoked one of the exchange verifies nothing', async () => {
  const side = await openSide();
  const message = Buffer.from('any bytes');
  const [gateway, exchange] = [side.keys.link('szse'), side.keys.mock('szse')];
  const signed = exchange.signer.sign(message);
  expect(gateway.verifier.verify(message, signed)).toBe(true);
  expect(exchange.verifier.verify(message, gateway.signer.sign(message))).toBe(true);
  for (const { exchange: name, kid } of side.keys.trust.current.links) {
    if (name === 'szse') await byTwo(side.root, `revoke ${kid} --reason superseded`);
  }
  await side.trust.refresh();
  expect(gateway.verifier.verify(message, signed)).toBe(false);
  expect(() => gateway.signer.sign(message)).toThrow(/已吊销.*revoked/s);
  expect(await gateway.verifier.verifyElsewhere?.(message, signed)).toBe(false);
});

it.each<[string, (first: Buffer, newest: Buffer) => Uint8Array | string]>([
  ['no JSON', () => 'nothing of the kind'],
  ['cut short', (_, newest) => newest.subarray(0, -20)],
  ['empty, as while it is being written', () => ''],
  ['the version before', (first) => first],
  [
    'signed by one operator only',
    (_, newest) => {
      const jws = JSON.parse(newest.toString('utf8')) as { payload: string; signatures: unknown[] };
      return JSON.stringify({ payload: jws.payload, signatures: jws.signatures.slice(0, 1) });
    },
  ],
])('a bad trust.json (%s) is an alarm, and the list in force stays in force', async (_, bad) => {
  const side = await openSide();
  const first = readFileSync(join(side.root, 'trust.json'));
  await byTwo(side.root, `revoke ${kidOf(side, 'szse')} --reason superseded`);
  await side.trust.refresh();
  const newest = readFileSync(join(side.root, 'trust.json'));
  putBack(side, bad(first, newest));
  await side.trust.refresh();
  await side.trust.refresh();
  expect(side.keys.trust.current.version).toBe(2);
  expect(side.said.filter(({ event }) => event === 'trust-list-refused')).toHaveLength(1);
  expect(side.trust.state().refused?.faults[0]?.zh).toBeTruthy();
  expect(side.trust.alarms()).toMatchObject([{ code: 'trust-list-refused', zh: expect.any(String) }]);
  // Nor does a start forget it: the journal knows better than the file.
  const again = side.keys.trust.current;
  if (bad(first, newest) === first) {
    const restarted = await watch(side.root);
    expect(restarted.keys.trust.current.sha256).toBe(again.sha256);
    expect(restarted.trust.state().refused).toBeDefined();
  }
  putBack(side, newest);
  await side.trust.refresh();
  expect([side.trust.state().refused, side.trust.alarms()]).toEqual([undefined, []]);
});

it('a version that forked off elsewhere is refused: the first one journaled is the one', async () => {
  const [one, other] = [await openSide(), await openSide()];
  await byTwo(one.root, `revoke ${kidOf(one, 'ctex')} --reason superseded`);
  await byTwo(other.root, `revoke ${kidOf(other, 'szse')} --reason superseded`);
  await one.trust.refresh();
  await other.trust.refresh();
  expect(other.keys.trust.current.sha256).toBe(one.keys.trust.current.sha256);
  expect(other.trust.state().refused?.faults[0]?.code).toBe('list-forked');
  expect(await versionsIn()).toEqual([1, 2]);
});

it('what one gateway adopts, another on the same database has at its next look, without any file', async () => {
  const [one, other] = [await openSide(), await openSide()];
  await byTwo(one.root, `revoke ${kidOf(one, 'ctex')} --reason superseded`);
  await byTwo(one.root, `revoke ${kidOf(one, 'szse')} --reason superseded`);
  await one.trust.refresh();
  await other.trust.refresh();
  expect(other.keys.trust.current.version).toBe(3);
  expect(() => other.keys.envelopeSigners('szse')).toThrow(/revoked/);
});

it('a gateway that was away adopts every version in between, and refuses a gap', async () => {
  const side = await openSide();
  for (const participant of ['ctex', 'stex', 'szse']) {
    await byTwo(side.root, `revoke ${kidOf(side, participant)} --reason superseded`);
  }
  await side.trust.refresh();
  expect(await versionsIn()).toEqual([1, 2, 3, 4]);

  const gap = await createTestDatabase();
  const elsewhere = openDatabase(gap.url, { max: 2 });
  try {
    await migrate(gap.url);
    const root = join(base, `gap-${number}`);
    cpSync(join(base, 'first'), root, { recursive: true });
    const keys = await openKeyStore(root, { demo: true, nowMs: () => MORNING });
    const trust = await openTrust({ database: elsewhere, keys, log: () => {}, nowMs: () => MORNING });
    writeFileSync(join(root, 'trust.json'), readFileSync(join(side.root, 'trust.json')));
    await trust.refresh();
    expect(trust.state().refused?.faults[0]?.code).toBe('list-gap');
    expect(keys.trust.current.version).toBe(1);
  } finally {
    await elsewhere.close();
    await gap.drop();
  }
});

it('a database begun under another key store stops the start, with the next step', async () => {
  await openSide();
  await makeDemoStore(join(base, 'stranger'), new Date(MORNING));
  await expect(watch(join(base, 'stranger'))).rejects.toThrow(/请换回原来的密钥库.*bring back the key store/s);
});

it('the journal keeps every version as it was signed: it cannot be changed or removed', async () => {
  await openSide();
  await expect(database.query(`update trust_version set bytes = ''`)).rejects.toThrow(/append-only/);
  await expect(database.query('delete from trust_version')).rejects.toThrow(/append-only/);
});

it('says 30, 7 and 1 day before what ends, each once, more loudly the nearer it is', async () => {
  let now = MORNING;
  const side = await openSide(join(base, 'first'), () => now);
  const ends = Date.parse(side.keys.trust.current.records[0]!.notAfter);
  const warned = async (daysBefore: number) => {
    side.said.length = 0;
    now = ends - daysBefore * DAY + 1_000;
    await side.trust.refresh();
    await side.trust.refresh();
    return side.said
      .filter(({ fields }) => fields?.kid === kidOf(side, 'ctex'))
      .map(({ level, event }) => `${level} ${event}`);
  };
  expect(await warned(31)).toEqual([]);
  expect(await warned(30)).toEqual(['warn trust-expiring']);
  expect(await warned(20)).toEqual([]);
  expect(await warned(7)).toEqual(['warn trust-expiring']);
  expect(await warned(1)).toEqual(['error trust-expiring']);
  expect(await warned(0)).toEqual(['error trust-expired']);
  const { expiries } = side.trust.state();
  expect(new Set(expiries.map(({ kind }) => kind))).toEqual(
    new Set(['envelope-key', 'link-key', 'tls-certificate', 'revocation-list']),
  );
  expect(expiries.every(({ warning }) => warning === 0)).toBe(true);
});
