import { randomBytes } from 'node:crypto';
import { dateAt } from '../contract/dates.ts';
import { type Exchange, exchangeNames } from '../contract/exchange.ts';
import { formatFen } from '../contract/money.ts';
import { type AddCommand, dateArgument, exchangeArgument, portArgument } from './command.ts';
import { configFor } from './config.ts';
import { write, writeJson } from './output.ts';
import { EXIT, Surroundings } from './terminal.ts';

interface ServeOptions {
  readonly books: string;
  readonly port: number;
  readonly plain?: true;
}

interface CompareOptions {
  readonly books: string;
  readonly with: Exchange;
  readonly url: string;
  readonly since?: string;
}

/** `qiao standing serve|compare <exchange>`: an exchange's side of the check between closes, where its books are. */
export const addStanding: AddCommand = (program, { terminal, end }) => {
  const standing = program
    .command('standing')
    .description("交易所一方的常设核对 / the exchange's side of the check between closes: no books are sent");
  const books = [
    '--books <folder>',
    '账簿目录：每业务日一份本所对账单 / its own statements, one a business day',
  ] as const;
  standing
    .command('serve')
    .description('应答网关与其他交易所的核对 / answer the gateway and, on the deals with them, other exchanges')
    .argument('<exchange>', 'ctex | stex | szse', exchangeArgument)
    .requiredOption(...books)
    .option('--port <port>', '监听端口，0 为任意 / port to listen on, 0 for any', portArgument, 0)
    .option('--plain', '不用 TLS（生产环境不允许）/ without TLS, never in production')
    .action(async (exchange: Exchange, options: ServeOptions) => {
      const stopped = terminal.stopped();
      const config = configFor(terminal.env);
      if (options.plain && config.production) {
        throw new Surroundings('NODE_ENV=production 下不允许 --plain', '--plain is refused under NODE_ENV=production');
      }
      const [{ startOwnPost }, { openLog }, ground] = await Promise.all([
        import('./standing-posts.ts'),
        import('./log.ts'),
        groundOf(exchange, options.books, config, terminal.nowMs),
      ]);
      try {
        const post = await startOwnPost({
          ...ground,
          host: config.host,
          port: options.port,
          plain: options.plain === true,
          limits: config.limits,
          log: openLog(config.logLevel),
          nowMs: terminal.nowMs,
        }).catch(orTaken);
        const { zh, en } = exchangeNames[exchange];
        await write(
          terminal.stdout,
          [
            `${exchange}  ${zh} · 常设核对 / standing check, ${en}`,
            `url      ${post.url}`,
            `books    ${options.books}`,
            '按 Ctrl-C 结束 / Ctrl-C ends it',
            '',
          ].join('\n'),
        );
        await stopped;
        await post.close();
      } finally {
        await ground.keys.close();
      }
      end(EXIT.done);
    });
  standing
    .command('compare')
    .description('不经网关，直接与另一交易所核对成交条款 / with another exchange directly, without the gateway')
    .argument('<exchange>', 'ctex | stex | szse', exchangeArgument)
    .requiredOption(...books)
    .requiredOption('--with <exchange>', '另一交易所 / the other exchange', exchangeArgument)
    .requiredOption('--url <url>', '其核对服务的地址 / the address of its standing post')
    .option('--since <date>', '自该业务日起（默认今日）/ from that business day on, today by default', dateArgument)
    .action(async (exchange: Exchange, options: CompareOptions) => {
      const config = configFor(terminal.env);
      const [{ compareOwn }, ground] = await Promise.all([
        import('./standing-posts.ts'),
        groundOf(exchange, options.books, config, terminal.nowMs),
      ]);
      try {
        const compared = await compareOwn({
          ...ground,
          other: options.with,
          url: options.url,
          since: options.since ?? dateAt(terminal.nowMs()),
          secret: randomBytes(32),
          limits: config.limits,
          nowMs: terminal.nowMs,
        }).catch((error: Error) => {
          const { with: other, url } = options;
          throw new Surroundings(
            `无法与 ${other} 核对（${url}：${error.message}）`,
            `cannot compare with ${other} (${url}: ${error.message})`,
            error,
          );
        });
        const shown = (said: (typeof compared)['mine']) =>
          said.map(({ row: { priceFen, feeFen: _, ...row } }) => ({ ...row, price: formatFen(priceFen, 'yuan') }));
        const { rows, cells, bytes, unread, mine, theirs } = compared;
        await writeJson(terminal.stdout, {
          rows: { [exchange]: rows[0], [options.with]: rows[1] },
          ...{ cells, bytes, unread },
          only: { [exchange]: shown(mine), [options.with]: shown(theirs) },
        });
        end(mine.length + theirs.length + unread === 0 ? EXIT.done : EXIT.refused);
      } finally {
        await ground.keys.close();
      }
    });
};

async function groundOf(exchange: Exchange, folder: string, config: ReturnType<typeof configFor>, nowMs: () => number) {
  const [{ adapters }, { openKeyStore }, { booksIn }] = await Promise.all([
    import('../../adapters/all.ts'),
    import('../trust/keystore.ts'),
    import('./standing-folder.ts'),
  ]);
  const adapter = adapters.find((one) => one.exchange === exchange)!;
  const books = await booksIn(folder);
  const { production, keysFolder, keysPassphrase: passphrase } = config;
  return { adapter, books, keys: await openKeyStore(keysFolder, { demo: !production, nowMs, passphrase }) };
}

function orTaken(error: unknown): never {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
  throw new Surroundings(
    '端口已被占用，请换用 --port（0 为任意空闲端口）',
    'the port is taken: choose another with --port (0 takes any free one)',
    error,
  );
}
