import { createPrivateKey } from 'node:crypto';
import { join, resolve } from 'node:path';
import { refuse } from '../contract/refusal.ts';
import { KeyProblem, readKeyFile, readStoreFile, writeStoreFile } from '../trust/keystore-files.ts';
import { dersOfPem } from '../trust/pki/pem.ts';
import { makePkcs12, readPkcs12 } from '../trust/pki/pkcs12.ts';
import { newPassphrase, type StoreFlags, secretOf, storeFolder } from './certs-desk.ts';
import { type AddCommand, exchangeArgument } from './command.ts';
import { readInput } from './input.ts';
import { refuseInput, write } from './output.ts';
import { EXIT } from './terminal.ts';

/** The password of the file, apart from the store's own passphrase. */
export const PKCS12_PASSWORD = 'QIAO_PKCS12_PASSPHRASE';

/** `qiao certs export`: the gateway's RSA key for one exchange and its certificate as PKCS #12, to carry them elsewhere. */
export const addExport: AddCommand = (certs, { terminal, end }) => {
  certs
    .command('export')
    .description('把网关在该所的 RSA 密钥与证书导出为 PKCS #12 / an RSA link key and its certificate as PKCS #12')
    .argument('<exchange>', 'ctex', exchangeArgument)
    .requiredOption('--out <file>', '导出文件 / the file to write')
    .option('--store <folder>', '密钥库 / the key store')
    .action(async (exchange: string, flags: StoreFlags & { readonly out: string }) => {
      const folder = join(storeFolder(terminal, flags), 'links', exchange);
      const passphrase = secretOf(terminal, 'QIAO_KEYS_PASSPHRASE');
      const file = join(folder, 'gateway.key.pem');
      const key = createPrivateKey({ key: readKeyFile(file), ...(passphrase === undefined ? {} : { passphrase }) });
      if (key.asymmetricKeyType !== 'rsa') {
        return end(await refuseInput(terminal, [refuse('not-expressible', '/exchange', `${exchange}: RSA`)]));
      }
      const chain = dersOfPem('CERTIFICATE', readStoreFile(join(folder, 'gateway.cert.pem')).toString('utf8'));
      const privateKeyPem = key.export({ format: 'pem', type: 'pkcs8' }).toString();
      const made = makePkcs12({ privateKeyPem, chain }, newPassphrase(terminal, PKCS12_PASSWORD), `qiao ${exchange}`);
      const out = resolve(flags.out);
      try {
        writeStoreFile(out, made, 0o600);
      } catch (cause) {
        throw new KeyProblem(
          out,
          '无法写入（已存在？）',
          'It cannot be written (is it there already?)',
          '--out',
          cause,
        );
      }
      await write(terminal.stdout, `已导出 exported  ${out}\n`);
      end(EXIT.done);
    });
};

/** The one private key in a PKCS #12 file, for `enrol --pkcs12`. */
export async function keyInPkcs12(terminal: Parameters<typeof readInput>[0], file: string) {
  const input = await readInput(terminal, file);
  return input.ok ? readPkcs12(input.value, secretOf(terminal, PKCS12_PASSWORD) ?? '') : input;
}
