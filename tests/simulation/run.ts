/** `npm run simulate -- --seeds N --from S`: see docs/RELIABILITY.md. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { runFleet } from './fleet.ts';
import { mutants } from './mutants.ts';
import { table } from './report.ts';

const usage = `npm run simulate -- [--seeds N] [--from S] [--workers W] [--mutant NAME] [--trace] [--json]
  变异体 mutants: ${mutants.map(({ name }) => name).join(' ')}
`;

const { mutant, isJson, ...given } = readArguments();
const begunMs = performance.now();
const outcomes = await runFleet({
  ...given,
  ...(mutant === undefined ? {} : { mutant, untilBroken: true }),
  onOutcome: ({ seed, broken }, done) => {
    for (const what of broken) process.stderr.write(`SEED=${seed} ${what}\n`);
    if (done % 100 === 0) process.stderr.write(`${done}/${given.seeds}\n`);
  },
});
const seconds = (performance.now() - begunMs) / 1000;
const isBroken = outcomes.some(({ broken }) => broken.length > 0);
if (isJson) process.stdout.write(`${JSON.stringify({ seconds, outcomes }, null, 2)}\n`);
else process.stdout.write(table(outcomes, seconds, mutant));
// A defect is there to be found.
process.exitCode = isBroken === (mutant !== undefined) ? 0 : 1;

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string', default: '100' },
        from: { type: 'string', default: '1' },
        workers: { type: 'string', default: String(Math.min(8, availableParallelism() + 1)) },
        mutant: { type: 'string' },
        trace: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
    const whole = (text: string, least: number, most: number) => {
      const value = Number(text);
      if (!Number.isInteger(value) || value < least || value > most) throw new Error(`${text}: ${least}…${most}`);
      return value;
    };
    const mutant = mutants.find(({ name }) => name === values.mutant);
    if (values.mutant !== undefined && mutant === undefined) throw new Error(`--mutant ${values.mutant}`);
    return {
      seeds: whole(values.seeds, 1, 10_000_000),
      from: whole(values.from, 0, 2 ** 31),
      workers: values.trace ? 1 : whole(values.workers, 1, 64),
      mutant,
      isTold: values.trace,
      isJson: values.json,
    };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage}`);
    process.exit(64);
  }
}
