import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { adapters } from '../../adapters/all.ts';
import type { Log } from '../gateway.ts';
import { openGateway } from '../gateway.ts';
import { startEmbedded } from '../journal/embedded.ts';
import { createCalendars, type HolidayNotice } from '../rules/calendar.ts';
import { openKeyStore } from '../trust/keystore.ts';
import type { AddCommand } from './command.ts';
import { configFor } from './config.ts';
import { write } from './output.ts';
import { EXIT, Surroundings } from './terminal.ts';

/** `qiao start`: the gateway, until it is told to stop. */
export const addStart: AddCommand = (program, { terminal, end }) => {
  program
    .command('start')
    .description('启动网关 / the gateway, until SIGINT or SIGTERM')
    .action(async () => {
      const config = configFor(terminal.env);
      const log = openLog(config.logLevel);
      const stopped = terminal.stopped();
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
          keys: openKeyStore(config.keysFolder, { demo: !config.production, now: new Date(terminal.nowMs()) }),
          databaseUrl: config.databaseUrl ?? embedded!.url,
          ...(config.calendarFile === undefined
            ? {}
            : { calendars: createCalendars(readNotices(config.calendarFile)) }),
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
        await gateway.stop();
      } finally {
        await embedded?.stop();
      }
      end(EXIT.done);
    });
};

/** One JSON line for each event; errors keep their cause, never a message body. */
export function openLog(level: string): Log {
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
  return (severity, event, fields) => {
    const { error, ...rest } = fields ?? {};
    logger[severity]({ ...rest, ...(error === undefined ? {} : { err: error }) }, event);
  };
}

function readNotices(file: string): readonly HolidayNotice[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as readonly HolidayNotice[];
  } catch (error) {
    throw new Surroundings(
      `QIAO_CALENDAR 所指文件无法读取：${file}`,
      `QIAO_CALENDAR names a file that cannot be read: ${file}`,
      error,
    );
  }
}
