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
  /** Called with everything said on stdout so far; resolves when the program is to stop. */
  readonly until?: (said: () => string) => Promise<void>;
}

/** Runs one command line in this process, with streams of its own. */
export async function qiao(argv: readonly string[], { stdin, env = {}, until }: Surroundings = {}): Promise<Ran> {
  const [stdout, stderr] = [collected(), collected()];
  const exit = await run(argv, {
    stdin: stdin instanceof Readable ? stdin : Readable.from(stdin === undefined ? [] : [Buffer.from(stdin)]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    env,
    nowMs: () => Date.parse('2026-03-02T10:00:00+08:00'),
    stopped: () => until?.(() => stdout.bytes().toString('utf8')) ?? Promise.resolve(),
  });
  return { exit, stdout: stdout.bytes(), stderr: stderr.bytes().toString('utf8') };
}

function collected() {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { stream, bytes: () => Buffer.concat(chunks) };
}
