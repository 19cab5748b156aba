import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { isExchange } from '../contract/exchange.ts';
import { refuse } from '../contract/refusal.ts';
import { holdCeremony } from '../trust/ceremony.ts';
import { OPERATOR_NAME } from '../trust/trust-anchor.ts';
import { newPassphrase, passphraseVariable, type StoreFlags, storeFolder } from './certs-desk.ts';
import { byPolicy, repeated } from './certs-keys.ts';
import type { AddCommand } from './command.ts';
import { refuseInput, write } from './output.ts';
import { EXIT } from './terminal.ts';

interface InitFlags extends StoreFlags {
  readonly operator: readonly string[];
  readonly witness: readonly string[];
  readonly host: readonly string[];
  readonly offline: string;
}

/** `qiao certs init`: the beginning of a federation, with all operators present. */
export const addInit: AddCommand = (certs, { terminal, end }) => {
  certs
    .command('init')
    .description(
      '建立三套证书体系、操作员与日志密钥、信任锚和首版信任清单 / hierarchies, operators, anchor, first list',
    )
    .requiredOption('--operator <name>', '操作员，至少两名 / an operator; at least two', repeated(operatorArgument))
    .requiredOption('--offline <folder>', '离线目录：根密钥与操作员密钥 / roots and operators keys, to be taken away')
    .requiredOption(
      '--witness <exchange=key>',
      '各所见证人公钥 / a witness key, from enrol --use witness',
      repeated(witnessArgument),
    )
    .option('--host <name>', '网关 TLS 证书的主机名 / a host name of the gateway', repeated(), [
      'localhost',
      '127.0.0.1',
    ])
    .option('--store <folder>', '密钥库 / the key store')
    .action(async (flags: InitFlags) => {
      const root = flags.store === undefined ? storeFolder(terminal, flags) : resolve(flags.store);
      const names = [...new Set(flags.operator)];
      if (names.length < 2)
        return end(await refuseInput(terminal, [refuse('same-operator', '/operator', names.join())]));
      const made = await byPolicy(terminal, () =>
        holdCeremony({
          root,
          offline: resolve(flags.offline),
          operators: names.map((name) => ({ name, passphrase: newPassphrase(terminal, passphraseVariable(name)) })),
          witnesses: flags.witness.map((text) => ({ exchange: text.slice(0, 4), key: text.slice(5) })),
          passphrase: newPassphrase(terminal, 'QIAO_KEYS_PASSPHRASE'),
          offlinePassphrase: newPassphrase(terminal, 'QIAO_OFFLINE_PASSPHRASE'),
          hosts: flags.host,
          nowMs: terminal.nowMs(),
        }),
      );
      if (typeof made === 'number') return end(made);
      if (!made.ok) return end(await refuseInput(terminal, made.refusals));
      await write(
        terminal.stdout,
        [
          `密钥库 store      ${root}`,
          `离线 offline      ${resolve(flags.offline)}  （根密钥、操作员密钥：请移走 / take it away）`,
          `信任锚 anchor     ${root}/anchor.json  （交给每个验证方 / give it to every verifier）`,
          `操作员 operators  ${names.join(', ')}`,
          '',
        ].join('\n'),
      );
      end(EXIT.done);
    });
};

function operatorArgument(text: string): string {
  if (OPERATOR_NAME.test(text)) return text;
  throw new InvalidArgumentError('须为小写字母、数字与连字符 / lower-case letters, digits and hyphens');
}

function witnessArgument(text: string): string {
  if (isExchange(text.slice(0, 4)) && text[4] === '=') return text;
  throw new InvalidArgumentError('须为 <交易所>=<公钥> / must be <exchange>=<verifier key>');
}
