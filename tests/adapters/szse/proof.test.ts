import { szse } from '../../../adapters/szse/adapter.ts';
import { ecdsaP256Verifier } from '../../../src/trust/native.ts';
import { mutationsOf } from '../mutations.ts';
import { keys, openGateway, startMock, until } from './exchange.ts';

const buyer = {
  name: '北京示例材料研究院有限公司',
  uscc: '91110108MA0000015T',
  nature: 'private',
  country: '142',
} as const;
const at = '2026-03-02T09:30:00+08:00';
const verifier = ecdsaP256Verifier(keys.exchange.publicKey);

test('what SZSE signed proves the message without its session header, also where the time is that of sending', async () => {
  const { mock, address } = await startMock();
  const gateway = openGateway(address);
  try {
    await gateway.link.start();
    mock.desk.registerInterest({ number: 'YX1', mirror: 'JX0000000001', buyer, offerFen: 5n, at });
    mock.desk.bid({ number: 'BJ1', mirror: 'JX0000000001', buyer, amountFen: 7n, at });
    await until(() => gateway.arrivals.length === 2);
  } finally {
    await gateway.link.stop();
    await mock.stop();
  }
  const [interest, bid] = gateway.arrivals;
  for (const kept of [interest!, bid!]) {
    expect(szse.verifyProof(kept, verifier)).toBe(true);
    expect(szse.verifyProof(kept, ecdsaP256Verifier(keys.stranger.publicKey))).toBe(false);
    for (const changed of mutationsOf(kept)) expect(szse.verifyProof(changed, verifier)).toBe(false);
  }
  expect(szse.verifyProof({ ...interest!, proof: bid!.proof }, verifier)).toBe(false);
});
