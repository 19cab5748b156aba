import { join } from 'node:path';
import { exchangeNames } from '../contract/exchange.ts';
import { parseCheckpoint } from '../log/checkpoint.ts';
import { parseNote, writeVerifierKey } from '../log/note.ts';
import { type AddCommand, exchangeArgument, portArgument } from './command.ts';
import { configFor } from './config.ts';
import { write } from './output.ts';
import { EXIT, Surroundings } from './terminal.ts';

interface WitnessOptions {
  readonly port: number;
  readonly folder?: string;
  readonly plain?: true;
}

/** `qiao witness <exchange>`: an exchange's memory of the gateway's log, until it is told to stop. */
export const addWitness: AddCommand = (program, { terminal, end }) => {
  program
    .command('witness')
    .description("运行交易所一方的见证服务 / the exchange's side: a witness of the gateway's log, behind mutual TLS")
    .argument('<exchange>', 'ctex | stex | szse', exchangeArgument)
    .option('--port <port>', '监听端口，0 为任意 / port to listen on, 0 for any', portArgument, 0)
    .option('--folder <folder>', '保存检查点的目录 / where its checkpoints are kept (QIAO_DATA/witness/<exchange>)')
    .option('--plain', '不用 TLS（生产环境不允许）/ without TLS, never in production')
    .action(async (exchange: ReturnType<typeof exchangeArgument>, options: WitnessOptions) => {
      const stopped = terminal.stopped();
      const config = configFor(terminal.env);
      if (options.plain && config.production) {
        throw new Surroundings('NODE_ENV=production 下不允许 --plain', '--plain is refused under NODE_ENV=production');
      }
      const [{ openKeyStore }, { startOwnWitness }, { openLog }] = await Promise.all([
        import('../trust/keystore.ts'),
        import('./witness-start.ts'),
        import('./log.ts'),
      ]);
      const keys = await openKeyStore(config.keysFolder, {
        demo: !config.production,
        nowMs: terminal.nowMs,
        passphrase: config.keysPassphrase,
      });
      const folder = options.folder ?? join(config.dataFolder, 'witness', exchange);
      const witness = await startOwnWitness({
        exchange,
        keys,
        folder,
        host: config.host,
        port: options.port,
        plain: options.plain === true,
        limits: config.limits,
        log: openLog(config.logLevel),
        nowMs: terminal.nowMs,
      }).catch(orTaken);
      try {
        const { zh, en } = exchangeNames[exchange];
        await write(
          terminal.stdout,
          [
            `${exchange}  ${zh} · 流水见证 / witness of the log, ${en}`,
            `url      ${witness.url}`,
            `key      ${writeVerifierKey(keys.witness(exchange).key)}`,
            `folder   ${folder}`,
            `head     ${shownHead(await witness.head())}`,
            '按 Ctrl-C 结束 / Ctrl-C ends it',
            '',
          ].join('\n'),
        );
        await stopped;
      } finally {
        await witness.close();
        await keys.close();
      }
      end(EXIT.done);
    });
};

/** Without a head it believes the first checkpoint it is shown: whoever starts it must know whether that is right. */
function shownHead(note: Uint8Array | undefined): string {
  const checkpoint = note && parseCheckpoint(parseNote(note)?.text ?? '');
  if (checkpoint === undefined) {
    return '（无：将接受收到的第一个检查点；若曾经运行过，请先恢复目录）/ none: it takes the first checkpoint as it comes; if it ran before, restore its folder first';
  }
  return `${checkpoint.size} ${Buffer.from(checkpoint.root).toString('base64')}`;
}

function orTaken(error: unknown): never {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
  throw new Surroundings(
    '端口已被占用，请换用 --port（0 为任意空闲端口）',
    'the port is taken: choose another with --port (0 takes any free one)',
    error,
  );
}
