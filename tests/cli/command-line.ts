import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { run } from '../../src/cli/main.ts';

export interface Ran {
  readonly exit: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface Surroundings {
  readonly stdin?: Uint8Array | Readable;
  readonly env?: Readonly<Record<string, string>>;
  /** The clock on the wall, RFC 3339. */
  readonly at?: string;
  /** Somebody sits there and reads; else it goes into a file or a pipe. */
  readonly isTerminal?: boolean;
  /** Called at once; the program is asked to stop when it resolves. `says` waits for what is said on stdout. */
  readonly until?: (says: (pattern: RegExp) => Promise<RegExpExecArray>) => Promise<void>;
}

/** Runs one command line in this process, with streams of its own. */
export async function qiao(
  argv: readonly string[],
  { stdin, env = {}, until, isTerminal = false, at = '2026-03-02T10:00:00+08:00' }: Surroundings = {},
): Promise<Ran> {
  const [stdout, stderr] = [collected(), collected()];
  const exit = await run(argv, {
    stdin: stdin instanceof Readable ? stdin : Readable.from(stdin === undefined ? [] : [Buffer.from(stdin)]),
    stdout: Object.assign(stdout.stream, { isTTY: isTerminal }),
    stderr: stderr.stream,
    env,
    nowMs: () => Date.parse(at),
    stopped: () => until?.(stdout.says) ?? Promise.resolve(),
  });
  return { exit, stdout: stdout.bytes(), stderr: stderr.bytes().toString('utf8') };
}

function collected() {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const bytes = () => Buffer.concat(chunks);
  const says = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const match = pattern.exec(bytes().toString('utf8'));
      if (match !== null) return match;
      await once(stream, 'data');
    }
  };
  return { stream, bytes, says };
}
