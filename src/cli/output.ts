import type { Writable } from 'node:stream';
import type { Refusal } from '../contract/refusal.ts';
import { refusalProblem } from '../http/problem.ts';
import { EXIT, type Exit, type Terminal } from './terminal.ts';

/** Resolves when the stream has taken it, so that nothing is lost when the process ends right after. */
export function write(stream: Writable, text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** JSON on two spaces; amounts held as bigint fen come out as decimal strings. */
export async function writeJson(stream: Writable, value: unknown): Promise<void> {
  const text = JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? part.toString() : part), 2);
  await write(stream, `${text}\n`);
}

/** The input was turned down: problem JSON on stderr, exit 2. */
export async function refuseInput(terminal: Terminal, refusals: readonly Refusal[]): Promise<Exit> {
  await writeJson(terminal.stderr, refusalProblem(refusals));
  return EXIT.refused;
}
