import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Option } from 'commander';
import { refuse } from '../contract/refusal.ts';
import { authoritiesAtHand, renewCrl } from '../trust/ca-folder.ts';
import type { Request } from '../trust/enrolment.ts';
import { approve, propose } from '../trust/enrolment-desk.ts';
import { certificatesWith } from '../trust/enrolment-effects.ts';
import { install } from '../trust/enrolment-keys.ts';
import { REVOCATION_REASONS, type RevocationReason } from '../trust/pki/crl.ts';
import { byOperator, showPending } from './certs-acts.ts';
import { type OperatorFlags, openDesk, openStore, type StoreFlags, secretOf } from './certs-desk.ts';
import type { AddCommand } from './command.ts';
import { refuseInput, write } from './output.ts';
import { EXIT } from './terminal.ts';

/** `qiao certs revoke`: a key by its id, a certificate by its serial number. */
export const addRevoke: AddCommand = (certs, { terminal, end }) => {
  byOperator(certs.command('revoke'))
    .description('提出吊销（第一名操作员）/ propose a revocation; a second operator approves')
    .argument('<kid>', '密钥编号，或 TLS 证书序列号（十六进制）/ a key id, or the serial number of a TLS certificate')
    .addOption(
      new Option('--reason <reason>', '原因 / why').choices(Object.keys(REVOCATION_REASONS)).makeOptionMandatory(),
    )
    .action(async (kid: string, flags: OperatorFlags & { readonly reason: RevocationReason }) => {
      const desk = await openDesk(terminal, flags);
      const { reason } = flags;
      const serial = kid.toLowerCase().replace(/^tls:[a-z]+:/, '');
      const isSerial = /^[0-9a-f]{8,40}$/.test(serial);
      if (isSerial && certificatesWith(desk.root, serial).length === 0) {
        return end(await refuseInput(terminal, [refuse('reference-unknown', '/serial', serial)]));
      }
      const request: Request = isSerial
        ? { act: 'revoke-certificate', serial, reason }
        : { act: 'revoke', kid, reason };
      end(await showPending(terminal, desk, await propose(desk, request)));
    });
};

/** `qiao certs approve`: the second operator, who has checked for themselves. */
export const addApprove: AddCommand = (certs, { terminal, end }) => {
  byOperator(certs.command('approve'))
    .description(
      '批准（第二名操作员）：证书、吊销列表与新版信任清单此时才产生 / only now certificate, CRL and list exist',
    )
    .argument('<id>', '待批编号 / the number of what is pending')
    .option('--fingerprint <hex>', '签发时必填：另经他途核对的指纹 / needed for a key: as read out to you')
    .action(async (id: string, flags: OperatorFlags & { readonly fingerprint?: string }) => {
      const desk = await openDesk(terminal, flags);
      const done = await approve(desk, id, flags.fingerprint);
      if (!done.ok) return end(await refuseInput(terminal, done.refusals));
      const { operators, version, issued } = done.value;
      const lines = [`已批准 approved    ${id}  ${operators.join(' + ')}`, `信任清单 list     v${version}`];
      if (issued !== undefined) {
        const file = join(desk.root, issued);
        lines.push(`证书 certificate  ${file}`);
        // A key that waits in this very store takes its place at once; elsewhere its holder does that.
        const placed = existsSync(join(desk.root, 'requests'))
          ? install(desk.root, readFileSync(file, 'utf8'), desk.passphrase)
          : undefined;
        lines.push(
          placed?.ok ? `已装入 installed  ${placed.value}` : '请交给申请方 / give it to the holder: qiao certs install',
        );
      }
      await write(terminal.stdout, `${lines.join('\n')}\n`);
      end(EXIT.done);
    });
};

/** `qiao certs crl`: revocation lists hold for a day and are made anew every hour; nothing in them changes by that. */
export const addCrl: AddCommand = (certs, { terminal, end }) => {
  certs
    .command('crl')
    .description(
      '更新吊销列表：每小时一次；带 --offline 时含根 / revocation lists anew: hourly; with --offline the roots too',
    )
    .option('--store <folder>', '密钥库 / the key store')
    .option('--offline <folder>', '离线目录 / the offline folder')
    .action(async (flags: StoreFlags) => {
      const keys = await openStore(terminal, flags);
      const folder = {
        root: keys.root,
        demo: keys.demo,
        offline: flags.offline,
        passphrase: secretOf(terminal, 'QIAO_KEYS_PASSPHRASE'),
        offlinePassphrase: secretOf(terminal, 'QIAO_OFFLINE_PASSPHRASE'),
      };
      for (const name of authoritiesAtHand(folder)) {
        await renewCrl(folder, name, terminal.nowMs());
        await write(terminal.stdout, `已更新 renewed  crl/${name}.crl.pem\n`);
      }
      end(EXIT.done);
    });
};
