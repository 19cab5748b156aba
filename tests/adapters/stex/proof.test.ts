import { stex } from '../../../adapters/stex/adapter.ts';
import type { KeptNative } from '../../../src/contract/adapter.ts';
import { memoryInMemory } from '../../support/memory.ts';
import { mutationsOf } from '../mutations.ts';
import { deskListing, exchangeKeys, gatewayKeys, openMarket } from './market.ts';

const { verifier } = exchangeKeys;

/** What the link hands in when that many documents wait in the outbox, as the journal keeps it. */
async function arrived(documents: 1 | 2): Promise<readonly KeptNative[]> {
  const memory = memoryInMemory();
  const market = await openMarket({ ports: { memory } });
  try {
    market.mock.desk.publish(deskListing);
    if (documents === 2) market.mock.desk.setState(deskListing.number, 2, 'suspended', '核查');
    await market.link.start();
    await market.until(() => market.mock.desk.idle());
  } finally {
    await market.close();
  }
  return market.gateway.arrivals.map(({ bytes, proof }) => {
    const whole = memory.wholes.get(String((JSON.parse(proof) as { whole?: string }).whole));
    return { bytes, proof, ...(whole === undefined ? {} : { whole }) };
  });
}

test('a document that came alone is proven by its proof alone', async () => {
  const [kept] = await arrived(1);
  expect(kept?.whole).toBeUndefined();
  expect(stex.verifyProof(kept!, verifier)).toBe(true);
  expect(stex.verifyProof(kept!, gatewayKeys.verifier)).toBe(false);
});

test('documents of one page are proven with the page, each at its own place', async () => {
  const [first, second] = await arrived(2);
  expect([first!, second!].map((kept) => stex.verifyProof(kept, verifier))).toEqual([true, true]);
  expect(stex.verifyProof({ ...first!, bytes: second!.bytes }, verifier)).toBe(false);
  expect(stex.verifyProof({ ...first!, proof: second!.proof }, verifier)).toBe(false);
  expect(stex.verifyProof({ bytes: first!.bytes, proof: first!.proof }, verifier)).toBe(false);
});

test('no changed byte of document, proof or page passes', async () => {
  for (const kept of [...(await arrived(1)), ...(await arrived(2))]) {
    for (const changed of mutationsOf(kept)) expect(stex.verifyProof(changed, verifier)).toBe(false);
  }
});
