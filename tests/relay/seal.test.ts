import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { Participant } from '../../src/contract/exchange.ts';
import { verifyEnvelope } from '../../src/envelope/envelope.ts';
import type { Signer } from '../../src/envelope/jws.ts';
import { verifyReceipt } from '../../src/envelope/receipt.ts';
import type { Head } from '../../src/journal/streams.ts';
import { type Sealing, sealAll } from '../../src/relay/seal.ts';
import { atMs, testKey, trusting } from '../envelope/keys.ts';

const ctex = testKey('ctex', 'Ed25519');
const second = testKey('ctex', 'ES256');
const qiao = testKey('qiao', 'Ed25519');
const trust = trusting(ctex.entry, second.entry, qiao.entry);

function sealing(id: number, stream: string): Sealing {
  return {
    id: `m${id}`,
    kind: 'listing',
    issuer: 'ctex',
    audience: ['stex'],
    stream,
    subject: stream,
    payload: { id },
    rulebook: 'a'.repeat(64),
    atMs,
    sentToUs: true,
  };
}

/** A key elsewhere: each signature ends when the test lets it, in an order of the test's choosing. */
function elsewhere(signer: Signer, pick: (waiting: number) => number) {
  const waiting: (() => void)[] = [];
  let most = 0;
  const slow: Signer = {
    ...signer,
    sign: async (bytes) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return signer.sign(bytes);
    },
  };
  const letGo = async (done: () => boolean) => {
    while (!done()) {
      most = Math.max(most, waiting.length);
      waiting.splice(pick(waiting.length), 1)[0]?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { slow, letGo, most: () => most };
}

test('a stream is chained in the order given, whichever signature is ready first, and streams do not wait for each other', async () => {
  const streams = ['listing/a', 'listing/b', 'listing/c'];
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...streams), { minLength: 1, maxLength: 12 }),
      fc.infiniteStream(fc.nat(100)),
      async (order, picks) => {
        const { slow, letGo, most } = elsewhere(ctex.signer, (n) => (n === 0 ? 0 : picks.next().value! % n));
        const seals = { signersOf: (participant: Participant) => [participant === 'qiao' ? qiao.signer : slow] };
        const heads = new Map<string, Head>(streams.map((stream) => [stream, { seq: 0, digest: null }]));
        let done = false;
        const sealed = sealAll(
          order.map((stream, i) => sealing(i, stream)),
          ({ stream }) => heads.get(stream)!,
          seals,
        ).finally(() => {
          done = true;
        });
        await letGo(() => done);
        const rows = await sealed;
        expect(rows.map(({ id }) => id)).toEqual(order.map((_, i) => `m${i}`));
        expect(most()).toBe(new Set(order).size);
        for (const stream of streams) {
          let prev: string | null = null;
          for (const [i, row] of rows.filter((one) => one.stream === stream).entries()) {
            const opened = verifyEnvelope(row.envelope, trust, { atMs });
            expect(opened).toMatchObject({ ok: true, header: { stream, seq: i + 1, prev } });
            prev = createHash('sha256').update(row.envelope).digest('hex');
          }
          expect(heads.get(stream)!.digest).toBe(prev);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('the gateway countersigns every signature of the origin, and signs its receipt once', async () => {
  const seals = {
    signersOf: (participant: Participant) => (participant === 'qiao' ? [qiao.signer] : [second.signer, ctex.signer]),
  };
  const [row] = await sealAll([sealing(1, 'listing/a')], () => ({ seq: 0, digest: null }), seals);
  const of = verifyEnvelope(row!.envelope, trust, { atMs, requireAlgs: ['Ed25519', 'ES256'] });
  if (!of.ok) throw new Error(of.en);
  const receipt = verifyReceipt(row!.received!, trust, { atMs, of });
  expect(receipt).toMatchObject({ ok: true, receipt: { signatures: of.signatures.map(({ signature }) => signature) } });
});

test('a key that cannot sign fails its batch, with the reason', async () => {
  const broken: Signer = { ...ctex.signer, sign: () => Promise.reject(new Error('token removed')) };
  const sealed = sealAll([sealing(1, 'a'), sealing(2, 'a')], () => ({ seq: 0, digest: null }), {
    signersOf: () => [broken],
  });
  await expect(sealed).rejects.toThrow('token removed');
});
