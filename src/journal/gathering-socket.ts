import { Socket } from 'node:net';

/**
 * Sends the statements of one turn of the event loop to the server in one piece: pg corks its socket for each of them.
 * Those that do not wait for each other (commit.ts) then cost one system call on either side, and wake the server once.
 */
export class GatheringSocket extends Socket {
  #isGathering = false;

  override cork(): void {
    super.cork();
    if (this.#isGathering) return;
    this.#isGathering = true;
    super.cork();
    // After the promises of this turn, before anything is read.
    process.nextTick(() => {
      this.#isGathering = false;
      super.uncork();
    });
  }
}
