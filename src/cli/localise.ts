import { createHash } from 'node:crypto';
import type { Encoded } from '../contract/adapter.ts';
import type { Message } from '../contract/message.ts';
import { parseMessageBytes } from '../contract/parse.ts';
import { adapterOf } from './adapters.ts';
import { type AddCommand, exchangeArgument, instantArgument, tokenArgument } from './command.ts';
import { readInput } from './input.ts';
import { refuseInput, write } from './output.ts';
import { EXIT } from './terminal.ts';

interface LocaliseOptions {
  readonly requestId?: string;
  readonly at?: string;
  readonly mirror?: string;
}

/** `qiao localise <exchange> [FILE]`: unified JSON → native bytes; the same input always gives the same bytes. */
export const addLocalise: AddCommand = (program, { terminal, end }) => {
  program
    .command('localise')
    .description('统一契约 JSON → 原生报文字节 / unified JSON → native bytes')
    .argument('<exchange>', 'ctex | stex | szse', exchangeArgument)
    .argument('[FILE]', '缺省为标准输入 / standard input when absent')
    .option(
      '--request-id <id>',
      '请求的幂等号，缺省由输入摘要得出 / idempotency key, by default from a digest',
      tokenArgument,
    )
    .option(
      '--at <instant>',
      "请求时间，缺省为报文自身时间 / when it is made, by default the message's own time",
      instantArgument,
    )
    .option('--mirror <number>', '对方已有的镜像编号 / the number of the mirror it replaces', tokenArgument)
    .action(
      async (exchange: ReturnType<typeof exchangeArgument>, file: string | undefined, options: LocaliseOptions) => {
        const input = await readInput(terminal, file);
        if (!input.ok) return end(await refuseInput(terminal, input.refusals));
        const message = parseMessageBytes(input.value);
        if (!message.ok) return end(await refuseInput(terminal, message.refusals));
        const encoded = (await adapterOf(exchange)).encode(message.value, {
          requestId: options.requestId ?? requestIdOf(input.value),
          at: options.at ?? momentOf(message.value),
          ...(options.mirror === undefined ? {} : { mirror: options.mirror }),
        });
        if (!encoded.ok) return end(await refuseInput(terminal, encoded.refusals));
        await write(terminal.stderr, aside(encoded.value));
        await write(terminal.stdout, encoded.value.request.bytes);
        end(EXIT.done);
      },
    );
};

/** Short enough for every exchange's field. */
function requestIdOf(bytes: Uint8Array): string {
  return `Q${createHash('sha256').update(bytes).digest('hex').slice(0, 31)}`;
}

/** The message's own time, so that nothing depends on when the command is run. */
function momentOf(message: Message): string {
  switch (message.kind) {
    case 'listing':
      return message.publishedAt;
    case 'listing-mirrored':
      return message.mirroredAt;
    case 'interest':
      return message.registeredAt;
    case 'bid':
      return message.placedAt;
    case 'deal':
      return message.concludedAt;
    case 'funds':
      return `${message.valueDate}T00:00:00+08:00`;
    case 'statement':
      return `${message.date}T00:00:00+08:00`;
    case 'listing-state':
      return message.at ?? NO_TIME;
    case 'interest-decision':
      return message.decidedAt ?? NO_TIME;
    case 'deal-confirmed':
      return message.confirmedAt ?? NO_TIME;
  }
}

/** Three kinds may come without a time; a fixed one keeps the output repeatable, and `--at` gives another. */
const NO_TIME = '2026-01-01T00:00:00+08:00';

/** What is not part of the bytes, for stderr: where the request goes, and what the exchange cannot be told. */
function aside({ request, loss }: Encoded): string {
  const line = request.method === undefined ? '' : `${request.method} ${request.path ?? ''}\n`;
  return line + loss.map(({ pointer, zh, en }) => `loss ${pointer}: ${zh} / ${en}\n`).join('');
}
