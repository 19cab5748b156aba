import { rsOfDer } from './der.ts';
import {
  makeSm2Pem,
  nativeSm2,
  readSm2PrivateKey,
  readSm2PublicKey,
  type Sm2,
  type Sm2Elsewhere,
  type Sm2PrivateKey,
  type Sm2PublicKey,
} from './sm2.ts';
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

interface Question {
  readonly what: string;
  readonly key: Sm2PublicKey;
  readonly message: Uint8Array;
  readonly der: Uint8Array;
  readonly right: boolean;
}

/** The standard's own example must verify, and nothing near it may; nor may `made`, ours by `own`, under another key. */
function questions(own: Sm2PrivateKey, made: Uint8Array): readonly Question[] {
  const key = readSm2PublicKey(SPKI);
  const flipped = Buffer.from(SIGNATURE);
  flipped[40]! ^= 1;
  // What is not DER counts as no signature, whatever the implementation thinks of it.
  const sound = rsOfDer(made) === undefined ? new Uint8Array() : made;
  const asked = { key, message: MESSAGE, der: SIGNATURE, right: false };
  return [
    { ...asked, what: 'the GB/T 32918.5 example', right: true },
    { ...asked, what: 'a flipped bit in the signature', der: flipped },
    { ...asked, what: 'another message', message: Buffer.from('message digesT') },
    { ...asked, what: 'another user id', key: readSm2PublicKey(SPKI, 'ALICE123@YAHOO.COM') },
    { ...asked, what: 'plain ECDSA on the SM2 curve', der: PLAIN_ECDSA },
    { ...asked, what: 'our own signature', key: own.public, der: sound, right: true },
    { ...asked, what: 'our own signature, another key', der: made },
  ];
}

function wrongAbout(name: string, { what }: Question): Error {
  return new Error(`SM2 known-answer test: ${name} is wrong about ${what} / SM2 自检未通过：${what}`);
}

/**
 * The known-answer test every process runs before it uses SM2.
 * @throws naming the answer that was wrong
 */
export function assertSm2Works(sm2: Sm2): void {
  const own = readSm2PrivateKey(makeSm2Pem());
  const wrong = questions(own, sm2.sign(own, MESSAGE)).find(
    ({ key, message, der, right }) => sm2.verify(key, message, der) !== right,
  );
  if (wrong !== undefined) throw wrongAbout(sm2.name, wrong);
}

/** The same questions to another thread. @throws naming the answer that was wrong */
export async function assertSm2WorksElsewhere(name: string, elsewhere: Sm2Elsewhere): Promise<void> {
  const own = readSm2PrivateKey(makeSm2Pem());
  for (const question of questions(own, await elsewhere.sign(own, MESSAGE))) {
    const { key, message, der, right } = question;
    if ((await elsewhere.verify(key, message, der)) !== right) throw wrongAbout(name, question);
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
