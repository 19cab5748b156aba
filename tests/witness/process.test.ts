import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkpointText } from '../../src/log/checkpoint.ts';
import { append, consistencyParts, type Edge, EMPTY_TREE, joined, leafHash, rootOf } from '../../src/log/merkle.ts';
import { parseNote, signNote } from '../../src/log/note.ts';
import { openCheckpoint, readPolicy } from '../../src/log/quorum.ts';
import { type KeyStore, openKeyStore } from '../../src/trust/keystore.ts';
import { sm2OfNotes } from '../../src/trust/sm2-notes.ts';
import { openTls } from '../../src/trust/tls.ts';
import { tlsMaterialOf } from '../../src/trust/tls-material.ts';
import { openWitnessLine, type WitnessLine } from '../../src/witness/client.ts';
import { putDemoKeys } from '../support/demo-keys.ts';
import { type Child, startScript } from '../support/processes.ts';

const program = new URL('../gateway/qiao.ts', import.meta.url);
const seed = Number(process.env.QIAO_SEED ?? Date.now() % 1_000_000);
let folder: string;
let keys: KeyStore;
const children: Child[] = [];
const lines: WitnessLine[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qiao-witness-'));
  await putDemoKeys(join(folder, 'keys'), Date.now());
  keys = await openKeyStore(join(folder, 'keys'), { demo: true, nowMs: Date.now });
});
afterEach(async () => {
  for (const line of lines.splice(0)) line.close();
  for (const child of children.splice(0)) await child.kill();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `qiao witness` as a process of its own; resolves when it listens. */
async function start(exchange: string, ...more: string[]) {
  const child = startScript(program, ['witness', exchange, ...more], {
    env: { PATH: process.env.PATH, QIAO_DATA: folder, QIAO_KEYS: join(folder, 'keys'), LOG_LEVEL: 'fatal' },
  });
  children.push(child);
  const [, url] = await child.says(/^url +(\S+)$/m);
  const [, head] = await child.says(/^head +(.+)$/m);
  return { child, url: url!, head: head! };
}

function dial(exchange: string, url: string, as?: string): WitnessLine {
  const side =
    as && openTls(tlsMaterialOf(keys, as), { sm2: keys.sm2, nowMs: Date.now, refused: () => {}, failed: () => {} });
  const line = openWitnessLine(exchange, url, side ? side.port(exchange as 'ctex') : undefined);
  lines.push(line);
  return line;
}

/** A log in memory that grows leaf by leaf; what it was at each size is kept for proofs. */
function makeLog(first = 'leaf') {
  const leaves: Uint8Array[] = [];
  const edges: Edge[] = [EMPTY_TREE];
  const subtree = (level: number, index: bigint) => {
    const from = Number(index << BigInt(level));
    return rootOf(append(EMPTY_TREE, leaves.slice(from, from + 2 ** level)).tree);
  };
  return {
    grow: (count: number) => {
      for (let n = 0; n < count; n++) {
        leaves.push(leafHash(Buffer.from(`${first} ${leaves.length}`)));
        edges.push(append(edges.at(-1)!, [leaves.at(-1)!]).tree);
      }
    },
    size: () => BigInt(leaves.length),
    note: () => {
      const tree = edges.at(-1)!;
      return signNote(checkpointText({ origin: 'qiao/log', size: tree.size, root: rootOf(tree) }), keys.logSigners());
    },
    proof: (from: bigint) =>
      from === 0n || from === BigInt(leaves.length)
        ? []
        : consistencyParts(from, BigInt(leaves.length)).map((parts) =>
            joined(parts.map(({ level, index }) => subtree(level, index))),
          ),
  };
}

const sizeOfHead = (head: string) => (/^\d+ /.test(head) ? BigInt(head.split(' ')[0]!) : 0n);
const signal = () => AbortSignal.timeout(10_000);

test(`the head survives kill -9 at any moment: nothing answered is forgotten (QIAO_SEED=${seed})`, async () => {
  let state = seed;
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % below;
  };
  const log = makeLog();
  let answered = 0n;
  for (let round = 0; round < 4; round++) {
    const { child, url, head } = await start('ctex', '--plain');
    // What was answered is remembered; one more may have been kept without its answer getting through.
    const known = sizeOfHead(head);
    expect(known >= answered).toBe(true);
    expect(known <= log.size()).toBe(true);
    answered = known;
    const line = dial('ctex', url);
    // Killed in the middle of one of its answers, never before the first: by their number, whatever the machine's speed.
    const last = 1 + random(6);
    for (let i = 0; ; i++) {
      if (i >= last) setTimeout(() => void child.kill('SIGKILL'), random(4));
      log.grow(1 + random(3));
      const asked = { oldSize: answered, proof: log.proof(answered), note: await log.note() };
      const reply = await line.addCheckpoint(asked, signal()).catch(() => undefined);
      if (reply === undefined) break;
      expect(reply.status).toBe(200);
      answered = log.size();
    }
    await child.ended;
  }
  const { url } = await start('ctex', '--plain');
  const forged = makeLog('another history');
  forged.grow(Number(log.size()) + 5);
  const line = dial('ctex', url);
  const told = await line.addCheckpoint({ oldSize: 0n, proof: [], note: await forged.note() }, signal());
  expect([told.status, told.type]).toEqual([409, 'text/x.tlog.size']);
  const seen = BigInt(told.body.trim());
  expect(seen >= answered).toBe(true);
  const grown = await line.addCheckpoint(
    { oldSize: seen, proof: forged.proof(seen), note: await forged.note() },
    signal(),
  );
  expect(grown.status).toBe(422);
});

test('behind mutual TLS only the gateway is heard', async () => {
  const { url } = await start('stex');
  expect(url).toMatch(/^https:/);
  const log = makeLog();
  log.grow(3);
  const asked = { oldSize: 0n, proof: [], note: await log.note() };
  for (const as of ['ctex', 'stex']) {
    await expect(dial('stex', url, as).addCheckpoint(asked, signal())).rejects.toThrow();
  }
  await expect(dial('stex', url.replace('https', 'http')).addCheckpoint(asked, signal())).rejects.toThrow();
  // The other side must be the witness of that exchange, too.
  await expect(dial('szse', url, 'qiao').addCheckpoint(asked, signal())).rejects.toThrow(/wrong-participant/);
  const reply = await dial('stex', url, 'qiao').addCheckpoint(asked, signal());
  expect(reply.status).toBe(200);
  const cosigned = Buffer.concat([asked.note, Buffer.from(reply.body)]);
  const opened = openCheckpoint(cosigned, readPolicy(keys.anchor)!, sm2OfNotes(keys.sm2));
  expect(opened).toMatchObject({ ok: true, final: false });
  expect(opened.ok && opened.cosignatures.map(({ key }) => key.name)).toEqual(['stex/witness']);
});

test('bad input never ends it, and it says what is wrong in both languages', async () => {
  const { child, url } = await start('szse', '--plain');
  const post = (body: string | Uint8Array, path = '/add-checkpoint') =>
    fetch(url + path, { method: 'POST', body: Buffer.from(body) });
  for (const [body, status] of [
    ['', 400],
    ['old 0\n\n', 400],
    [Buffer.from([0xff, 0, 10, 10]), 400],
    ['x'.repeat(60_000), 400],
    [`old 0\n\nqiao/log\n1\n${Buffer.alloc(32).toString('base64')}\n\n— qiao/log AAAAAAAA\n`, 403],
    [`old 0\n\nother/log\n1\n${Buffer.alloc(32).toString('base64')}\n\n— qiao/log AAAAAAAA\n`, 404],
  ] as const) {
    const answer = await post(body);
    expect(answer.status).toBe(status);
    expect(await answer.text()).toMatch(/\p{Script=Han}.* \/ [a-z]/u);
  }
  expect((await post('old 0', '/else')).status).toBe(404);
  expect((await fetch(`${url}/add-checkpoint`)).status).toBe(405);
  expect((await fetch(`${url}/checkpoint`)).status).toBe(404);
  // Too long: told so, or cut off while still sending.
  const long = await post(Buffer.alloc(200_000)).then(
    ({ status }) => status,
    () => 'cut',
  );
  expect([413, 'cut']).toContain(long);
  // No length is said, and it does not end: cut off long before all of it is there.
  const endless = connect(Number(new URL(url).port), '127.0.0.1');
  endless.on('error', () => {});
  const gone = new Promise((resolve) => endless.once('close', resolve));
  endless.resume().write('POST /add-checkpoint HTTP/1.1\r\nhost: witness\r\ntransfer-encoding: chunked\r\n\r\n');
  const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, 'x'), Buffer.from('\r\n')]);
  let sent = 0;
  for (; endless.writable && sent < 64 * 1_048_576; sent += 65_536) {
    endless.write(chunk);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await gone;
  expect(sent).toBeLessThan(64 * 1_048_576);

  const log = makeLog();
  log.grow(2);
  const note = await log.note();
  const line = dial('szse', url);
  expect((await line.addCheckpoint({ oldSize: 0n, proof: [], note }, signal())).status).toBe(200);
  const head = await fetch(`${url}/checkpoint`);
  expect(parseNote(Buffer.from(await head.arrayBuffer()))!.text).toBe(parseNote(note)!.text);
  expect(await child.kill('SIGTERM')).toEqual({ code: 0, signal: null });
});
