import { existsSync, readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import type { AddCommand } from './command.ts';
import { EXIT, processTerminal, Surroundings, sayFailure, type Terminal } from './terminal.ts';

/** Every command, in the order of the help; loaded when it is asked for, so that a small one stays quick. */
const commands: Readonly<Record<string, () => Promise<AddCommand>>> = {
  normalise: async () => (await import('./normalise.ts')).addNormalise,
  localise: async () => (await import('./localise.ts')).addLocalise,
  decide: async () => (await import('./decide.ts')).addDecide,
  rules: async () => (await import('./rules.ts')).addRules,
  reconcile: async () => (await import('./reconcile.ts')).addReconcile,
  evidence: async () => (await import('./evidence.ts')).addEvidence,
  verify: async () => (await import('./verify.ts')).addVerify,
  witness: async () => (await import('./witness.ts')).addWitness,
  standing: async () => (await import('./standing.ts')).addStanding,
  mock: async () => (await import('./mock.ts')).addMock,
  demo: async () => (await import('./demo.ts')).addDemo,
  start: async () => (await import('./start.ts')).addStart,
  users: async () => (await import('./users.ts')).addUsers,
  bench: async () => (await import('./bench.ts')).addBench,
  certs: async () => (await import('./certs.ts')).addCerts,
  config: async () => (await import('./config.ts')).addConfig,
};

/**
 * Runs one command line (without `node qiao`). Never throws.
 *
 * Gives the exit code: 0 done, 1 the program or its surroundings failed, 2 the input was refused, 64 usage.
 */
export async function run(argv: readonly string[], terminal: Terminal = processTerminal()): Promise<number> {
  let exit: number = EXIT.done;
  const program = new Command('qiao')
    .description('桥：三大技术交易所之间的联邦网关 / the federation gateway between the technology exchanges')
    .version(version())
    .exitOverride()
    .showHelpAfterError('（qiao --help 列出全部命令 / lists all commands）')
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: (text) => void terminal.stderr.write(text),
    });
  const end = (code: number) => {
    exit = code;
  };
  try {
    // Help and misspellings need them all.
    const named = Object.hasOwn(commands, argv[0] ?? '') ? [argv[0]!] : Object.keys(commands);
    for (const name of named) (await commands[name]!())(program, { terminal, end });
    await program.parseAsync(argv, { from: 'user' });
    return exit;
  } catch (error) {
    return explain(error, terminal);
  }
}

function explain(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof Surroundings) sayFailure(terminal, error.zh, error.message);
  else if (isBilingual(error)) {
    // Keys, the embedded database: their message names the file and the next step in both languages.
    terminal.stderr.write(`qiao: ${error.message.replaceAll(/\s*\n\s*/g, ' ')}\n`);
  } else {
    // Our bug: one line, not a stack trace, unless somebody asks for it.
    const shown = error instanceof Error ? (terminal.env.QIAO_TRACE ? error.stack : error.message) : String(error);
    sayFailure(terminal, '内部错误，设 QIAO_TRACE=1 重试可见详情', `internal error, QIAO_TRACE=1 shows more: ${shown}`);
  }
  return EXIT.failed;
}

function isBilingual(error: unknown): error is Error {
  return error instanceof Error && 'zh' in error && 'en' in error;
}

/** From package.json, two rooms up from the source and three from the build. */
function version(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    const file = new URL(path, import.meta.url);
    if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  }
  return 'unknown';
}
