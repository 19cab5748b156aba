import { addIssue, addRotate } from './certs-acts.ts';
import { addApprove, addCrl, addRevoke } from './certs-approve.ts';
import { addInit } from './certs-init.ts';
import { addEnrol, addInstall } from './certs-keys.ts';
import { addList } from './certs-list.ts';
import { addExport } from './certs-pkcs12.ts';
import type { AddCommand } from './command.ts';

/** `qiao certs`: keys and certificates of the federation, in a key store folder. Whatever is trusted, two operators sign. */
export const addCerts: AddCommand = (program, ground) => {
  const certs = program
    .command('certs')
    .description('密钥与证书：建立、申请、签发、轮换、吊销 / keys and certificates')
    .addHelpText(
      'after',
      `
口令只从文件读取 / passphrases come from files only:
  QIAO_KEYS_PASSPHRASE_FILE                密钥库 / the key store
  QIAO_OFFLINE_PASSPHRASE_FILE             离线根密钥 / the roots' keys
  QIAO_OPERATOR_<NAME>_PASSPHRASE_FILE     操作员各自的密钥 / each operator's own key
详见 / see certs/README.md`,
    );
  for (const add of [
    addInit,
    addEnrol,
    addIssue,
    addApprove,
    addRotate,
    addRevoke,
    addCrl,
    addInstall,
    addExport,
    addList,
  ]) {
    add(certs, ground);
  }
};
