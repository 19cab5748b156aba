/**
 * SM2 on a thread of its own (sm2-threads.ts). Plain JavaScript, so that it runs as it is from the sources and from dist/.
 *
 * In: { keys: [[id, KeyObject]], jobs: [[job, key id, Z_A, bytes, signature or undefined]] }
 * Out: [[job, signature (DER) or whether it verifies, error or undefined]]
 */
import { createSign, createVerify } from 'node:crypto';
import { parentPort } from 'node:worker_threads';

const keys = new Map();

parentPort.on('message', ({ keys: added, jobs }) => {
  for (const [id, key] of added) keys.set(id, key);
  parentPort.postMessage(jobs.map(([job, ...asked]) => [job, ...outcomeOf(...asked)]));
});

function outcomeOf(id, za, bytes, signature) {
  try {
    const key = keys.get(id);
    // Z_A first, then the message: see sm2.ts.
    if (signature === undefined) return [createSign('sm3').update(za).update(bytes).sign(key)];
    return [createVerify('sm3').update(za).update(bytes).verify(key, signature)];
  } catch (error) {
    return [undefined, String(error)];
  }
}
