import type { Readable, Writable } from 'node:stream';

/** Everything a command touches outside itself. */
export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
  nowMs(): number;
  /** Resolves when somebody asks the program to stop (SIGINT, SIGTERM); asked again, it ends at once. */
  stopped(): Promise<void>;
}

/** A signal after so long is a second wish to stop, and ends the program at once. */
const ONE_WISH_MS = 500;

export function processTerminal(): Terminal {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    nowMs: Date.now,
    stopped: () =>
      new Promise((resolve) => {
        let firstAtMs: number | undefined;
        const stop = (signal: NodeJS.Signals) => {
          resolve();
          firstAtMs ??= performance.now();
          // Ctrl-C under npm comes twice, from the terminal and from npm: that is one wish.
          if (performance.now() - firstAtMs < ONE_WISH_MS) return;
          process.off('SIGINT', stop).off('SIGTERM', stop);
          process.kill(process.pid, signal);
        };
        process.on('SIGINT', stop).on('SIGTERM', stop);
      }),
  };
}

/** What the program ends with; README.md says what each means. 64 is EX_USAGE of sysexits.h. */
export const EXIT = { done: 0, failed: 1, refused: 2, usage: 64 } as const;

export type Exit = (typeof EXIT)[keyof typeof EXIT];

/** The surroundings are not as a command needs them: said in both languages, with the next thing to do. */
export class Surroundings extends Error {
  readonly zh: string;
  constructor(zh: string, en: string, cause?: unknown) {
    super(en, { cause });
    this.zh = zh;
  }
}

export function sayFailure(terminal: Terminal, zh: string, en: string): void {
  terminal.stderr.write(`qiao: ${zh} / ${en}\n`);
}
