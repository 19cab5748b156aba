import type { Exchange } from '../contract/exchange.ts';
import { parseMessageBytes } from '../contract/parse.ts';
import { refuse } from '../contract/refusal.ts';
import { type AddCommand, exchangeArgument, momentArgument } from './command.ts';
import { configFor } from './config.ts';
import { readInput } from './input.ts';
import { refuseInput, writeJson } from './output.ts';
import { shippedRulebooks } from './rulebooks.ts';
import { EXIT } from './terminal.ts';

/** `qiao decide --host X --at T [FILE]`: a unified listing → the decision; exit 0 whatever the verdict. */
export const addDecide: AddCommand = (program, { terminal, end }) => {
  program
    .command('decide')
    .description('依两家交易所的规则判定一个挂牌项目 / what the rules of home and host say of a listing')
    .requiredOption('--host <exchange>', '承接交易所 / the host', exchangeArgument)
    .requiredOption('--at <time>', '日期或 +08:00 时刻 / date, or instant at +08:00', momentArgument)
    .argument('[FILE]', '统一契约的挂牌项目，缺省为标准输入 / a unified listing, standard input when absent')
    .action(async (file: string | undefined, { host, at }: { host: Exchange; at: string }) => {
      const { calendarsFor } = await import('./calendars.ts');
      const calendars = calendarsFor(configFor(terminal.env));
      const input = await readInput(terminal, file);
      if (!input.ok) return end(await refuseInput(terminal, input.refusals));
      const message = parseMessageBytes(input.value);
      if (!message.ok) return end(await refuseInput(terminal, message.refusals));
      const listing = message.value;
      if (listing.kind !== 'listing') return end(await refuseInput(terminal, [refuse('unknown-kind', '/kind')]));
      if (listing.home === host) return end(await refuseInput(terminal, [refuse('inconsistent', '/home', '--host')]));
      const { decide } = await import('../rules/decide.ts');
      const decision = decide(listing, await shippedRulebooks(listing.home), await shippedRulebooks(host), at, {
        calendars,
      });
      await writeJson(terminal.stdout, decision);
      end(EXIT.done);
    });
};
