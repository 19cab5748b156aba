/** A process that owns an embedded server until it is told to stop, or killed: `startScript(embedded-owner.ts, [folder])`. */
import { startEmbedded } from '../../src/journal/embedded.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('which folder?');

try {
  const embedded = await startEmbedded({ folder, log: (line) => console.error(line) });
  console.log(`ready ${embedded.pid} ${embedded.url}`);
  for await (const word of process.stdin) {
    if (String(word).includes('stop')) break;
  }
  await embedded.stop();
  console.log('stopped');
} catch (error) {
  console.error(error instanceof Error ? `${error.name}: ${error.message}` : error);
  process.exitCode = 1;
}
