/** The work of the log on its thread, for one database: what it did, as JSON, a line for each question. */
import { openOnThread } from '../../src/journal/log-thread.ts';

const work = openOnThread({
  databaseUrl: process.argv[2] ?? '',
  logBatch: 3,
  recomputeSlice: 100,
  statementTimeoutMs: 10_000,
  lockTimeoutMs: 10_000,
});
const say = (value: unknown) =>
  console.log(JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part)));

for (const question of process.argv.slice(3)) {
  try {
    if (question === 'sequence') say(await work.sequence(1));
    else say(await work.recompute(2));
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    say({ fault: message, code });
  }
}
await work.close();
