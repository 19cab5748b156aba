import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exchanges } from '../../src/contract/exchange.ts';
import type { Gateway } from '../../src/gateway.ts';
import { once } from '../../src/http/once.ts';
import { until } from '../support/processes.ts';
import { type Market, openMarket } from './market.ts';
import { openServerPair, type ServerPair } from './server-pair.ts';

let pair: ServerPair;
let market: Market;
let gateway: Gateway;
let ctexDoor: Door;

beforeAll(async () => {
  pair = await openServerPair();
  market = await openMarket(pair.url);
  gateway = await market.open({ sweepIntervalMs: 100 });
  ctexDoor = await openDoor(gateway.url);
  market.aim(ctexDoor.url);
}, 120_000);
afterAll(async () => {
  await gateway?.stop();
  await ctexDoor?.close();
  await market?.close();
  await pair?.close();
}, 120_000);

/** Stands before the gateway's door for ctex and notes what is answered there. */
interface Door {
  readonly url: string;
  /** How often that code was answered. */
  answered(code: string): number;
  close(): Promise<void>;
}

async function openDoor(to: string): Promise<Door> {
  const times = new Map<string, number>();
  const server: Server = createServer((asked, answer) => {
    const beyond = request(new URL(asked.url ?? '/', to), { method: asked.method, headers: asked.headers }, (told) => {
      const chunks: Buffer[] = [];
      told.on('data', (chunk: Buffer) => chunks.push(chunk));
      told.on('end', () => {
        const body = Buffer.concat(chunks);
        const { code } = JSON.parse(body.toString('utf8')) as { code: string };
        times.set(code, (times.get(code) ?? 0) + 1);
        answer.writeHead(told.statusCode ?? 500, { 'content-type': 'application/json' }).end(body);
      });
    });
    beyond.on('error', () => answer.destroy());
    asked.pipe(beyond);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answered: (code) => times.get(code) ?? 0,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Readiness {
  readonly checks: readonly { readonly name: string; readonly ok: boolean }[];
  readonly alarms: readonly { readonly code: string }[];
}

/** What `/readyz` says: its status, whether the database can be used, and what is alarmed. */
async function readiness() {
  const answer = await fetch(`${gateway.url}/readyz`);
  const { checks, alarms } = (await answer.json()) as Readiness;
  const database = checks.find(({ name }) => name === 'database')?.ok;
  return { status: answer.status, database, alarms: alarms.map(({ code }) => code) };
}

const isReady = async () => (await readiness()).status === 200;

/** Every message that the journal has now. */
const kept = async () => {
  const { rows } = await market.database.query<{ id: string }>('select id from message where received is not null');
  return rows.map(({ id }) => id);
};

/** A POST under the same Idempotency-Key each time. */
const post = () =>
  once(market.database, { caller: 'test', key: 'once', digest: Buffer.alloc(32), at: new Date() }, async () => ({
    status: 201,
    body: {},
  }));

const postOrFail = () => post().catch(() => 'failed');

/** Sequences whose next number would be one that is there already. */
const sequencesBehind = async () => {
  const { rows } = await market.database.query<{ sequence: string; own: string; column: string }>(
    `select s.oid::regclass::text as sequence, d.refobjid::regclass::text as own, a.attname as column
       from pg_class s
       join pg_depend d on d.objid = s.oid and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i')
       join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
      where s.relkind = 'S' and s.relnamespace = 'public'::regnamespace`,
  );
  expect(rows.length).toBeGreaterThan(3);
  const behind: string[] = [];
  for (const { sequence, own, column } of rows) {
    const found = await market.database.query<{ is: boolean }>(
      `select nextval('${sequence}') <= coalesce(max("${column}"), 0) as is from ${own}`,
    );
    if (found.rows[0]!.is) behind.push(sequence);
  }
  return behind;
};

describe('a standby', () => {
  it('that commits do not wait for is alarmed, as long as they do not; the gateway stays ready', async () => {
    const isAlarmed = async () => (await readiness()).alarms.includes('replication-asynchronous');
    expect(await isAlarmed()).toBe(false);
    await pair.synchronise(false);
    await until(isAlarmed);
    expect(await isReady()).toBe(true);
    await pair.synchronise(true);
    await until(async () => !(await isAlarmed()));
  });
});

describe('a primary that dies under load, and its standby', () => {
  it('loses nothing that was receipted and doubles nothing; nobody gets a receipt for what only one server has', async () => {
    market.publish(8);
    await until(() => market.shown().shown >= 8, 60_000);

    // The standby hears nothing more: what arrives now is on the disk of the primary, and waits there.
    pair.replicate(false);
    market.publish(4);
    let posted: unknown;
    void postOrFail().then((outcome) => {
      posted = outcome;
    });
    await until(async () => (await pair.commitsWaiting()) > 1);
    const before = await kept();
    expect(before.length).toBeGreaterThan(0);
    const receipts = ctexDoor.answered('0000');
    // PostgreSQL answers a commit as done when somebody cancels its waiting; for us it is not.
    await until(async () => {
      await pair.cancelCommits();
      return posted !== undefined;
    });
    expect(posted).toBe('failed');
    await until(async () => (await pair.commitsWaiting()) > 0);
    await pair.kill();

    // It comes back, alone, with what it did not answer: that is repeated, and still not answered.
    await pair.revive();
    pair.leadTo('first');
    const repeated = postOrFail();
    await until(async () => (await pair.commitsWaiting()) > 1, 60_000);

    // The address leads to the standby before that is a primary: it answers, and takes nothing.
    pair.leadTo('second');
    expect(await repeated).toBe('failed');
    const busy = ctexDoor.answered('9001');
    market.publish(4);
    await until(() => ctexDoor.answered('9001') > busy + 3, 60_000);
    expect(await readiness()).toMatchObject({ status: 503, database: false });
    await expect(market.open()).rejects.toThrow(/DATABASE_URL.*25006/);
    const asked = await fetch(`${gateway.url}/v1/listings`, {
      headers: { authorization: `Bearer qk_${'a'.repeat(43)}` },
    });
    expect([asked.status, asked.headers.get('content-type')]).toEqual([503, expect.stringContaining('problem+json')]);
    expect((await fetch(`${gateway.url}/livez`)).status).toBe(200);

    // It wavers, and the gateway is with the old primary when there is a new one. Whoever left that one waits on there.
    const left = await pair.commitsWaiting();
    pair.leadTo('first');
    await until(async () => (await pair.commitsWaiting()) > left, 60_000);
    await pair.promote();
    expect(exchanges.filter((exchange) => market.mocks[exchange].desk.idle())).toEqual([]);
    expect(ctexDoor.answered('0000')).toBe(receipts);
    pair.leadTo('second');
    const ledAt = performance.now();
    await until(isReady, 60_000);
    const readyAt = performance.now();
    expect(await post()).toEqual({ status: 201, body: {} });
    await until(() => ctexDoor.answered('0000') > receipts, 60_000);
    await market.settle();
    expect(await kept()).toEqual(expect.arrayContaining(before));
    await market.proveWhole();
    expect(await sequencesBehind()).toEqual([]);
    const ms = (from: number, to: number) => `${Math.round(to - from)} ms`;
    process.stdout.write(
      `failover: ready ${ms(ledAt, readyAt)} after the address led to the new primary, settled ${ms(readyAt, performance.now())} later\n`,
    );
  }, 180_000);
});
