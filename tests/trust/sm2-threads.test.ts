import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { signEnvelope, verifyEnvelope } from '../../src/envelope/envelope.ts';
import { nativeSigner, nativeVerifier } from '../../src/trust/native.ts';
import {
  makeSm2Pem,
  nativeSm2,
  readSm2PrivateKey,
  readSm2PublicKey,
  sm2BusySigner,
  sm2Verify,
} from '../../src/trust/sm2.ts';
import { portableSm2 } from '../../src/trust/sm2-portable.ts';
import { openSm2Threads, type Sm2Threads } from '../../src/trust/sm2-threads.ts';
import { atMs, header, trustEntry, trusting } from '../envelope/keys.ts';

let sm2: Sm2Threads;
const faults: unknown[] = [];
const limits = { waiting: 1_000, onFault: (error: unknown) => faults.push(error) };
beforeAll(async () => {
  sm2 = await openSm2Threads({ ...limits, threads: 2 });
});
afterAll(() => sm2.close());

const folder = mkdtempSync(join(tmpdir(), 'qiao-sm2-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pem = makeSm2Pem();
const key = readSm2PrivateKey(pem);
const message = Buffer.from('一份报文');

/** A worker that does something else than the real one. */
const other = (name: string, text: string): URL => {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, text);
  return pathToFileURL(file);
};
const answering = (expression: string) => `
  import { parentPort } from 'node:worker_threads';
  parentPort.on('message', ({ jobs }) => parentPort.postMessage(jobs.map(([job, , , bytes, signature]) => ${expression})));`;

test('signatures made elsewhere are the standard’s, and are verified elsewhere as here', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), async (bytes) => {
      const der = await sm2.elsewhere.sign(key, bytes);
      expect(portableSm2.verify(key.public, bytes, der)).toBe(true);
      expect(await sm2.elsewhere.verify(key.public, bytes, der)).toBe(true);
      const changed = Buffer.from(der);
      changed[20]! ^= 1;
      expect(await sm2.elsewhere.verify(key.public, bytes, changed)).toBe(false);
      const otherId = readSm2PublicKey(key.public.spki, 'ALICE123@YAHOO.COM');
      expect(await sm2.elsewhere.verify(otherId, bytes, der)).toBe(false);
    }),
    { numRuns: 30 },
  );
});

test('what is not strict DER is false elsewhere as well', async () => {
  const der = Buffer.from(await sm2.elsewhere.sign(key, message));
  for (const bad of [Buffer.alloc(0), Buffer.concat([der, Buffer.alloc(1)]), der.subarray(1)]) {
    expect(await sm2.elsewhere.verify(key.public, message, bad)).toBe(false);
  }
});

test('hundreds at once come back each to its own caller', async () => {
  const bytes = Array.from({ length: 300 }, (_, i) => Buffer.from(`message ${i}`));
  const signed = await Promise.all(bytes.map((one) => sm2.elsewhere.sign(key, one)));
  for (const [i, der] of signed.entries()) expect(nativeSm2.verify(key.public, bytes[i]!, der)).toBe(true);
  expect(nativeSm2.verify(key.public, bytes[0]!, signed[1]!)).toBe(false);
});

test('more than may wait is done here and now: nothing is refused, memory does not grow', async () => {
  const narrow = await openSm2Threads({ ...limits, threads: 1, waiting: 3 });
  try {
    let ahead = 0;
    const asked = Array.from({ length: 10 }, (_, i) => narrow.elsewhere.sign(key, Buffer.from(`${i}`)));
    // What was done here is there before any thread can have answered.
    for (const one of asked) void one.then(() => (ahead += 1));
    await new Promise((resolve) => process.nextTick(resolve));
    expect(ahead).toBe(7);
    for (const [i, der] of (await Promise.all(asked)).entries()) {
      expect(nativeSm2.verify(key.public, Buffer.from(`${i}`), der)).toBe(true);
    }
  } finally {
    await narrow.close();
  }
});

test.each([
  [
    'says yes to everything',
    answering('signature === undefined ? [job, Buffer.alloc(70)] : [job, true]'),
    /wrong about/,
  ],
  [
    'says no to everything',
    answering('signature === undefined ? [job, Buffer.alloc(70)] : [job, false]'),
    /GB\/T 32918.5/,
  ],
  ['cannot start', 'throw new Error(0)', /cannot be started/],
  ['fails', answering(`[job, undefined, 'no such digest: sm3']`), /no such digest/],
])('a thread that %s stops the start', async (name, text, why) => {
  await expect(openSm2Threads({ ...limits, threads: 1, worker: other(name, text) })).rejects.toThrow(why);
});

test('a thread that dies is said to have, and its work is done here', async () => {
  faults.length = 0;
  const real = readFileSync(new URL('../../src/trust/sm2-worker.mjs', import.meta.url), 'utf8');
  const isLast = `jobs.some(([, , , bytes]) => Buffer.from(bytes).equals(Buffer.from('die')))`;
  const mark = 'jobs }) => {';
  const worker = other('mortal', real.replace(mark, `${mark} if (${isLast}) process.exit(3);`));
  const mortal = await openSm2Threads({ ...limits, threads: 1, worker });
  const [last, die] = await Promise.all([
    mortal.elsewhere.sign(key, message),
    mortal.elsewhere.sign(key, Buffer.from('die')),
  ]);
  expect(nativeSm2.verify(key.public, message, last)).toBe(true);
  expect(nativeSm2.verify(key.public, Buffer.from('die'), die)).toBe(true);
  expect(String(faults[0])).toContain('code 3');
  expect(nativeSm2.verify(key.public, message, await mortal.elsewhere.sign(key, message))).toBe(true);
  await mortal.close();
});

test('closed, it goes on working on this thread', async () => {
  const closed = await openSm2Threads({ ...limits, threads: 1 });
  const asked = closed.elsewhere.sign(key, message);
  await Promise.all([closed.close(), closed.close()]);
  expect(nativeSm2.verify(key.public, message, await asked)).toBe(true);
  expect(nativeSm2.verify(key.public, message, await closed.elsewhere.sign(key, message))).toBe(true);
});

test('native signatures of a link and signatures of envelopes use the threads', async () => {
  const asked = { sign: 0, verify: 0 };
  const counted: typeof sm2 = {
    ...sm2,
    sign: () => {
      throw new Error('on this thread');
    },
    verify: () => {
      throw new Error('on this thread');
    },
    elsewhere: {
      sign: (...given) => {
        asked.sign += 1;
        return sm2.elsewhere.sign(...given);
      },
      verify: (...given) => {
        asked.verify += 1;
        return sm2.elsewhere.verify(...given);
      },
    },
  };
  const der = await nativeSigner(pem, counted).signElsewhere!(message);
  const publicPem = key.public.key.export({ format: 'pem', type: 'spki' }).toString();
  expect(await nativeVerifier(publicPem, counted).verifyElsewhere!(message, der)).toBe(true);
  const envelope = await signEnvelope(message, header({ iss: 'stex' }), [
    sm2BusySigner('stex:sm2-sm3:1', key, counted),
  ]);
  const entry = trustEntry('stex', 'stex:sm2-sm3:1', 'SM2-SM3', sm2Verify(key.public, nativeSm2));
  expect(verifyEnvelope(envelope, trusting(entry), { atMs })).toMatchObject({ ok: true });
  expect(asked).toEqual({ sign: 2, verify: 1 });
});

test('idle threads do not keep a process alive, busy ones do until they have answered', () => {
  const [loader, threads, keys] = ['support/typescript.mjs', '../src/trust/sm2-threads.ts', '../src/trust/sm2.ts'].map(
    (path) => new URL(`../${path}`, import.meta.url).href,
  );
  const script = `
    const { openSm2Threads } = await import('${threads}');
    const { makeSm2Pem, nativeSm2, readSm2PrivateKey } = await import('${keys}');
    const key = readSm2PrivateKey(makeSm2Pem());
    const { elsewhere } = await openSm2Threads({ threads: 2, waiting: 10 });
    void elsewhere.sign(key, Buffer.from('m')).then((der) => console.log(nativeSm2.verify(key.public, Buffer.from('m'), der)));`;
  const args = ['--import', loader!, '--input-type=module', '-e', script];
  const run = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
  expect([run.status, run.stdout.trim(), run.stderr]).toEqual([0, 'true', '']);
}, 70_000);
