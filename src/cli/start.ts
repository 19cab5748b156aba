import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { adapters } from '../../adapters/all.ts';
import { addFirstAccount, openTerminalSession } from '../access/access.ts';
import { plainAddresses } from '../config.ts';
import { type Gateway, openGateway } from '../gateway.ts';
import { startEmbedded } from '../journal/embedded.ts';
import { type KeyStore, openKeyStore } from '../trust/keystore.ts';
import { calendarsFor } from './calendars.ts';
import type { AddCommand } from './command.ts';
import { configFor } from './config.ts';
import { openLog } from './log.ts';
import { write } from './output.ts';
import { settlementRulesFor } from './settlement.ts';
import { EXIT } from './terminal.ts';
import { tolerancesFor } from './tolerances.ts';

const PLAIN =
  '  !! 与交易所之间没有 TLS（仅供试用）/ lines to exchanges without TLS (for trials only): QIAO_PLAIN_LINKS=refuse';

/** `qiao start`: the gateway, until it is told to stop. */
export const addStart: AddCommand = (program, { terminal, end }) => {
  program
    .command('start')
    .description('启动网关 / the gateway, until SIGINT or SIGTERM')
    .action(async () => {
      const config = configFor(terminal.env);
      const log = openLog(config.logLevel);
      const stopped = terminal.stopped();
      const calendars = calendarsFor(config);
      const settlementRules = settlementRulesFor(config);
      const tolerances = tolerancesFor(config);
      let cut = false;
      const embedded =
        config.databaseUrl === undefined
          ? await startEmbedded({
              folder: join(config.dataFolder, 'database'),
              log: (line) => log('info', 'embedded', { line }),
            })
          : undefined;
      const { sm2Threads: threads, sm2Waiting: waiting } = config.limits;
      let keys: KeyStore | undefined;
      try {
        keys = await openKeyStore(config.keysFolder, {
          demo: !config.production,
          nowMs: terminal.nowMs,
          passphrase: config.keysPassphrase,
          sm2Threads: { threads, waiting, onFault: (error) => log('error', 'sm2-thread', { error }) },
        });
        const gateway = await openGateway({
          config,
          adapters,
          keys,
          databaseUrl: config.databaseUrl ?? embedded!.url,
          calendars,
          settlementRules,
          tolerances,
          log,
        });
        await write(
          terminal.stdout,
          [
            '桥 Qiao 已就绪 / is up',
            `  网关 gateway   ${gateway.url}`,
            `  文档 docs      ${gateway.url}/docs`,
            ...(gateway.exchangeUrl === undefined ? [] : [`  交易所 mTLS    ${gateway.exchangeUrl}`]),
            ...(plainAddresses(config.exchanges).length === 0 ? [] : [PLAIN]),
            `  数据库 store   ${embedded === undefined ? 'DATABASE_URL' : '内置 PostgreSQL（仅供试用）/ embedded PostgreSQL (not for production)'}`,
            `  队列 queue     ${config.redisUrl === undefined ? 'BullMQ · PostgreSQL' : 'BullMQ · Redis'}`,
            ...(await firstSteps(gateway, embedded !== undefined, !config.production && isTerminal(terminal.stdout))),
            '',
          ].join('\n'),
        );
        await stopped;
        cut = !(await gateway.stop());
      } finally {
        await keys?.close();
        await embedded?.stop();
      }
      // What was cut may hold the process for as long as its own limits allow; nobody waits for it any more.
      if (cut) setTimeout(() => process.exit(EXIT.failed), 1_000).unref();
      end(cut ? EXIT.failed : EXIT.done);
    });
};

/**
 * How to get in, said to somebody at a terminal and nowhere else (what goes into a file stays there): the first account
 * with its password, once; on the embedded database a session for this run, too, so that one command shows what is there.
 */
async function firstSteps(gateway: Gateway, embedded: boolean, isTrial: boolean): Promise<readonly string[]> {
  const at = new Date();
  const password = isTrial ? await addFirstAccount(gateway.database, gateway.access, at) : undefined;
  const session = isTrial && embedded ? await openTerminalSession(gateway.database, gateway.access, at) : undefined;
  return [
    ...(password === undefined
      ? []
      : [`  账号 account   admin · 口令（只显示这一次）password, shown this once: ${password}`]),
    ...(session === undefined
      ? ['  账号 accounts  npx qiao users add NAME --role supervisor']
      : [
          '  看一看 look    （闲置后失效，重启即得新的 / ends when it lies idle, a restart gives another）',
          `    curl -H 'Authorization: Bearer ${session.token}' ${gateway.url}/v1/listings`,
        ]),
  ];
}

function isTerminal(stream: Writable & { readonly isTTY?: boolean }): boolean {
  return stream.isTTY === true;
}
