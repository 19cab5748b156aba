import { readFileSync } from 'node:fs';
import { runFleet, startServer } from './fleet.ts';
import { mutants } from './mutants.ts';
import type { Outcome } from './simulate.ts';

const FROM = Number(process.env.QIAO_SEED ?? 1);
const SEEDS = 12;
const LONG_MS = 900_000;

describe(`a federation in virtual time (QIAO_SEED=${FROM})`, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  /** In one process, one after the other; and the last of them in a process of its own. */
  let together: readonly Outcome[];
  let alone: readonly Outcome[];
  beforeAll(async () => {
    server = await startServer();
    [together, alone] = await Promise.all([
      runFleet({ from: FROM, seeds: SEEDS, workers: 1, databaseUrl: server.url }),
      runFleet({ from: FROM + SEEDS - 1, seeds: 1, workers: 1, databaseUrl: server.url }),
    ]);
  }, LONG_MS);
  afterAll(() => server.stop());

  it('under every fault: nothing lost, twice, out of order or in doubt, and all comes to rest', () => {
    expect(together.map(({ seed, broken }) => ({ seed, broken }))).toEqual(
      Array.from({ length: SEEDS }, (_, i) => ({ seed: FROM + i, broken: [] })),
    );
    expect(together.reduce((sum, { messages }) => sum + messages, 0)).toBeGreaterThan(0);
  });

  it('a seed replays to the byte, whatever was before it in the same process', () => {
    expect(together.slice(-1)).toEqual(alone);
    expect(alone[0]!.steps).toBeGreaterThan(100);
  });

  it('each defect is a text that is in its source exactly once', () => {
    for (const { name, patches } of mutants) {
      expect(patches).not.toEqual([]);
      for (const { file, replace } of patches) {
        const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
        expect([name, source.split(replace).length - 1]).toEqual([name, 1]);
      }
    }
  });

  it.each(['ack-before-commit', 'szse-numbers-not-kept'])(
    'the defect %s is found',
    async (name) => {
      const mutant = mutants.find((one) => one.name === name)!;
      const outcomes = await runFleet({
        from: 1,
        seeds: 60,
        workers: 1,
        mutant,
        untilBroken: true,
        databaseUrl: server.url,
      });
      expect(outcomes.flatMap(({ broken }) => broken)).not.toEqual([]);
    },
    LONG_MS,
  );
});
