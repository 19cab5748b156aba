/**
 * Which of a participant's envelope keys sign now. The trust list decides, by its validity and status: a new key starts
 * at its `notBefore` and a revoked one stops at once, without a restart and without moving files about.
 */

import { createPrivateKey, createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import type { Alg, Signer } from '../envelope/jws.ts';
import { ed25519Signer, es256Signer } from '../envelope/signers.ts';
import { INIT, KeyProblem, namesIn, readKeyFile } from './keystore-files.ts';
import type { TokenKey } from './pkcs11-key.ts';
import { tokenKeys } from './signer-pkcs11.ts';
import { readSm2PrivateKey, type Sm2, sm2BusySigner } from './sm2.ts';
import type { LiveTrust } from './trust-list-live.ts';
import { isValidAt, kidOf, type TrustRecord } from './trust-list-records.ts';

/** `envelope[-sm2|-es256][.<anything>].key.pem`: the infix tells a rotated key from its predecessor. */
const KEY_FILE = /^envelope(-sm2|-es256)?(\.[a-z0-9-]+)?\.key\.pem$/;
/** A reference to a key in a token (signer-pkcs11.ts). */
const TOKEN_FILE = /^envelope-es256(\.[a-z0-9-]+)?\.pkcs11\.json$/;
const ALGS: Readonly<Record<string, Alg>> = { '': 'Ed25519', '-es256': 'ES256', '-sm2': 'SM2-SM3' };

export interface EnvelopeKeysGround {
  readonly root: string;
  readonly trust: LiveTrust;
  readonly sm2: Sm2;
  readonly passphrase: string | undefined;
  nowMs(): number;
}

interface HeldKey {
  readonly file: string;
  readonly kid: string;
  readonly alg: Alg;
  signer(sm2Id: string | undefined): Signer;
}

interface Choice {
  readonly signers: readonly Signer[];
  readonly generation: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Chooses once and again only when the list changes or a key begins or ends: it is asked with every message. */
export function envelopeKeys(ground: EnvelopeKeysGround): (participant: string, atMs?: number) => readonly Signer[] {
  const { trust, nowMs } = ground;
  const chosen = new Map<string, Choice>();
  const tokenKey = tokenKeys();
  const held = new Map<string, { readonly generation: number; readonly keys: readonly HeldKey[] }>();
  return (participant, atMs = nowMs()) => {
    const known = chosen.get(participant);
    const isKnown = known?.generation === trust.generation && atMs >= known.fromMs && atMs < known.untilMs;
    if (isKnown) return known.signers;
    let holding = held.get(participant);
    if (holding?.generation !== trust.generation) {
      holding = { generation: trust.generation, keys: readKeys(participant, ground, tokenKey) };
      held.set(participant, holding);
    }
    const choice = choose(participant, holding.keys, atMs, ground);
    chosen.set(participant, choice);
    return choice.signers;
  };
}

function choose(
  participant: string,
  keys: readonly HeldKey[],
  atMs: number,
  { root, trust }: EnvelopeKeysGround,
): Choice {
  const records = trust.current.records.filter((record) => record.participant === participant);
  const byKid = new Map(keys.map((key) => [key.kid, key]));
  const pick = (algs: readonly Alg[]): Signer | undefined => {
    const [record] = records
      .filter(({ kid, alg, ...validity }) => algs.includes(alg) && byKid.has(kid) && isValidAt(validity, atMs))
      .sort((a, b) => Date.parse(b.notBefore) - Date.parse(a.notBefore));
    return record === undefined ? undefined : byKid.get(record.kid)?.signer(record.sm2Id);
  };
  const first = pick(['Ed25519', 'ES256']);
  if (first === undefined) throw noKey(join(root, 'participants', participant), participant, keys, records, atMs);
  const second = pick(['SM2-SM3']);
  if (second === undefined && records.some((record) => record.alg === 'SM2-SM3' && isValidAt(record, atMs))) {
    // Verifiers would refuse what is signed without it: a missing second signature is a downgrade.
    throw new KeyProblem(
      join(root, 'participants', participant, 'envelope-sm2.key.pem'),
      `信任清单登记了 ${participant} 的 SM2 密钥，但密钥库中没有`,
      `The trust list names an SM2 key of ${participant} that is not in the store`,
      INIT,
    );
  }
  const edges = records
    .flatMap(({ notBefore, notAfter, revokedAt }) => [notBefore, notAfter, revokedAt ?? notAfter])
    .map((instant) => Date.parse(instant));
  return {
    signers: second === undefined ? [first] : [first, second],
    generation: trust.generation,
    fromMs: Math.max(...edges.filter((edge) => edge <= atMs), Number.NEGATIVE_INFINITY),
    untilMs: Math.min(...edges.filter((edge) => edge > atMs), Number.POSITIVE_INFINITY),
  };
}

function readKeys(
  participant: string,
  { root, sm2, passphrase }: EnvelopeKeysGround,
  tokenKey: (file: string) => TokenKey,
): readonly HeldKey[] {
  const folder = join(root, 'participants', participant);
  const inTokens = namesIn(folder, TOKEN_FILE).map((name): HeldKey => {
    const file = join(folder, name);
    const key = tokenKey(file);
    const kid = kidOf(participant, 'ES256', key.spki);
    return { file, kid, alg: 'ES256', signer: () => ({ kid, alg: 'ES256', sign: (bytes) => key.sign(bytes) }) };
  });
  const names = namesIn(folder, KEY_FILE);
  if (names.length + inTokens.length === 0) readKeyFile(join(folder, 'envelope.key.pem'));
  const inFiles = names.map((name): HeldKey => {
    const file = join(folder, name);
    const pem = readKeyFile(file);
    const alg = ALGS[KEY_FILE.exec(name)?.[1] ?? '']!;
    try {
      const key = createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
      const kid = kidOf(participant, alg, createPublicKey(key).export({ format: 'der', type: 'spki' }));
      if (alg === 'SM2-SM3') {
        return { file, kid, alg, signer: (id) => sm2BusySigner(kid, readSm2PrivateKey(pem, id, passphrase), sm2) };
      }
      const signer = alg === 'Ed25519' ? ed25519Signer(kid, key) : es256Signer(kid, key);
      return { file, kid, alg, signer: () => signer };
    } catch (cause) {
      throw new KeyProblem(file, '密钥无法使用', 'This key cannot be used', INIT, cause);
    }
  });
  return [...inFiles, ...inTokens];
}

/** Says why none of the keys held may sign now. */
function noKey(
  folder: string,
  participant: string,
  keys: readonly HeldKey[],
  records: readonly TrustRecord[],
  now: number,
): KeyProblem {
  const known = records.filter(({ kid, alg }) => alg !== 'SM2-SM3' && keys.some((key) => key.kid === kid));
  const [zh, en, next] =
    known.length === 0
      ? [`信任清单未登记 ${participant} 的此密钥`, `The trust list lacks this key of ${participant}`, INIT]
      : known.every(({ status }) => status === 'revoked')
        ? [`${participant} 的密钥已吊销`, `The key of ${participant} is revoked`, 'qiao certs rotate']
        : known.every(({ notBefore }) => now < Date.parse(notBefore))
          ? [`${participant} 的密钥尚未生效`, `The key of ${participant} is not valid yet`, 'qiao certs list']
          : [`${participant} 的密钥已过期`, `The key of ${participant} has expired`, 'qiao certs rotate'];
  return new KeyProblem(keys[0]?.file ?? folder, zh, en, next);
}
