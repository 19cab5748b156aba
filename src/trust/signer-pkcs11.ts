/**
 * Envelope keys in hardware: instead of a key file the store holds a reference,
 * `participants/<code>/envelope-es256.pkcs11.json`:
 *
 *     { "module": "/usr/lib/softhsm/libsofthsm2.so", "token": "qiao", "label": "envelope", "pinFile": "token.pin" }
 */

import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isObject, parseJson } from '../contract/json.ts';
import { INIT, KeyProblem, readStoreFile } from './keystore-files.ts';
import { BUILD_DRIVER, type Cryptoki, loadDriver } from './pkcs11-driver.ts';
import { openTokenKey, type TokenKey, TokenProblem } from './pkcs11-key.ts';

interface Reference {
  /** The token maker's library. */
  readonly module: string;
  readonly token: string;
  readonly label: string;
  /** Holds the PIN and nothing else; relative paths start at the reference. */
  readonly pinFile: string;
}

const MEMBERS = ['module', 'token', 'label', 'pinFile'] as const;

/**
 * Opens what references name, each once as long as it stays as it is: also in failure, because a token locks itself
 * when a wrong PIN is offered again and again.
 */
export function tokenKeys(load: () => Cryptoki = loadDriver): (file: string) => TokenKey {
  const kept = new Map<string, { readonly stamp: string; readonly outcome: TokenKey | KeyProblem }>();
  return (file) => {
    const reference = readReference(file);
    const pinFile = resolve(dirname(file), reference.pinFile);
    const stamp = `${JSON.stringify(reference)} ${stampOf(pinFile)}`;
    let known = kept.get(file);
    if (known?.stamp !== stamp) {
      if (known !== undefined && !(known.outcome instanceof KeyProblem)) known.outcome.close();
      known = { stamp, outcome: opened(file, reference, pinFile, load) };
      kept.set(file, known);
    }
    if (known.outcome instanceof KeyProblem) throw known.outcome;
    return known.outcome;
  };
}

function opened(file: string, reference: Reference, pinFile: string, load: () => Cryptoki): TokenKey | KeyProblem {
  let cryptoki: Cryptoki;
  try {
    cryptoki = load();
  } catch (cause) {
    return new KeyProblem(file, '缺少 PKCS #11 驱动', 'The PKCS #11 driver is missing', BUILD_DRIVER, cause);
  }
  try {
    cryptoki.load(reference.module);
  } catch (cause) {
    const next = `module: ${reference.module}`;
    return new KeyProblem(file, '令牌程序库无法加载', "The token's library cannot be loaded", next, cause);
  }
  try {
    return openTokenKey(cryptoki, { ...reference, pin: readPin(pinFile) });
  } catch (cause) {
    if (cause instanceof KeyProblem) return cause;
    const [zh, en] =
      cause instanceof TokenProblem ? [cause.zh, cause.en] : ['令牌无法使用', 'The token cannot be used'];
    return new KeyProblem(file, zh, en, INIT, cause);
  }
}

function readReference(file: string): Reference {
  const json = parseJson(readStoreFile(file));
  const given: unknown = json.ok ? json.value : undefined;
  const isSound =
    isObject(given) &&
    Object.keys(given).length === MEMBERS.length &&
    MEMBERS.every((name) => typeof given[name] === 'string' && given[name] !== '');
  if (isSound) return given as unknown as Reference;
  throw new KeyProblem(file, '密钥引用格式不符', 'This reference to a key is malformed', MEMBERS.join(', '));
}

function readPin(path: string): string {
  const text = readStoreFile(path).toString('utf8');
  if (process.platform !== 'win32' && (statSync(path).mode & 0o037) !== 0) {
    throw new KeyProblem(path, 'PIN 文件权限过宽', 'The PIN is open to other users', `chmod 600 ${path}`);
  }
  // Editors end a file with a line break that is no part of the PIN.
  return text.replace(/\r?\n$/, '');
}

function stampOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return `${found?.ino} ${found?.mtimeMs} ${found?.mode}`;
}
