import { rsOfDer } from './der.ts';
import { makeSm2Pem, nativeSm2, readSm2PrivateKey, readSm2PublicKey, type Sm2 } from './sm2.ts';
import { portableSm2 } from './sm2-portable.ts';

/** GB/T 32918.5 annex A: key, message and signature, user id 1234567812345678. */
const SPKI = Buffer.from(
  '3059301306072a8648ce3d020106082a811ccf5501822d03420004' +
    '09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020' +
    'ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13',
  'hex',
);
const MESSAGE = Buffer.from('message digest', 'ascii');
const SIGNATURE = Buffer.from(
  '3046022100f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3' +
    '022100b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa',
  'hex',
);
/** Plain ECDSA by the same key over the same digest, SM3(Z_A ‖ message): what a mixed-up key object would make. */
const PLAIN_ECDSA = Buffer.from(
  '304502206a9c97b177c7bc9f7a127b452c2614ac674b01d77b47ebd6e42348dd199d6dc6' +
    '02210083916ee58f2e666bfea5de26c58ef5f0f9d0c6fbe333a12dcef4a336a4cb5dcc',
  'hex',
);

/**
 * The known-answer test every process runs before it uses SM2: the standard's own example must verify, and nothing near it may.
 * @throws naming the answer that was wrong
 */
export function assertSm2Works(sm2: Sm2): void {
  const key = readSm2PublicKey(SPKI);
  const flipped = Buffer.from(SIGNATURE);
  flipped[40]! ^= 1;
  const own = readSm2PrivateKey(makeSm2Pem());
  const made = sm2.sign(own, MESSAGE);
  const answers: readonly (readonly [what: string, given: boolean, right: boolean])[] = [
    ['the GB/T 32918.5 example', sm2.verify(key, MESSAGE, SIGNATURE), true],
    ['a flipped bit in the signature', sm2.verify(key, MESSAGE, flipped), false],
    ['another message', sm2.verify(key, Buffer.from('message digesT'), SIGNATURE), false],
    ['another user id', sm2.verify(readSm2PublicKey(SPKI, 'ALICE123@YAHOO.COM'), MESSAGE, SIGNATURE), false],
    ['plain ECDSA on the SM2 curve', sm2.verify(key, MESSAGE, PLAIN_ECDSA), false],
    ['our own signature', rsOfDer(made) !== undefined && sm2.verify(own.public, MESSAGE, made), true],
    ['our own signature, another key', sm2.verify(key, MESSAGE, made), false],
  ];
  const wrong = answers.find(([, given, right]) => given !== right);
  if (wrong !== undefined) {
    throw new Error(`SM2 known-answer test: ${sm2.name} is wrong about ${wrong[0]} / SM2 自检未通过：${wrong[0]}`);
  }
}

/**
 * The first implementation that passes: `node:crypto`, else the portable one.
 * @throws when none passes; the process must then not start
 */
export function chooseSm2(candidates: readonly Sm2[] = [nativeSm2, portableSm2]): Sm2 {
  const causes: unknown[] = [];
  for (const candidate of candidates) {
    try {
      assertSm2Works(candidate);
      return candidate;
    } catch (cause) {
      causes.push(cause);
    }
  }
  throw new AggregateError(causes, 'SM2 不可用，拒绝启动 / SM2 is not usable here: refusing to start');
}
