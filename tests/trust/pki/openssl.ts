import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PemLabel, pemOf } from '../../../src/trust/pki/pem.ts';

/** OpenSSL 3 on this machine, as a second opinion; tests that need it are skipped by name where there is none. */
export const opensslHere = /^OpenSSL 3\./.test(spawnSync('openssl', ['version'], { encoding: 'utf8' }).stdout ?? '');
export const withOpenssl = opensslHere ? test : test.skip;

export class Desk {
  readonly folder = mkdtempSync(join(tmpdir(), 'qiao-pki-'));

  file(name: string, content: string | Uint8Array): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  pem(name: string, label: PemLabel, ...ders: readonly Uint8Array[]): string {
    return this.file(name, ders.map((der) => pemOf(label, der)).join(''));
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function openssl(...args: readonly string[]): { readonly ok: boolean; readonly said: string } {
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8', timeout: 20_000 });
  return { ok: status === 0, said: `${stdout}${stderr}` };
}
