/** Lives through the seeds that its parent names, one after the other: `fork` with QIAO_TEST_DATABASE_URL set. */
import { openGround } from './ground.ts';
import { type Outcome, simulate } from './simulate.ts';

export interface ToWorker {
  readonly seed: number;
  /** Every step is printed. */
  readonly isTold?: boolean;
}
export type FromWorker = { readonly said: 'ready' } | { readonly said: 'lived'; readonly outcome: Outcome };

const ground = await openGround();
const tell = (message: FromWorker) => void process.send?.(message);
process.on('message', async ({ seed, isTold }: ToWorker) => {
  const print = isTold === true ? (line: string) => void process.stdout.write(`${line}\n`) : undefined;
  tell({ said: 'lived', outcome: await simulate(seed, ground, print) });
});
// The parent has no more seeds, or is gone.
process.once('disconnect', async () => {
  await ground.close().catch(() => {});
  process.exit(0);
});
tell({ said: 'ready' });
