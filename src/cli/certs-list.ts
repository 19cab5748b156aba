import { instantAt } from '../contract/dates.ts';
import { pendingIds, readPending } from '../trust/enrolment-desk.ts';
import { type Expiry, expiriesOf, tlsLeavesOf } from '../trust/expiry.ts';
import { openStore, type StoreFlags } from './certs-desk.ts';
import type { AddCommand } from './command.ts';
import { write, writeJson } from './output.ts';
import { EXIT } from './terminal.ts';

/** `qiao certs list`: the trust list in force, how long everything lasts, and what waits for a second operator. */
export const addList: AddCommand = (certs, { terminal, end }) => {
  certs
    .command('list')
    .description('生效的密钥与证书、剩余天数、待批事项 / keys and certificates, days left, what is pending')
    .option('--store <folder>', '密钥库 / the key store')
    .option('--json', '以 JSON 输出 / as JSON')
    .action(async (flags: StoreFlags & { readonly json?: true }) => {
      const keys = await openStore(terminal, flags);
      const nowMs = terminal.nowMs();
      const list = keys.trust.current;
      const expiries = expiriesOf({ list, tls: tlsLeavesOf(keys), crls: keys.crls(), nowMs });
      const pending = pendingIds(keys.root).map((id) => {
        const read = readPending(keys.root, id, keys.anchor);
        return read.ok
          ? { id, operators: read.value.operators, at: read.value.proposal.at, act: read.value.proposal.request.act }
          : { id, refused: read.refusals };
      });
      if (flags.json) {
        await writeJson(terminal.stdout, {
          version: list.version,
          sha256: list.sha256,
          operators: list.operators,
          entries: list.records,
          links: list.links,
          expiries,
          pending,
        });
        return end(EXIT.done);
      }
      const { table } = await import('./table.ts');
      const left = new Map(expiries.map((one) => [one.kid, one]));
      const lines = [...list.records, ...list.links].map((record) => [
        record.kid,
        record.status === 'revoked' ? '已吊销 revoked' : shownTerm(left.get(record.kid)),
        record.notBefore,
        record.revokedAt ?? record.notAfter,
      ]);
      const certificates = expiries
        .filter(({ kind }) => kind === 'tls-certificate' || kind === 'revocation-list')
        .map((one) => [one.kid, shownTerm(one), '', instantAt(one.notAfterMs)]);
      await write(
        terminal.stdout,
        `信任清单 v${list.version} ${list.sha256.slice(0, 16)}…  ${list.operators.join(' + ')}  ${keys.root}\n`,
      );
      const head = ['密钥 key', '剩余天数 days left', '起 from', '止 until'];
      await write(terminal.stdout, table(head, [...lines, ...certificates]));
      for (const one of pending) {
        const said = 'refused' in one ? '无效 not valid' : `${one.act}  ${one.at}  ${one.operators?.join(' + ')}`;
        await write(terminal.stdout, `待批 pending  ${one.id}  ${said}\n`);
      }
      end(EXIT.done);
    });
};

function shownTerm(expiry: Expiry | undefined): string {
  if (expiry === undefined) return '已结束 ended';
  const mark = {
    0: '已到期 ended',
    1: '一天内 within a day',
    7: '七天内 within 7 days',
    30: '三十天内 within 30 days',
  };
  return expiry.warning === undefined ? String(expiry.daysLeft) : `${expiry.daysLeft}  ${mark[expiry.warning]}`;
}
