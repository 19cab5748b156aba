import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Gateway } from '../../src/gateway.ts';
import { type Embedded, removeEmbedded, startEmbedded } from '../../src/journal/embedded.ts';
import { type Forwarder, openForwarder } from '../support/forwarder.ts';
import { isRunning, until } from '../support/processes.ts';
import { type Market, openMarket } from './market.ts';

let folder: string;
let server: Embedded;
let forwarder: Forwarder;
let market: Market;
let gateway: Gateway;

const portOf = ({ url }: Embedded) => Number(new URL(url).port);

/** A server of its own on that folder, behind a port that stays, with a gateway and three exchanges on it. */
async function begin(on: string): Promise<void> {
  folder = on;
  server = await startEmbedded({ folder });
  forwarder = await openForwarder(portOf(server));
  const url = new URL(server.url);
  url.port = String(forwarder.port);
  market = await openMarket(url.href);
  gateway = await market.open();
  market.aim(gateway.url);
}

async function end(): Promise<void> {
  await gateway?.stop();
  await market?.close();
  await forwarder?.close();
  await server?.stop();
  await removeEmbedded({ folder });
}

const readiness = async () => (await fetch(`${gateway.url}/readyz`)).status;

/** Every receipt's message that the journal has now, to be found again later. */
const receipted = async () => {
  const { rows } = await market.database.query<{ id: string }>('select id from message where received is not null');
  return rows.map(({ id }) => id);
};

describe('PostgreSQL that is started anew under load', () => {
  beforeAll(() => begin(mkdtempSync(join(tmpdir(), 'qiao-away-'))));
  afterAll(end);

  it('loses nothing that was receipted and doubles nothing; while it is away every arrival is answered busy', async () => {
    for (let time = 0; time < 2; time++) {
      market.publish(10);
      await until(() => market.shown().shown > market.shown().wanted - 40, 240_000);
      const before = await receipted();
      await server.stop();
      market.publish(5);
      await until(async () => (await readiness()) === 503, 240_000);
      const { shown } = market.shown();
      expect(shown).toBeLessThan(market.shown().wanted);
      server = await startEmbedded({ folder });
      forwarder.leadTo(portOf(server));
      await until(async () => (await readiness()) === 200, 240_000);
      await market.settle();
      expect(await receipted()).toEqual(expect.arrayContaining(before));
    }
    await market.proveWhole();
  }, 300_000);
});

/** A file system of so many megabytes on that folder; undefined where we may not make one. */
function smallDisk(megabytes: number): string | undefined {
  const place = mkdtempSync(join(tmpdir(), 'qiao-full-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0711`, 'tmpfs', place], { stdio: 'ignore' });
    return place;
  } catch {
    rmSync(place, { recursive: true });
    return undefined;
  }
}

describe('a disk that is full', () => {
  let disk: string | undefined;
  beforeAll(async () => {
    disk = smallDisk(400);
    if (disk === undefined) {
      process.stdout.write('skipped: a small file system can only be mounted by root\n');
      return;
    }
    const on = join(disk, 'database');
    mkdirSync(on, { mode: 0o711 });
    await begin(on);
  });
  afterAll(async () => {
    if (disk === undefined) return;
    await end();
    execFileSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true });
  });

  it('gives no receipt for what it cannot keep; once there is room again, all of it arrives, once', async () => {
    if (disk === undefined) return;
    market.publish(5);
    await market.settle();
    const before = await receipted();
    const filler = join(disk, 'filler');
    fill(filler);
    // Bytes enough that no page that is there already can hold them.
    market.publish(60);
    const isFull = (error: string) => error.startsWith('intake-fault') && error.includes('53100');
    await until(() => market.errors.some(isFull) || !isRunning(server.pid), 240_000);
    const kept = await receipted().catch(() => undefined);
    rmSync(filler);
    // A server that could not write its log has ended itself, as it should: it is started again, as an operator would.
    const hasEnded = !isRunning(server.pid) || kept === undefined;
    process.stdout.write(`disk full: the server ${hasEnded ? 'ended itself and is started again' : 'goes on'}\n`);
    if (hasEnded) {
      await server.stop().catch(() => {});
      server = await startEmbedded({ folder });
      forwarder.leadTo(portOf(server));
    }
    await market.settle(150_000);
    expect(await receipted()).toEqual(expect.arrayContaining([...before, ...(kept ?? [])]));
    await market.proveWhole();
  }, 300_000);
});

/** Until nothing more goes in. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (let block = Buffer.alloc(1_048_576); block.length > 0; ) {
      try {
        if (writeSync(file, block) < block.length) throw new Error('short');
      } catch {
        block = block.subarray(0, Math.floor(block.length / 2));
      }
    }
  } finally {
    closeSync(file);
  }
}
