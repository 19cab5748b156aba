/** The command line as a process of its own, from the sources: `startScript(qiao.ts, ['start'], …)`. */
import { run } from '../../src/cli/main.ts';

process.exitCode = await run(process.argv.slice(2));
