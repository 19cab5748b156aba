import { type Config, ConfigRefusal, readConfig } from '../config.ts';
import { describeConfig } from '../config-describe.ts';
import type { AddCommand } from './command.ts';
import { write, writeJson } from './output.ts';
import { EXIT, Surroundings, type Terminal } from './terminal.ts';

/** `qiao config`: what the gateway would run with, and where each value comes from; secrets are hidden. */
export const addConfig: AddCommand = (program, { terminal, end }) => {
  program
    .command('config')
    .description('显示生效的配置，隐藏机密 / the configuration in force, secrets hidden')
    .option('--json', '以 JSON 输出 / as JSON')
    .action(async ({ json }: { json?: true }) => {
      const rows = describeConfig(configFor(terminal.env));
      if (json) await writeJson(terminal.stdout, rows);
      else {
        const { table } = await import('./table.ts');
        const cells = rows.map(({ name, value, source }) => [name, value, source]);
        await write(terminal.stdout, table(['名称 name', '值 value', '来源 source'], cells));
      }
      end(EXIT.done);
    });
};

/** The checked configuration, or everything that is wrong with the environment as one failure. */
export function configFor(env: Terminal['env']): Config {
  try {
    return readConfig(env);
  } catch (error) {
    if (!(error instanceof ConfigRefusal)) throw error;
    throw new Surroundings(
      error.problems.map(({ name, zh }) => `${name}：${zh}`).join('；'),
      error.problems.map(({ name, en }) => `${name}: ${en}`).join('; '),
      error,
    );
  }
}
