import { InvalidArgumentError, Option } from 'commander';
import { type Exchange, exchanges } from '../contract/exchange.ts';
import { type AddCommand, exchangeArgument } from './command.ts';
import { configFor } from './config.ts';
import { writeJson } from './output.ts';
import { EXIT } from './terminal.ts';

interface RelayOptions {
  readonly seconds: number;
  readonly window: number;
  readonly from?: Exchange;
  readonly plain?: true;
}

interface PoisonOptions {
  readonly minutes: number;
  readonly seconds: number;
  readonly streams: number;
  readonly window: number;
  readonly fault: 'dropped' | 'busy' | 'refuse';
}

/** `qiao bench relay`: measured figures as JSON on stdout, progress on stderr. */
export const addBench: AddCommand = (program, { terminal, end }) => {
  const bench = program.command('bench').description('实测性能 / measured figures, as JSON');
  bench
    .command('relay')
    .description('三家模拟交易所互相转发的吞吐与延迟 / listings relayed among three mock exchanges')
    .option('--seconds <n>', '每阶段秒数 / seconds for each phase', secondsArgument, 30)
    .option('--window <n>', '同时在途的项目数 / listings on the way at once', secondsArgument, 200)
    .option('--from <exchange>', '只由一家发布 / published at this exchange only', exchangeArgument)
    .option('--plain', '不用 TLS，供比较 / lines without TLS, for comparison')
    .action(async ({ seconds, window, from, plain }: RelayOptions) => {
      const { redisUrl } = configFor(terminal.env);
      const { benchRelay } = await import('../../bench/relay.ts');
      const figures = await benchRelay({
        seconds,
        window,
        from: from === undefined ? exchanges : [from],
        ...(redisUrl === undefined ? {} : { redisUrl }),
        ...(plain === undefined ? {} : { plain }),
        progress: (text) => void terminal.stderr.write(`${text}\n`),
      });
      await writeJson(terminal.stdout, figures);
      end(figures.checkedInBooks.found === figures.checkedInBooks.expected ? EXIT.done : EXIT.failed);
    });
  bench
    .command('reconcile')
    .description('从对账单文件到差错的用时与内存 / from statement files to classified breaks: time and memory')
    .option('--deals <n>', '成交笔数 / deals', dealsArgument, 1_000_000)
    .action(async ({ deals }: { readonly deals: number }) => {
      const { benchReconcile } = await import('../../bench/reconcile.ts');
      const progress = (text: string) => void terminal.stderr.write(`${text}\n`);
      const figures = await benchReconcile({ deals, progress });
      await writeJson(terminal.stdout, figures);
      const { expected, found, wrong } = figures.breaks;
      end(found === expected && wrong === 0 ? EXIT.done : EXIT.failed);
    });
  bench
    .command('sketch')
    .description(
      '日终之间核对的摘要：每笔更新与每处不同的代价 / sketches of the standing check: cost of an update and a difference',
    )
    .option('--deals <n>', '成交笔数 / deals', dealsArgument, 200_000)
    .action(async ({ deals }: { readonly deals: number }) => {
      const { benchSketch } = await import('../../bench/sketch.ts');
      const progress = (text: string) => void terminal.stderr.write(`${text}\n`);
      await writeJson(terminal.stdout, await benchSketch({ deals, progress }));
      end(EXIT.done);
    });
  bench
    .command('poison')
    .description('一条毒流对其余各流的影响，两两比较 / what one poisoned stream costs the others, in paired windows')
    .option('--minutes <n>', '各窗口共计分钟 / minutes for all windows', minutesArgument, 4)
    .option('--seconds <n>', '每窗口秒数 / seconds for each window', secondsArgument, 4)
    .option('--streams <n>', '流数 / streams', dealsArgument, 10_000)
    .option('--window <n>', '同时在途的消息数 / messages on the way at once', secondsArgument, 200)
    .addOption(
      new Option('--fault <fault>', '对方如何出错：断线、忙、拒绝 / how its host goes wrong')
        .choices(['dropped', 'busy', 'refuse'])
        .default('dropped'),
    )
    .action(async (options: PoisonOptions) => {
      const { redisUrl } = configFor(terminal.env);
      const { benchPoison } = await import('../../bench/poison.ts');
      const figures = await benchPoison({
        ...options,
        ...(redisUrl === undefined ? {} : { redisUrl }),
        progress: (text) => void terminal.stderr.write(`${text}\n`),
      });
      await writeJson(terminal.stdout, figures);
      const { books, outOfOrder, verdict } = figures;
      const arrived = books.found === books.expected && books.twice + books.notLast + outOfOrder === 0;
      // Undecided is not failed: on a machine with other work the interval may be wider than what it is to show.
      end(arrived && verdict !== 'above' ? EXIT.done : EXIT.failed);
    });
};

function dealsArgument(text: string): number {
  if (!/^[1-9]\d{0,7}$/.test(text)) throw new InvalidArgumentError('须为 1 至 99999999 / must be 1 to 99999999');
  return Number(text);
}

function secondsArgument(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('须为正整数 / must be a whole number above 0');
  return Number(text);
}

function minutesArgument(text: string): number {
  if (!/^\d{1,3}(\.\d{1,2})?$/.test(text) || Number(text) === 0) {
    throw new InvalidArgumentError('须为正数 / must be a number above 0');
  }
  return Number(text);
}
