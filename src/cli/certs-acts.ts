import { type Command, Option } from 'commander';
import { isInstant } from '../contract/dates.ts';
import { type Checked, refuse, refused } from '../contract/refusal.ts';
import { type Pending, propose } from '../trust/enrolment-desk.ts';
import { keyOf } from '../trust/enrolment-effects.ts';
import type { HeldUse } from '../trust/enrolment-keys.ts';
import { type Issuing, issueRequest, type OperatorDesk, type Use } from '../trust/enrolment-request.ts';
import { dersOfPem } from '../trust/pki/pem.ts';
import { newPassphrase, type OperatorFlags, openDesk } from './certs-desk.ts';
import { byPolicy, enrolHere, inGroups, participantArgument, useOption } from './certs-keys.ts';
import { type AddCommand, exchangeArgument, instantArgument } from './command.ts';
import { readInput } from './input.ts';
import { refuseInput, write } from './output.ts';
import { EXIT, type Exit, type Terminal } from './terminal.ts';

interface IssueFlags extends OperatorFlags {
  readonly use: Use;
  readonly csr: string;
  readonly fingerprint: string;
  readonly exchange?: string;
  readonly from?: string;
}

/** `qiao certs issue`: the first operator puts a request before the second. */
export const addIssue: AddCommand = (certs, { terminal, end }) => {
  byOperator(certs.command('issue'))
    .description('提出签发（第一名操作员）/ propose a certificate; a second operator approves')
    .argument('<participant>', 'qiao | ctex | stex | szse', participantArgument)
    .addOption(new Option('--use <use>').choices(['envelope', 'link', 'tls']).makeOptionMandatory())
    .requiredOption('--csr <file>', '证书申请 / the request, PEM')
    .requiredOption('--fingerprint <hex>', '另经他途核对的指纹 / as read out over another channel')
    .option(
      '--exchange <exchange>',
      '网关接口密钥属于哪一所 / whose protocol, for a link key of qiao',
      exchangeArgument,
    )
    .option('--from <instant>', '启用时刻 / when it begins; else the earliest allowed', instantArgument)
    .action(async (participant: string, flags: IssueFlags) => {
      const desk = await openDesk(terminal, flags);
      const input = await readInput(terminal, flags.csr);
      if (!input.ok) return end(await refuseInput(terminal, input.refusals));
      const [csr] = dersOfPem('CERTIFICATE REQUEST', Buffer.from(input.value).toString('latin1'));
      if (csr === undefined)
        return end(await refuseInput(terminal, [refuse('bad-format', '/csr', 'CERTIFICATE REQUEST')]));
      const { use, fingerprint } = flags;
      end(await proposeKey(terminal, desk, { participant, use, csr, fingerprint, ...placed(flags) }));
    });
};

interface RotateFlags extends OperatorFlags {
  readonly use: HeldUse | 'witness';
  readonly exchange?: string;
  readonly from?: string;
}

/** `qiao certs rotate`: a new key for one that is held here, proposed at once; it begins a day later, the old one ends a week after. */
export const addRotate: AddCommand = (certs, { terminal, end }) => {
  byOperator(certs.command('rotate'))
    .description(
      '轮换本库持有的密钥：24 小时后启用，重叠 7 天 / a successor for a key held here: in use after 24 h, 7 days overlap',
    )
    .argument('<participant>', 'qiao | ctex | stex | szse', participantArgument)
    .addOption(useOption())
    .option(
      '--exchange <exchange>',
      '网关接口密钥属于哪一所 / whose protocol, for a link key of qiao',
      exchangeArgument,
    )
    .option('--from <instant>', '启用时刻 / when it begins; else the earliest allowed', instantArgument)
    .action(async (participant: string, flags: RotateFlags) => {
      const { use } = flags;
      if (use === 'witness') return end(await refuseInput(terminal, [refuse('not-expressible', '/use', use)]));
      const desk = await openDesk(terminal, flags);
      const passphrase = desk.demo ? desk.passphrase : newPassphrase(terminal, 'QIAO_KEYS_PASSPHRASE');
      const made = await byPolicy(terminal, () =>
        enrolHere(terminal, participant, { ...flags, use, store: desk.root }, passphrase),
      );
      if (typeof made === 'number') return end(made);
      const kind: Use = use === 'tls' || use === 'link' ? use : 'envelope';
      const { csr, fingerprint } = made;
      end(await proposeKey(terminal, desk, { participant, use: kind, csr, fingerprint, ...placed(flags) }));
    });
};

async function proposeKey(terminal: Terminal, desk: OperatorDesk, issuing: Issuing): Promise<Exit> {
  const request = await issueRequest(desk, issuing);
  return showPending(terminal, desk, request.ok ? await propose(desk, request.value) : refused(...request.refusals));
}

/** What was proposed, and what the second operator types. */
export async function showPending(terminal: Terminal, desk: OperatorDesk, proposed: Checked<Pending>): Promise<Exit> {
  if (!proposed.ok) return refuseInput(terminal, proposed.refusals);
  const { id, proposal } = proposed.value;
  const { request } = proposal;
  const key = request.act === 'issue' ? keyOf(request, desk.sm2) : undefined;
  const lines = [`待批 pending       ${id}`];
  if (request.act === 'issue' && request.use !== 'tls') {
    const { kid, notBefore, notAfter } = request.record;
    lines.push(`密钥 key           ${kid}`, `启用 begins        ${notBefore}`, `到期 ends          ${notAfter}`);
  }
  if (key?.ok) lines.push(`指纹 fingerprint   ${inGroups(key.value.fingerprint)}`);
  lines.push(
    `另一名操作员 / another operator: qiao certs approve ${id} --operator <name>${key === undefined ? '' : ' --fingerprint <hex>'}`,
  );
  await write(terminal.stdout, `${lines.join('\n')}\n`);
  return EXIT.done;
}

function placed({ exchange, from }: { readonly exchange?: string; readonly from?: string }) {
  return {
    ...(exchange === undefined ? {} : { exchange }),
    ...(from === undefined || !isInstant(from) ? {} : { beginsMs: Date.parse(from) }),
  };
}

export function byOperator(command: Command): Command {
  return command
    .requiredOption('--operator <name>', '操作员 / the operator')
    .option('--operator-key <file>', '操作员密钥 / their key; else operators/<name>.key.pem')
    .option('--store <folder>', '密钥库 / the key store')
    .option('--offline <folder>', '离线目录 / the offline folder');
}
