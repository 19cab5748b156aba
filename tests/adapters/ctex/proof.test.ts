import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ctex } from '../../../adapters/ctex/adapter.ts';
import { mutationsOf } from '../mutations.ts';
import { keys, nonce, openDesk } from './exchange.ts';

const sample = readFileSync(new URL('../../../adapters/ctex/samples/project-published.json', import.meta.url));
const { verifier } = keys.exchange;

test('what CTEX signed when it pushed an event proves the event', async () => {
  const desk = await openDesk();
  try {
    const path = '/exchanges/ctex/notify';
    const [stamp, once] = [String(desk.clock.nowMs), nonce()];
    const text = ['POST', path, stamp, once, createHash('sha256').update(sample).digest('hex')].join('\n');
    // Without its padding: X-Sign may come so, the proof has one spelling.
    const sign = Buffer.from(keys.exchange.signer.sign(Buffer.from(text)))
      .toString('base64')
      .replace(/=+$/, '');
    const headers = { 'x-app-id': 'ctex', 'x-timestamp': stamp, 'x-nonce': once, 'x-sign': sign };
    await desk.link.webhook!.receive({ method: 'POST', pathWithQuery: path, headers, body: sample });
  } finally {
    await desk.stop();
  }
  const [kept] = desk.arrivals;
  expect(ctex.verifyProof(kept!, verifier)).toBe(true);
  expect(ctex.verifyProof(kept!, keys.stranger.verifier)).toBe(false);
  for (const changed of mutationsOf(kept!)) expect(ctex.verifyProof(changed, verifier)).toBe(false);
});

test.each(['', 'proof', '{}', '[]', '{"text":1,"sign":2}', '{"text":"","sign":""}'])('“%s” proves nothing', (proof) => {
  expect(ctex.verifyProof({ bytes: sample, proof }, verifier)).toBe(false);
});
