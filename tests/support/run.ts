import type { Embedded } from '../../src/journal/embedded.ts';

/** What the set-up of a run leaves to its tear-down, in the one process that runs both. */
export interface Run {
  readonly folder: string;
  readonly embedded: Embedded;
}

const key = Symbol.for('qiao.tests.run');
const place = globalThis as unknown as Record<symbol, Run | undefined>;

export function remember(run: Run): void {
  place[key] = run;
}

export function remembered(): Run | undefined {
  return place[key];
}
