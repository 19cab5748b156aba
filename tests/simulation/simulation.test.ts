import { readFileSync } from 'node:fs';
import { runFleet, startServer } from './fleet.ts';
import { mutants } from './mutants.ts';

const FROM = Number(process.env.QIAO_SEED ?? 1);
const LONG_MS = 900_000;

describe(`a federation in virtual time (QIAO_SEED=${FROM})`, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  it(
    'under every fault: nothing lost, twice, out of order or in doubt, and all comes to rest',
    async () => {
      const outcomes = await runFleet({ from: FROM, seeds: 12, workers: 2, databaseUrl: server.url });
      expect(outcomes.map(({ seed, broken }) => ({ seed, broken }))).toEqual(
        outcomes.map(({ seed }) => ({ seed, broken: [] })),
      );
      expect(outcomes.reduce((sum, { messages }) => sum + messages, 0)).toBeGreaterThan(0);
    },
    LONG_MS,
  );

  it(
    'a seed replays to the byte, whatever was before it in the same process',
    async () => {
      const [again, alone] = await Promise.all([
        runFleet({ from: FROM, seeds: 6, workers: 1, databaseUrl: server.url }),
        runFleet({ from: FROM + 5, seeds: 1, workers: 1, databaseUrl: server.url }),
      ]);
      expect(again.slice(-1)).toEqual(alone);
      expect(alone[0]!.steps).toBeGreaterThan(100);
    },
    LONG_MS,
  );

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
        workers: 2,
        mutant,
        untilBroken: true,
        databaseUrl: server.url,
      });
      expect(outcomes.flatMap(({ broken }) => broken)).not.toEqual([]);
    },
    LONG_MS,
  );
});
