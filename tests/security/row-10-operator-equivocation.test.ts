import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type Clock, clockFrom, type Federation, openFederation } from '../../src/cli/federation.ts';
import { sampleListing } from '../../src/cli/sample-trade.ts';
import { exchanges } from '../../src/contract/exchange.ts';
import type { BookEntry } from '../../src/contract/mock.ts';
import { lastFinal } from '../../src/journal/checkpoints.ts';
import { openDatabase } from '../../src/journal/database.ts';
import { parseCheckpoint } from '../../src/log/checkpoint.ts';
import { parseNote } from '../../src/log/note.ts';
import { isSignedByLog, readPolicy } from '../../src/log/quorum.ts';
import { sm2OfNotes } from '../../src/trust/sm2-notes.ts';
import { getJson, MORNING, OPERATOR } from '../journeys/federation.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { putDemoKeys } from '../support/demo-keys.ts';
import { until } from '../support/processes.ts';

/**
 * Threat 10: the operator keeps two histories of the journal, or puts an older database back and goes on from there.
 * Real gateways on real databases, and the same three witnesses, over sockets, before and after.
 */

const MINUTE = 60_000;
const folders: string[] = [];
const databases: TestDatabase[] = [];
const running = new Set<Federation>();
let serial = 0;

function newFolder(): string {
  folders.push(mkdtempSync(join(tmpdir(), 'qiao-row-10-')));
  return folders.at(-1)!;
}
const keysFolder = newFolder();

beforeAll(() => putDemoKeys(keysFolder, MORNING));

afterEach(async () => {
  for (const federation of running) await federation.stop();
  running.clear();
  for (const database of databases.splice(0)) await database.drop();
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A gateway on that database; the witnesses go on from what they have on disk. */
async function run(databaseUrl: string, witnessFolder: string, clock: Clock) {
  const events: string[] = [];
  const federation = await openFederation({
    databaseUrl,
    keysFolder,
    witnessFolder,
    clock,
    operatorToken: OPERATOR,
    limits: {
      pollIntervalMs: 50,
      outboxPollMs: 20,
      logIntervalMs: 20,
      checkpointIntervalMs: 50,
      retryBaseMs: 10,
      witnessRetryCapMs: 200,
    },
    log: (level, event) => {
      if (level === 'error' && /witness|settlement|log/.test(event)) events.push(event);
    },
  });
  running.add(federation);
  const { gateway } = federation;
  return {
    ...federation,
    events,
    /**
     * From one of the two exchanges whose protocol has no session: szse, whose sequence numbers were never put back,
     * would not talk to the second gateway, which is another defence and not the one tried here.
     */
    publish: async (home: 'ctex' | 'stex') => {
      const listing = sampleListing(home, ++serial, clock.nowMs());
      federation.mocks[home].desk.publish(listing);
      const other = federation.mocks[home === 'ctex' ? 'stex' : 'ctex'];
      // Relayed: the other exchange has it.
      await until(() => [...other.book.received.values()].some((entry) => isOf(entry, listing.number)));
      await gateway.journalLog.sequence();
      await gateway.witnessed.tick();
    },
    /** All that was said is confirmed by all three; gives how many leaves that are. */
    confirmed: async () => {
      let size = 0n;
      await until(async () => {
        const { rows } = await gateway.database.query<{ size: bigint }>('select size from journal_head');
        size = rows[0]!.size;
        return gateway.witnessed.witnesses().every(({ cosigned }) => cosigned?.size === size);
      });
      return size;
    },
    /** Every witness refuses, and for that reason. */
    refused: (kind: 'fork' | 'rollback') =>
      until(() => gateway.witnessed.witnesses().every(({ refusal }) => refusal?.kind === kind)),
    end: async () => {
      running.delete(federation);
      await federation.stop();
    },
  };
}

function isOf({ kind, foreignNumber }: BookEntry, number: string): boolean {
  return kind === 'listing' && foreignNumber === number;
}

/** Leaves in the newest final checkpoint that a database knows of. */
async function finalIn({ url }: TestDatabase): Promise<bigint> {
  const database = openDatabase(url, { max: 1 });
  const final = await lastFinal(database, { witnesses: exchanges, needed: 2 });
  await database.close();
  return final!.size;
}

async function firstDatabase(): Promise<TestDatabase> {
  databases.push(await createTestDatabase());
  return databases.at(-1)!;
}

/** Everything in it, under another name: the second set of books, or a backup. Nobody may be connected meanwhile. */
async function copyOf({ url }: TestDatabase): Promise<TestDatabase> {
  const name = new URL(url).pathname.slice(1);
  const copy = `${name}_copy`;
  const admin = async (text: string) => {
    const client = new pg.Client({ connectionString: url.replace(`/${name}`, '/postgres') });
    await client.connect();
    await client.query(text).finally(() => client.end());
  };
  await admin(`create database ${copy} template ${name}`);
  databases.push({
    url: url.replace(`/${name}`, `/${copy}`),
    drop: () => admin(`drop database if exists ${copy} with (force)`),
  });
  return databases.at(-1)!;
}

test('a log with two histories: every witness refuses the second, settlement stops, relaying goes on', async () => {
  const [witnessFolder, clock] = [newFolder(), clockFrom(MORNING)];
  const place = await firstDatabase();
  const before = await run(place.url, witnessFolder, clock);
  await before.publish('ctex');
  await before.confirmed();
  await before.end();
  const second = await copyOf(place);
  const shared = await finalIn(second);

  const told = await run(place.url, witnessFolder, clock);
  await told.publish('stex');
  expect((await told.confirmed()) > shared).toBe(true);
  expect(told.gateway.witnessed.alarms()).toEqual([]);
  await told.end();

  const forked = await run(second.url, witnessFolder, clock);
  for (const home of ['ctex', 'ctex', 'stex'] as const) await forked.publish(home);
  await forked.refused('fork');
  // Loud in every way, yet ready: what is relayed does not hang on it.
  expect(forked.events.filter((event) => event === 'witness-fork').length).toBeGreaterThanOrEqual(3);
  const { status, alarms } = await getJson<{ status: string; alarms: { code: string }[] }>(forked, '/readyz');
  expect(status).toBe('ready');
  expect(alarms.map(({ code }) => code)).toEqual(Array(3).fill('witness-fork'));
  const metrics = await (await fetch(`${forked.gateway.url}/metrics`)).text();
  for (const exchange of exchanges) expect(metrics).toContain(`qiao_witness_refuses{exchange="${exchange}"} 1`);
  expect(forked.gateway.witnessed.final()?.size).toBe(shared);
  // What both histories share stays final, nothing after it ever becomes so.
  clock.advance(6 * MINUTE);
  expect(forked.gateway.witnessed.settlementAllowed()).toMatchObject({ ok: false });
  await forked.publish('stex');
  expect(forked.gateway.witnessed.final()?.size).toBe(shared);

  // What a witness keeps is the proof: two checkpoints under the log's own signature that cannot both be true.
  const policy = readPolicy(forked.keys.anchor)!;
  const sm2 = sm2OfNotes(forked.keys.sm2);
  for (const exchange of exchanges) {
    const [line] = readFileSync(join(witnessFolder, exchange, 'refused.jsonl'), 'utf8').split('\n');
    const kept = JSON.parse(line!) as { note: string; head: string };
    const notes = [kept.head, kept.note].map((note) => parseNote(Buffer.from(note))!);
    expect(notes.map((note) => isSignedByLog(note, policy.logKeys, sm2))).toEqual([true, true]);
    const [head, other] = notes.map(({ text }) => parseCheckpoint(text)!);
    expect(other!.size >= head!.size && Buffer.compare(other!.root, head!.root) !== 0).toBe(true);
  }
});

test('an old database put back: the witnesses know a larger log, and refuse it also once it has grown again', async () => {
  const [witnessFolder, clock] = [newFolder(), clockFrom(MORNING)];
  const place = await firstDatabase();
  const before = await run(place.url, witnessFolder, clock);
  await before.publish('ctex');
  await before.confirmed();
  await before.end();
  const backup = await copyOf(place);
  const saved = await finalIn(backup);

  const told = await run(place.url, witnessFolder, clock);
  for (const home of ['stex', 'ctex', 'ctex', 'stex'] as const) await told.publish(home);
  await told.confirmed();
  await told.end();
  const lost = await finalIn(place);

  const restored = await run(backup.url, witnessFolder, clock);
  await restored.publish('ctex');
  await restored.refused('rollback');
  const { rows } = await restored.gateway.database.query<{ size: bigint }>('select max(size) as size from checkpoint');
  expect(rows[0]!.size > saved && rows[0]!.size < lost).toBe(true);
  expect(restored.gateway.witnessed.witnesses().map(({ refusal }) => refusal?.witnessSize)).toEqual(
    Array(3).fill(lost),
  );
  expect(restored.gateway.witnessed.alarms().map(({ code }) => code)).toEqual(Array(3).fill('witness-rollback'));
  for (const home of ['stex', 'ctex', 'ctex', 'stex'] as const) await restored.publish(home);
  await restored.refused('fork');
  expect(restored.gateway.witnessed.final()?.size).toBe(saved);
  clock.advance(6 * MINUTE);
  const gate = restored.gateway.witnessed.settlementAllowed();
  expect(gate).toMatchObject({ ok: false });
  expect(restored.events).toEqual(expect.arrayContaining(['witness-rollback', 'witness-fork']));
});
