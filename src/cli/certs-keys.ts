import { InvalidArgumentError, Option } from 'commander';
import { exchangeNames, exchanges, isExchange } from '../contract/exchange.ts';
import { refuse } from '../contract/refusal.ts';
import { verifierKey, writeVerifierKey } from '../log/note.ts';
import { encrypted } from '../trust/ceremony.ts';
import { enrol, type HeldUse, install } from '../trust/enrolment-keys.ts';
import { writeStoreFile } from '../trust/keystore-files.ts';
import { type KeyKind, makeKeyPem, readPrivateKey } from '../trust/pki/keys.ts';
import { PolicyProblem } from '../trust/pki/policy.ts';
import { witnessName } from '../trust/trust-anchor.ts';
import { newPassphrase, type StoreFlags, secretOf, storeFolder } from './certs-desk.ts';
import { keyInPkcs12 } from './certs-pkcs12.ts';
import { type AddCommand, exchangeArgument } from './command.ts';
import { readInput } from './input.ts';
import { refuseInput, write } from './output.ts';
import { EXIT, type Exit, type Terminal } from './terminal.ts';

interface EnrolFlags extends StoreFlags {
  readonly use: HeldUse | 'witness';
  readonly exchange?: string;
  readonly host: readonly string[];
  readonly name?: string;
  readonly pkcs12?: string;
}

const USES: Readonly<Record<HeldUse, KeyKind | undefined>> = {
  envelope: 'ed25519',
  'envelope-sm2': 'sm2',
  'envelope-es256': 'p256',
  tls: 'p256',
  link: undefined,
};
const LINK_KINDS: Readonly<Record<string, KeyKind>> = { ctex: 'rsa', stex: 'sm2', szse: 'p256' };
export const useOption = () =>
  new Option('--use <use>', '用途 / what the key is for')
    .choices([...Object.keys(USES), 'witness'])
    .makeOptionMandatory();

/** `qiao certs enrol`: a key is made here and stays here; the request goes to the operators. */
export const addEnrol: AddCommand = (certs, { terminal, end }) => {
  certs
    .command('enrol')
    .description('生成密钥与证书申请（持有者一侧）/ make a key and its request, where it will be used')
    .argument('<participant>', 'qiao | ctex | stex | szse', participantArgument)
    .addOption(useOption())
    .option(
      '--exchange <exchange>',
      '网关接口密钥属于哪一所 / whose protocol, for a link key of qiao',
      exchangeArgument,
    )
    .option('--host <name>', 'TLS 主机名 / a host name, for TLS', repeated(), [])
    .option('--name <text>', '名称 / the name in the certificate')
    .option('--pkcs12 <file>', '已有密钥（PKCS #12）/ a key that is there already')
    .option('--store <folder>', '密钥库 / the key store')
    .action(async (participant: string, flags: EnrolFlags) => {
      const root = storeFolder(terminal, flags);
      const passphrase = newPassphrase(terminal, 'QIAO_KEYS_PASSPHRASE');
      if (flags.use === 'witness') {
        const pem = makeKeyPem('ed25519');
        writeStoreFile(`${root}/witnesses/${participant}/cosign.key.pem`, encrypted(pem, passphrase));
        const key = writeVerifierKey(verifierKey(witnessName(participant), 'cosignature', readPrivateKey(pem).spki));
        await write(terminal.stdout, `${participant}=${key}\n`);
        return end(EXIT.done);
      }
      const given = flags.pkcs12 === undefined ? undefined : await keyInPkcs12(terminal, flags.pkcs12);
      if (given?.ok === false) return end(await refuseInput(terminal, given.refusals));
      const use = flags.use;
      const privateKeyPem = given?.value.privateKeyPem;
      const made = await byPolicy(terminal, () =>
        enrolHere(terminal, participant, { ...flags, use, privateKeyPem }, passphrase),
      );
      if (typeof made === 'number') return end(made);
      await write(
        terminal.stdout,
        [
          `申请 request      ${made.csrFile}`,
          `指纹 fingerprint  ${inGroups(made.fingerprint)}`,
          '请把申请发给操作员，并另经电话或当面核对指纹 / send the request, read the fingerprint out over another channel',
          '',
        ].join('\n'),
      );
      end(EXIT.done);
    });
};

/** @throws PolicyProblem */
export async function enrolHere(
  terminal: Terminal,
  participant: string,
  flags: StoreFlags & {
    readonly use: HeldUse;
    readonly exchange?: string;
    readonly host?: readonly string[];
    readonly name?: string;
    readonly privateKeyPem?: string | undefined;
  },
  passphrase: string | undefined,
) {
  const link = participant === 'qiao' ? flags.exchange : participant;
  const kind = USES[flags.use] ?? LINK_KINDS[String(link)];
  if (kind === undefined) throw new PolicyProblem('请用 --exchange 指明接口', 'name the link with --exchange');
  return enrol({
    root: storeFolder(terminal, flags),
    participant,
    use: flags.use,
    kind,
    name: flags.name ?? (isExchange(participant) ? exchangeNames[participant].zh : '桥 联邦网关 / Qiao gateway'),
    hosts: flags.use === 'tls' && (flags.host ?? []).length === 0 ? ['localhost', '127.0.0.1'] : (flags.host ?? []),
    exchange: flags.use === 'link' && participant === 'qiao' ? flags.exchange : undefined,
    passphrase,
    privateKeyPem: flags.privateKeyPem,
  });
}

/** `qiao certs install`: the certificate has come back, the key that waited for it takes its place. */
export const addInstall: AddCommand = (certs, { terminal, end }) => {
  certs
    .command('install')
    .description('装入签发的证书，其密钥就位 / put the key of this certificate in its place')
    .argument('<file>', '证书链 PEM / the chain, PEM')
    .option('--store <folder>', '密钥库 / the key store')
    .action(async (file: string, flags: StoreFlags) => {
      const input = await readInput(terminal, file);
      if (!input.ok) return end(await refuseInput(terminal, input.refusals));
      const chain = Buffer.from(input.value).toString('utf8');
      const done = install(storeFolder(terminal, flags), chain, secretOf(terminal, 'QIAO_KEYS_PASSPHRASE'));
      if (!done.ok) return end(await refuseInput(terminal, done.refusals));
      await write(terminal.stdout, `已装入 installed  ${done.value}\n`);
      end(EXIT.done);
    });
};

/** What the policy does not allow is refused input. */
export async function byPolicy<T>(terminal: Terminal, work: () => Promise<T>): Promise<T | Exit> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PolicyProblem)) throw error;
    return refuseInput(terminal, [refuse('outside-policy', '', `${error.zh} / ${error.en}`)]);
  }
}

/** Eight groups of eight, as people read it out. */
export function inGroups(fingerprint: string): string {
  return fingerprint.match(/.{8}/g)?.join(' ') ?? fingerprint;
}

export function participantArgument(text: string): string {
  if (text === 'qiao' || isExchange(text)) return text;
  throw new InvalidArgumentError(`须为其中之一 / must be one of: qiao, ${exchanges.join(', ')}`);
}

/** An option that may be given several times. */
export function repeated(check: (text: string) => string = (text) => text) {
  let own = false;
  return (text: string, before: readonly string[] | undefined): readonly string[] => {
    const given = own ? (before ?? []) : [];
    own = true;
    return [...given, check(text)];
  };
}
