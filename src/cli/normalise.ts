import { adapterOf } from './adapters.ts';
import { type AddCommand, exchangeArgument } from './command.ts';
import { readInput } from './input.ts';
import { refuseInput, writeJson } from './output.ts';
import { EXIT } from './terminal.ts';

/** `qiao normalise <exchange> [FILE]`: one native message, exact bytes → unified JSON. */
export const addNormalise: AddCommand = (program, { terminal, end }) => {
  program
    .command('normalise')
    .description('原生报文 → 统一契约 JSON / one native message, exact bytes as on the wire → unified JSON')
    .argument('<exchange>', 'ctex | stex | szse', exchangeArgument)
    .argument('[FILE]', '缺省为标准输入 / standard input when absent')
    .action(async (exchange: ReturnType<typeof exchangeArgument>, file: string | undefined) => {
      const input = await readInput(terminal, file);
      if (!input.ok) return end(await refuseInput(terminal, input.refusals));
      const message = (await adapterOf(exchange)).decode(input.value);
      if (!message.ok) return end(await refuseInput(terminal, message.refusals));
      await writeJson(terminal.stdout, message.value);
      end(EXIT.done);
    });
};
