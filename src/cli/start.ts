import { join } from 'node:path';
import pino from 'pino';
import { adapters } from '../../adapters/all.ts';
import { shownError } from '../faults.ts';
import type { Log } from '../gateway.ts';
import { openGateway } from '../gateway.ts';
import { startEmbedded } from '../journal/embedded.ts';
import { openKeyStore } from '../trust/keystore.ts';
import { calendarsFor } from './calendars.ts';
import type { AddCommand } from './command.ts';
import { configFor } from './config.ts';
import { write } from './output.ts';
import { EXIT } from './terminal.ts';

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
      let cut = false;
      const embedded =
        config.databaseUrl === undefined
          ? await startEmbedded({
              folder: join(config.dataFolder, 'database'),
              log: (line) => log('info', 'embedded', { line }),
            })
          : undefined;
      try {
        const gateway = await openGateway({
          config,
          adapters,
          keys: await openKeyStore(config.keysFolder, { demo: !config.production, nowMs: terminal.nowMs }),
          databaseUrl: config.databaseUrl ?? embedded!.url,
          calendars,
          log,
        });
        await write(
          terminal.stdout,
          [
            '桥 Qiao 已就绪 / is up',
            `  网关 gateway   ${gateway.url}`,
            `  文档 docs      ${gateway.url}/docs`,
            `  数据库 store   ${embedded === undefined ? 'DATABASE_URL' : '内置 PostgreSQL（仅供试用）/ embedded PostgreSQL (not for production)'}`,
            `  队列 queue     ${config.redisUrl === undefined ? 'BullMQ · PostgreSQL' : 'BullMQ · Redis'}`,
            '',
          ].join('\n'),
        );
        await stopped;
        cut = !(await gateway.stop());
      } finally {
        await embedded?.stop();
      }
      // What was cut may hold the process for as long as its own limits allow; nobody waits for it any more.
      if (cut) setTimeout(() => process.exit(EXIT.failed), 1_000).unref();
      end(cut ? EXIT.failed : EXIT.done);
    });
};

/** One JSON line for each event; of an error its message, code, stack and cause, never the objects it carries. */
export function openLog(level: string): Log {
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
  return (severity, event, fields) => {
    const { error, ...rest } = fields ?? {};
    logger[severity]({ ...rest, ...(error === undefined ? {} : { error: shown(error) }) }, event);
  };
}

function shown(error: unknown): unknown {
  return error instanceof Error ? shownError(error) : error;
}
