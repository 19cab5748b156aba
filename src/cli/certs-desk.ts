import { createPrivateKey, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { OperatorDesk } from '../trust/enrolment-request.ts';
import { type KeyStore, openKeyStore } from '../trust/keystore.ts';
import { readKeyFile } from '../trust/keystore-files.ts';
import { configFor } from './config.ts';
import { Surroundings, type Terminal } from './terminal.ts';

/** Flags that every act on a key store takes. */
export interface StoreFlags {
  readonly store?: string;
  readonly offline?: string;
}

export interface OperatorFlags extends StoreFlags {
  readonly operator: string;
  readonly operatorKey?: string;
}

/** The store named, else QIAO_KEYS; its demo store where there is no other. */
export function storeFolder(terminal: Terminal, { store }: StoreFlags): string {
  const folder = store === undefined ? configFor(terminal.env).keysFolder : resolve(store);
  return !existsSync(join(folder, 'trust.json')) && existsSync(join(folder, 'demo', 'trust.json'))
    ? join(folder, 'demo')
    : folder;
}

/** A store that is there already, opened as a gateway would. @throws KeyProblem */
export async function openStore(terminal: Terminal, flags: StoreFlags): Promise<KeyStore> {
  const folder = storeFolder(terminal, flags);
  if (!existsSync(join(folder, 'trust.json'))) {
    throw new Surroundings(
      `${folder} 中没有信任清单：先运行 qiao certs init，或以 --store 指明密钥库`,
      `there is no trust list in ${folder}: run qiao certs init first, or name the store with --store`,
    );
  }
  const passphrase = secretOf(terminal, 'QIAO_KEYS_PASSPHRASE');
  return openKeyStore(folder, { demo: true, nowMs: terminal.nowMs, passphrase });
}

/** The desk with the operator named, who opens their own key. @throws Surroundings, KeyProblem */
export async function openDesk(terminal: Terminal, flags: OperatorFlags): Promise<OperatorDesk> {
  const keys = await openStore(terminal, flags);
  return {
    root: keys.root,
    demo: keys.demo,
    offline: flags.offline === undefined ? undefined : resolve(flags.offline),
    passphrase: secretOf(terminal, 'QIAO_KEYS_PASSPHRASE'),
    offlinePassphrase: secretOf(terminal, 'QIAO_OFFLINE_PASSPHRASE'),
    list: keys.trust.current,
    anchor: keys.anchor,
    crls: keys.crls(),
    sm2: keys.sm2,
    nowMs: terminal.nowMs(),
    operator: { name: flags.operator, key: operatorKey(terminal, keys.root, flags) },
  };
}

function operatorKey(
  terminal: Terminal,
  root: string,
  { operator, operatorKey: file, offline }: OperatorFlags,
): KeyObject {
  const name = join('operators', `${operator}.key.pem`);
  const places =
    file === undefined
      ? [...(offline === undefined ? [] : [join(resolve(offline), name)]), join(root, name)]
      : [resolve(file)];
  const path = places.find(existsSync);
  if (path === undefined) {
    throw new Surroundings(
      `找不到操作员 ${operator} 的密钥：${places.join('、')}，请用 --operator-key`,
      `the key of operator ${operator} is not there (${places.join(', ')}): name it with --operator-key`,
    );
  }
  const variable = passphraseVariable(operator);
  const passphrase = secretOf(terminal, variable);
  const pem = readKeyFile(path);
  try {
    return createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
  } catch (cause) {
    throw new Surroundings(
      `无法打开 ${path}：请以 ${variable}_FILE 指明口令文件`,
      `${path} cannot be opened: name the file with its passphrase in ${variable}_FILE`,
      cause,
    );
  }
}

/** `alice` → `QIAO_OPERATOR_ALICE_PASSPHRASE`. */
export function passphraseVariable(operator: string): string {
  return `QIAO_OPERATOR_${operator.toUpperCase().replaceAll('-', '_')}_PASSPHRASE`;
}

/** From the file that `<name>_FILE` names; a line break at its end is no part of it. */
export function secretOf({ env }: Terminal, name: string): string | undefined {
  const file = env[`${name}_FILE`];
  if (!file) return undefined;
  try {
    const secret = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    if (secret !== '') return secret;
    throw new Error('empty');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
    throw new Surroundings(
      `${name}_FILE 所指文件无法读取（${reason}）`,
      `${name}_FILE names a file that cannot be read (${reason})`,
      cause,
    );
  }
}

/** Long enough that guessing it from a stolen file is out of reach. */
const LEAST_CHARACTERS = 12;

/** For keys that are about to be written. @throws Surroundings */
export function newPassphrase(terminal: Terminal, name: string): string {
  const secret = secretOf(terminal, name);
  if (secret !== undefined && [...secret].length >= LEAST_CHARACTERS) return secret;
  throw new Surroundings(
    `新密钥须以口令加密：请把至少 ${LEAST_CHARACTERS} 个字符的口令写入文件，并以 ${name}_FILE 指明`,
    `a new key is encrypted: write a passphrase of at least ${LEAST_CHARACTERS} characters to a file and name it in ${name}_FILE`,
  );
}
