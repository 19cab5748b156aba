import { randomBytes } from 'node:crypto';
import { exchangeNames } from '../contract/exchange.ts';
import { repeat } from '../gateway-timing.ts';
import { type AddCommand, exchangeArgument, portArgument, tokenArgument } from './command.ts';
import { configFor } from './config.ts';
import { write } from './output.ts';
import { EXIT, Surroundings } from './terminal.ts';

interface MockOptions {
  readonly port: number;
  readonly filePort: number;
  readonly deskPort: number;
  readonly standingPort?: number;
  readonly gateway?: string;
  readonly member?: string;
  readonly tls?: true;
}

/** `qiao mock <exchange>`: one mock exchange from its profile, until it is told to stop. */
export const addMock: AddCommand = (program, { terminal, end }) => {
  program
    .command('mock')
    .description('独立运行一家模拟交易所 / one mock exchange from its profile, on 127.0.0.1')
    .argument('<exchange>', 'ctex | stex | szse', exchangeArgument)
    .option('--port <port>', '监听端口，0 为任意 / port to listen on, 0 for any', portArgument, 0)
    .option('--file-port <port>', '文件端口（szse）/ port of the day-end files (szse)', portArgument, 0)
    .option('--desk-port <port>', '前台控制端口 / port of the desk', portArgument, 0)
    .option(
      '--standing-port <port>',
      '核对端口；不设则不开放 / port of its standing post; closed without it',
      portArgument,
    )
    .option('--gateway <url>', '网关地址，供推送（ctex）/ base address of the gateway, where it pushes (ctex)')
    .option('--member <code>', "网关在该所的会员号 / the gateway's name at this exchange", tokenArgument)
    .option('--tls', '双向 TLS，以密钥库中该所的证书 / mutual TLS, by the certificates in the key store')
    .action(async (exchange: ReturnType<typeof exchangeArgument>, options: MockOptions) => {
      // Listened for from the first moment: whoever reads the addresses may end it right away.
      const stopped = terminal.stopped();
      const config = configFor(terminal.env);
      if (config.production) {
        throw new Surroundings(
          'NODE_ENV=production 下不运行模拟交易所；请去掉该变量',
          'a mock exchange does not run under NODE_ENV=production: unset it',
        );
      }
      const [{ openKeyStore }, { mockTlsOf }, { mocks }, { openDesk }] = await Promise.all([
        import('../trust/keystore.ts'),
        import('../trust/tls-material.ts'),
        import('../../adapters/mocks.ts'),
        import('../../adapters/desk.ts'),
      ]);
      const keys = await openKeyStore(config.keysFolder, { demo: true, nowMs: terminal.nowMs });
      const mock = mocks[exchange]();
      const member = options.member ?? config.member;
      // Revocations count here, too, as soon as the key store has them.
      const stopLooking = repeat(
        async () => keys.refresh(),
        config.limits.trustPollMs,
        () => {},
      );
      const closes: (() => Promise<unknown>)[] = [];
      const openPost = async (port: number) => {
        const [{ adapters }, { joinedPages, startOwnPost }, { openLog }] = await Promise.all([
          import('../../adapters/all.ts'),
          import('./standing-posts.ts'),
          import('./log.ts'),
        ]);
        return startOwnPost({
          adapter: adapters.find((one) => one.exchange === exchange)!,
          books: (since) => joinedPages(mock.booksSince(since)),
          keys,
          host: '127.0.0.1',
          port,
          plain: options.tls === undefined,
          limits: config.limits,
          log: openLog(config.logLevel),
          nowMs: terminal.nowMs,
        });
      };
      try {
        const address = await mock.start({
          ...keys.mock(exchange),
          ...(options.tls === undefined ? {} : { tls: mockTlsOf(keys, exchange) }),
          member,
          port: options.port,
          filePort: options.filePort,
          ...(options.gateway === undefined ? {} : { gatewayUrl: options.gateway }),
          nowMs: terminal.nowMs,
          nonce: () => randomBytes(16).toString('hex'),
        });
        const desk = await openDesk(mock, options.deskPort);
        closes.push(() => desk.stop());
        const post = options.standingPort === undefined ? undefined : await openPost(options.standingPort);
        if (post !== undefined) closes.push(() => post.close());
        const { zh, en } = exchangeNames[exchange];
        const lines = [
          `${exchange}  ${zh}（模拟，依本项目的接口概要）/ ${en} (a mock, from this project's stand-in profile)`,
          ...(address.address === undefined ? [] : [`session  ${address.address}`]),
          ...(address.url === undefined ? [] : [`http     ${address.url}`]),
          `desk     ${desk.url}`,
          ...(post === undefined ? [] : [`standing ${post.url}`]),
          `keys     ${keys.root}`,
          `member   ${member}`,
          '按 Ctrl-C 结束 / Ctrl-C ends it',
        ];
        await write(terminal.stdout, `${lines.join('\n')}\n`);
        await stopped;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
        throw new Surroundings(
          '端口已被占用，请换用 --port、--file-port、--desk-port 或 --standing-port（0 为任意空闲端口）',
          'a port is taken: choose another with --port, --file-port, --desk-port or --standing-port (0 takes any free one)',
          error,
        );
      } finally {
        await stopLooking();
        await Promise.all(closes.map((close) => close()));
        await mock.stop();
      }
      end(EXIT.done);
    });
};
