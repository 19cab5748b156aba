import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** SoftHSM 2 and the compiled driver (`npm ci --prefix docker/pkcs11`), or undefined where either is missing. */
export const softhsm: string | undefined = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
].find(
  (path) =>
    existsSync(path) &&
    existsSync(new URL('../../docker/pkcs11/node_modules/pkcs11js/build/Release/pkcs11.node', import.meta.url)),
);

/** A folder of tokens of its own; gives the environment under which the library sees it, and nothing else. */
export function makeTokens(folder: string, labels: readonly string[], pin: string): Readonly<Record<string, string>> {
  const tokens = join(folder, 'tokens');
  mkdirSync(tokens, { recursive: true });
  const conf = join(folder, 'softhsm2.conf');
  writeFileSync(conf, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`);
  const env = { ...process.env, SOFTHSM2_CONF: conf } as Record<string, string>;
  for (const label of labels) {
    const args = ['--init-token', '--free', '--label', label, '--pin', pin, '--so-pin', '12345678'];
    const made = spawnSync('softhsm2-util', args, { env, encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`softhsm2-util: ${made.stdout}${made.stderr}`);
  }
  return env;
}
