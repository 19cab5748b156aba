import { statSync } from 'node:fs';

/**
 * The suites of more than half a minute, longest first. A clean checkout knows no durations, and jest then goes by the
 * size of files: a long suite in a short file would be begun last, and run alone at the end.
 */
const LONG = [
  'crash/crash',
  'simulation/simulation',
  'journeys/processes',
  'gateway/start',
  'gateway/demo',
  'clearing/generated',
  'journeys/failover',
  'journal/embedded',
  'journeys/database-away',
  'journeys/replay',
  'journeys/trades',
  'journeys/faults',
  'clearing/mutants/mutants',
];

/** The order in which jest runs the suites; `testSequencer` in jest.config.mjs. */
export default class LongestFirst {
  sort(tests) {
    return tests
      .map((test) => {
        const place = LONG.findIndex((name) => test.path.endsWith(`/${name}.test.ts`));
        return { test, place: place < 0 ? LONG.length : place, bytes: statSync(test.path).size };
      })
      .sort((a, b) => a.place - b.place || b.bytes - a.bytes)
      .map(({ test }) => test);
  }

  /** `--onlyFailures` has nothing to go by, and runs all. */
  allFailedTests(tests) {
    return [...tests];
  }

  cacheResults() {}
}
