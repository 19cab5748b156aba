/**
 * What the same machine does without a gateway: verify a message, commit it, sign it, post it to another process, with
 * 64 under way at once. And what a signature costs here: the exchanges' protocols ask for them, so they are the floor.
 */
import { createHash, createSign, createVerify, generateKeyPairSync, sign, verify } from 'node:crypto';
import axios from 'axios';
import pg from 'pg';
import { insertRows } from '../src/journal/rows.ts';

export interface BareFigures {
  readonly loopsPerSecond: number;
  readonly signatureMicros: Readonly<Record<string, number>>;
}

const UNDER_WAY = 64;

export async function benchBare(databaseUrl: string, postUrl: string, seconds: number): Promise<BareFigures> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  await pool.query('create table bare (id bigint generated always as identity, bytes bytea not null)');
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const message = Buffer.alloc(882, 0x20);
  const signature = sign(null, message, privateKey);
  const client = axios.create({ baseURL: postUrl, proxy: false, maxRedirects: 0, responseType: 'arraybuffer' });
  let loops = 0;
  // As the gateway does: messages that come while a commit is under way share the next one.
  let waiting: (() => void)[] = [];
  let committing = false;
  const commit = async () => {
    committing = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await insertRows(
        { query: (text, values) => pool.query(text, values as unknown[]) },
        'bare',
        { bytes: 'bytea' },
        batch.map(() => ({ bytes: message })),
      );
      for (const done of batch) done();
    }
    committing = false;
  };
  const until = performance.now() + seconds * 1000;
  const loop = async () => {
    while (performance.now() < until) {
      if (!verify(null, message, publicKey, signature)) throw new Error('assertion: own signature');
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        if (!committing) void commit();
      });
      await client.post('/', Buffer.concat([message, sign(null, message, privateKey)]));
      loops += 1;
    }
  };
  await Promise.all(Array.from({ length: UNDER_WAY }, loop));
  await pool.query('drop table bare');
  await pool.end();
  return { loopsPerSecond: Math.round(loops / seconds), signatureMicros: signatures(message) };
}

function signatures(message: Buffer): Record<string, number> {
  const ed25519 = generateKeyPairSync('ed25519');
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const sm2 = generateKeyPairSync('ec', { namedCurve: 'SM2' });
  const rsaSignature = sign('sha256', message, rsa.privateKey);
  const p256Signature = sign('sha256', message, p256.privateKey);
  const sm2Signature = createSign('sm3').update(message).sign(sm2.privateKey);
  return {
    'Ed25519 sign': microsOf(() => sign(null, message, ed25519.privateKey)),
    'RSA-2048 sign': microsOf(() => sign('sha256', message, rsa.privateKey)),
    'RSA-2048 verify': microsOf(() => verify('sha256', message, rsa.publicKey, rsaSignature)),
    'P-256 sign': microsOf(() => sign('sha256', message, p256.privateKey)),
    'P-256 verify': microsOf(() => verify('sha256', message, p256.publicKey, p256Signature)),
    'SM2 sign': microsOf(() => createSign('sm3').update(message).sign(sm2.privateKey)),
    'SM2 verify': microsOf(() => createVerify('sm3').update(message).verify(sm2.publicKey, sm2Signature)),
    'SHA-256 of 1 KB': microsOf(() => createHash('sha256').update(message).digest()),
  };
}

/** Median of five rounds of a tenth of a second. */
function microsOf(work: () => unknown): number {
  const rounds = Array.from({ length: 5 }, () => {
    const began = performance.now();
    let count = 0;
    for (; performance.now() - began < 100; count++) work();
    return ((performance.now() - began) / count) * 1000;
  });
  return Math.round(rounds.sort((a, b) => a - b)[2]! * 10) / 10;
}
