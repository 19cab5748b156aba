import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { finalHolding, lastFinal, latestCheckpoint } from '../../src/journal/checkpoints.ts';
import { type Database, openDatabase } from '../../src/journal/database.ts';
import { sequence } from '../../src/journal/sequencer.ts';
import { openCheckpoint } from '../../src/log/quorum.ts';
import { LogContradiction, publishCheckpoint } from '../../src/relay/checkpoints.ts';
import { openFinality } from '../../src/relay/finality.ts';
import { openWitnessing, type Witnessing } from '../../src/relay/witnessing.ts';
import { openWitnessLine } from '../../src/witness/client.ts';
import type { ListeningWitness } from '../../src/witness/server.ts';
import { keepMessages } from '../journal/rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/processes.ts';
import { type WitnessGround, witnessGround } from './witnesses.ts';

const MORNING = Date.parse('2026-03-02T09:30:00+08:00');
const MINUTE = 60_000;
let clock = MORNING;
const nowMs = () => clock;
const noSm2 = () => false;

let place: TestDatabase;
let database: Database;
let ground: WitnessGround;
const closing: (() => unknown)[] = [];

beforeEach(async () => {
  clock = MORNING;
  place = await createTestDatabase();
  database = openDatabase(place.url, { max: 8 });
  ground = witnessGround(nowMs);
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await database.close();
  await place.drop();
  ground.remove();
});

/** Adds messages to the journal, gives them leaves and signs the tree. */
async function grow(stream: string, count = 3, on = database) {
  await keepMessages(on, stream, count);
  await sequence(on, 1_000, nowMs());
  const { policy, signers } = ground;
  return publishCheckpoint({ database: on, origin: policy.origin, signers, nowMs });
}

async function startAll(): Promise<Record<string, ListeningWitness>> {
  const all = { ctex: await ground.start('ctex'), stex: await ground.start('stex'), szse: await ground.start('szse') };
  closing.push(() => Promise.all(Object.values(all).map((one) => one.close())));
  return all;
}

interface Watched {
  readonly witnessing: Witnessing;
  readonly events: string[];
  state(exchange: string): ReturnType<Witnessing['states']>[number];
  /** Looks until it is so; each look also lets the witnesses be asked. */
  sees(holds: () => boolean | Promise<boolean>): Promise<void>;
}

function watch(urls: Readonly<Record<string, string>>, on = database, heartbeatMs = MINUTE): Watched {
  const events: string[] = [];
  const witnessing = openWitnessing({
    database: on,
    witnesses: ground.policy.witnesses,
    lines: new Map(Object.entries(urls).map(([exchange, url]) => [exchange, openWitnessLine(exchange, url)])),
    limits: {
      checkpointIntervalMs: 20,
      witnessHeartbeatMs: heartbeatMs,
      witnessTimeoutMs: 10_000,
      retryBaseMs: 10,
      witnessRetryCapMs: 100,
    },
    nowMs,
    random: Math.random,
    heard: async () => {},
    onFault: () => events.push('fault'),
    log: (level, event) => void (level === 'info' || events.push(event)),
  });
  closing.push(() => witnessing.stop());
  return {
    witnessing,
    events,
    state: (exchange) => witnessing.states().find((one) => one.exchange === exchange)!,
    sees: async (holds) => {
      await until(async () => {
        witnessing.wake();
        return holds();
      });
    },
  };
}

const urlsOf = (all: Readonly<Record<string, ListeningWitness>>) =>
  Object.fromEntries(Object.entries(all).map(([exchange, { url }]) => [exchange, url]));
const quorum = { witnesses: ['ctex', 'stex', 'szse'], needed: 2 };

describe('a checkpoint', () => {
  it('is signed when the tree has grown, and only then', async () => {
    const { policy, signers } = ground;
    const parts = { database, origin: policy.origin, signers, nowMs };
    expect(await publishCheckpoint(parts)).toBeUndefined();
    expect((await grow('ctex:1', 3))?.size).toBe(3n);
    expect(await publishCheckpoint(parts)).toBeUndefined();
    expect((await grow('ctex:2', 2))?.size).toBe(5n);
    const opened = openCheckpoint((await latestCheckpoint(database))!.note, policy, noSm2);
    expect(opened).toMatchObject({ ok: true, final: false, checkpoint: { size: 5n, origin: 'qiao/log' } });
  });

  it('is signed once for each size, whichever of two gateways comes first', async () => {
    await keepMessages(database, 'ctex:1', 3);
    await sequence(database, 1_000, nowMs());
    const parts = { database, origin: ground.policy.origin, signers: ground.signers, nowMs };
    const both = await Promise.all([publishCheckpoint(parts), publishCheckpoint(parts)]);
    expect(both.filter((one) => one !== undefined)).toHaveLength(1);
  });

  it('is not signed when the tree no longer continues what was signed before', async () => {
    await grow('ctex:1', 4);
    const owner = new pg.Client({ connectionString: place.url });
    await owner.connect();
    await owner.query('alter table journal_head disable trigger all');
    // The four leaves are one complete subtree: whoever puts another in its place has another history.
    await owner.query(`update journal_head set peaks = sha256('x')`);
    await owner.end();
    await expect(grow('ctex:2', 3)).rejects.toThrow(LogContradiction);
    expect((await latestCheckpoint(database))?.size).toBe(4n);
  });
});

describe('witnesses', () => {
  it('make every checkpoint final, each from where it was', async () => {
    const seen = watch(urlsOf(await startAll()));
    for (const [stream, size] of [
      ['ctex:1', 3n],
      ['ctex:2', 6n],
      ['ctex:3', 9n],
    ] as const) {
      await grow(stream);
      await seen.sees(() => seen.witnessing.states().every(({ cosigned }) => cosigned?.size === size));
    }
    const final = (await lastFinal(database, quorum))!;
    const opened = openCheckpoint(final.cosigned, ground.policy, noSm2);
    expect(opened).toMatchObject({ ok: true, final: true, checkpoint: { size: 9n } });
    expect(opened.ok && opened.cosignatures.length).toBe(3);
    expect((await finalHolding(database, quorum, 2n))?.size).toBe(3n);
    expect((await finalHolding(database, quorum, 3n))?.size).toBe(6n);
    expect(await finalHolding(database, quorum, 9n)).toBeUndefined();
    expect(seen.events).toEqual([]);
  });

  it('two suffice while the third is away; it catches up in one step when it is back', async () => {
    const [ctex, stex, szse] = [await ground.start('ctex'), await ground.start('stex'), await ground.start('szse')];
    closing.push(() => Promise.all([ctex.close(), stex.close()]));
    const port = Number(new URL(szse.url).port);
    const seen = watch(urlsOf({ ctex, stex, szse }));
    await grow('ctex:1');
    await seen.sees(() => seen.state('szse').cosigned?.size === 3n);
    await szse.close();
    for (const stream of ['ctex:2', 'ctex:3']) await grow(stream);
    await seen.sees(async () => (await lastFinal(database, quorum))?.size === 9n);
    await seen.sees(() => seen.state('szse').reachable === false);
    const again = await ground.start('szse', port);
    closing.push(() => again.close());
    await seen.sees(() => seen.state('szse').cosigned?.size === 9n);
    expect(seen.state('szse')).toMatchObject({ reachable: true, refusal: undefined });
  });

  it('one that never answers delays nobody', async () => {
    const [ctex, stex] = [await ground.start('ctex'), await ground.start('stex')];
    const mute: Server = createServer(() => {}).listen(0, '127.0.0.1');
    await new Promise((resolve) => mute.once('listening', resolve));
    closing.push(
      () => Promise.all([ctex.close(), stex.close()]),
      () => {
        mute.closeAllConnections();
        mute.close();
      },
    );
    const seen = watch({
      ctex: ctex.url,
      stex: stex.url,
      szse: `http://127.0.0.1:${(mute.address() as AddressInfo).port}`,
    });
    for (let n = 1n; n <= 5n; n++) {
      await grow(`ctex:${n}`);
      await seen.sees(async () => (await lastFinal(database, quorum))?.size === 3n * n);
    }
    expect(seen.state('szse').cosigned).toBeUndefined();
  });

  it('what answers nonsense is a fault, not a cosignature', async () => {
    const replies = ['hello', '— ctex/witness AAAAAAAA\n', ''];
    let at = 0;
    const liar: Server = createServer((_, response) => void response.end(replies[at++ % 3])).listen(0, '127.0.0.1');
    await new Promise((resolve) => liar.once('listening', resolve));
    closing.push(() => liar.close());
    await grow('ctex:1');
    const seen = watch({ ctex: `http://127.0.0.1:${(liar.address() as AddressInfo).port}` });
    await seen.sees(() => seen.events.filter((event) => event === 'fault').length >= 3);
    expect(seen.state('ctex')).toMatchObject({ reachable: false, cosigned: undefined, refusal: undefined });
    const { rows } = await database.query('select from cosignature');
    expect(rows).toHaveLength(0);
  });

  it('a gateway that has forgotten what they cosigned learns it from them', async () => {
    const all = await startAll();
    await grow('ctex:1');
    const first = watch(urlsOf(all));
    await first.sees(() => first.witnessing.states().every(({ cosigned }) => cosigned?.size === 3n));
    await first.witnessing.stop();
    await database.query('delete from cosignature');
    await grow('ctex:2');
    const second = watch(urlsOf(all));
    await second.sees(() => second.witnessing.states().every(({ cosigned }) => cosigned?.size === 6n));
    expect(second.events).toEqual([]);
  });

  it('two gateways on one database do not mistake each other for a fork', async () => {
    const all = await startAll();
    const both = [watch(urlsOf(all)), watch(urlsOf(all))];
    for (let n = 1n; n <= 6n; n++) {
      await grow(`ctex:${n}`);
      if (n % 3n !== 0n) continue;
      for (const seen of both) {
        await seen.sees(async () => (await lastFinal(database, quorum))?.size === 3n * n);
      }
    }
    expect(both.flatMap(({ events }) => events).filter((event) => event !== 'fault')).toEqual([]);
    const { rows } = await database.query('select from witness_refusal');
    expect(rows).toHaveLength(0);
  });
});

describe('two histories', () => {
  /** Another database with everything this one holds: what a restored backup is. */
  async function copyOf(url: string): Promise<TestDatabase> {
    const name = new URL(url).pathname.slice(1);
    const admin = new pg.Client({ connectionString: url.replace(`/${name}`, '/postgres') });
    await admin.connect();
    await admin.query(`create database ${name}_copy template ${name}`);
    await admin.end();
    return {
      url: url.replace(name, `${name}_copy`),
      drop: async () => {
        const again = new pg.Client({ connectionString: url.replace(`/${name}`, '/postgres') });
        await again.connect();
        await again.query(`drop database if exists ${name}_copy with (force)`);
        await again.end();
      },
    };
  }

  it('are found by every witness, are said loudly, and are never final', async () => {
    const all = await startAll();
    await grow('ctex:1');
    await database.close();
    const copy = await copyOf(place.url);
    closing.push(() => copy.drop());
    database = openDatabase(place.url, { max: 8 });
    const other = openDatabase(copy.url, { max: 8 });
    closing.push(() => other.close());

    const told = watch(urlsOf(all));
    await grow('ctex:2');
    await told.sees(() => told.witnessing.states().every(({ cosigned }) => cosigned?.size === 6n));
    await told.witnessing.stop();

    await grow('stex:2', 3, other);
    const forked = watch(urlsOf(all), other);
    await forked.sees(() => forked.witnessing.states().every(({ refusal }) => refusal?.kind === 'fork'));
    expect(forked.events).toEqual(Array(3).fill('witness-fork'));
    expect(await lastFinal(other, quorum)).toBeUndefined();
    // Also when it has grown beyond what they know.
    await grow('stex:3', 4, other);
    await forked.sees(() => forked.witnessing.states().every(({ refusal }) => refusal?.size === 10n));
    expect(forked.witnessing.states().map(({ refusal }) => refusal?.kind)).toEqual(Array(3).fill('fork'));
    expect(await lastFinal(other, quorum)).toBeUndefined();
    const { rows } = await other.query('select witness, kind, size from witness_refusal order by no');
    expect(rows).toHaveLength(6);
  });

  it('an older database put back is refused, also once it has grown again', async () => {
    const all = await startAll();
    await grow('ctex:1');
    await database.close();
    const backup = await copyOf(place.url);
    closing.push(() => backup.drop());
    database = openDatabase(place.url, { max: 8 });
    const seen = watch(urlsOf(all));
    await grow('ctex:2', 5);
    await seen.sees(() => seen.witnessing.states().every(({ cosigned }) => cosigned?.size === 8n));
    await seen.witnessing.stop();

    const restored = openDatabase(backup.url, { max: 8 });
    closing.push(() => restored.close());
    await grow('ctex:3', 1, restored);
    const back = watch(urlsOf(all), restored);
    await back.sees(() => back.witnessing.states().every(({ refusal }) => refusal?.kind === 'rollback'));
    expect(back.witnessing.states().map(({ refusal }) => refusal?.witnessSize)).toEqual(Array(3).fill(8n));
    await grow('ctex:4', 6, restored);
    await back.sees(() => back.witnessing.states().every(({ refusal }) => refusal?.kind === 'fork'));
    expect(await lastFinal(restored, quorum)).toBeUndefined();
    expect(new Set(back.events)).toEqual(new Set(['witness-rollback', 'witness-fork']));
  });
});

describe('settlement', () => {
  const open = () => openFinality({ database, quorum, silenceMs: 5 * MINUTE, nowMs });

  it('goes on before there is a log, and while the quorum confirms it', async () => {
    const finality = await open();
    expect(finality.settlementAllowed()).toEqual({ ok: true });
    const seen = watch(urlsOf(await startAll()));
    await grow('ctex:1');
    await seen.sees(async () => (await lastFinal(database, quorum))?.size === 3n);
    await finality.refresh();
    clock += 5 * MINUTE;
    expect(finality.settlementAllowed()).toEqual({ ok: true });
  });

  it('stops when no quorum has confirmed the log for five minutes, says since when, and resumes', async () => {
    const all = await startAll();
    const seen = watch(urlsOf(all));
    await grow('ctex:1');
    await seen.sees(() => seen.witnessing.states().every(({ cosigned }) => cosigned?.size === 3n));
    await Promise.all([all.stex!.close(), all.szse!.close()]);
    clock += MINUTE;
    await grow('ctex:2');
    await seen.sees(() => seen.state('ctex').cosigned?.size === 6n);
    clock += 4 * MINUTE + 1;
    const finality = await open();
    const gate = finality.settlementAllowed();
    expect(gate).toMatchObject({ ok: false, sinceMs: MORNING });
    if (gate.ok) return;
    expect([gate.zh, gate.en]).toEqual([
      expect.stringContaining('结算暂停'),
      expect.stringContaining('settlement is stopped'),
    ]);
    // What was stopped stays so over a restart, and ends with the quorum.
    expect((await open()).settlementAllowed()).toMatchObject({ ok: false, sinceMs: MORNING });
    const stex = await ground.start('stex', Number(new URL(all.stex!.url).port));
    closing.push(() => stex.close());
    await seen.sees(() => seen.state('stex').cosigned?.size === 6n);
    await finality.refresh();
    expect(finality.settlementAllowed()).toEqual({ ok: true });
  });

  it('stops five minutes after a first checkpoint that nobody ever confirmed', async () => {
    await grow('ctex:1');
    const finality = await open();
    clock += 5 * MINUTE;
    expect(finality.settlementAllowed()).toEqual({ ok: true });
    clock += 1;
    expect(finality.settlementAllowed()).toMatchObject({ ok: false, sinceMs: MORNING });
  });

  it('stays open over a night in which nothing happens: witnesses are asked again about the same tree', async () => {
    const seen = watch(urlsOf(await startAll()));
    await grow('ctex:1');
    await seen.sees(() => seen.witnessing.states().every(({ cosigned }) => cosigned?.size === 3n));
    clock += 8 * 60 * MINUTE;
    const finality = await open();
    expect(finality.settlementAllowed()).toMatchObject({ ok: false });
    await seen.sees(() => seen.witnessing.states().every(({ cosigned }) => cosigned?.atMs === clock));
    await finality.refresh();
    expect(finality.settlementAllowed()).toEqual({ ok: true });
    expect((await latestCheckpoint(database))?.size).toBe(3n);
  });
});
