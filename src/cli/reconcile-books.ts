import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { adapters } from '../../adapters/all.ts';
import { type LoadParts, loadStatement } from '../clearing/load.ts';
import { type Exchange, exchanges } from '../contract/exchange.ts';
import type { BookRefused } from '../http/problem-books.ts';

/** The three statements of one day, as files; nothing here but what a thread can be given. */
export interface BooksOrder {
  readonly cycle: string;
  readonly version: number;
  readonly statements: Readonly<Record<Exchange, string>>;
  readonly url: string;
  readonly limits: LoadParts['limits'];
  readonly atMs: number;
}

interface BookOrder extends BooksOrder {
  readonly side: Exchange;
}

/** Called with the bytes read since the last time. */
type Told = (bytes: number) => void;

/**
 * Loads the three books side by side; those that were refused, with their reasons.
 *
 * Each on a thread of its own, as reading and checking rows is the program's own work and the journal's lines are read at
 * the same time. Run from source it all stays here: a thread could not load that.
 */
export async function loadBooks(order: BooksOrder, tell: Told): Promise<readonly BookRefused[]> {
  const load = import.meta.url.endsWith('.ts') ? loadHere : loadOnThread;
  return (await Promise.all(exchanges.map((side) => load({ ...order, side }, tell)))).flat();
}

function loadOnThread(order: BookOrder, tell: Told): Promise<readonly BookRefused[]> {
  // Rows are short-lived: in a larger nursery they die before anybody has to move them.
  const resourceLimits = { maxYoungGenerationSizeMb: 24 };
  const worker = new Worker(new URL(import.meta.url), { workerData: { [OURS]: order }, name: OURS, resourceLimits });
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread that loads the books has ended')));
    worker.on('message', (said: Said) => {
      if ('bytes' in said) tell(said.bytes);
      else if ('refused' in said) resolve(said.refused);
      else reject(Object.assign(new Error(said.fault.message), said.fault));
    });
  });
}

type Said =
  | { readonly bytes: number }
  | { readonly refused: readonly BookRefused[] }
  | { readonly fault: { readonly message: string; readonly code?: string } };

/** The name of our thread, and of what it is given: this module may be loaded in others too. */
const OURS = 'qiao books';
// What one piece becomes (rows and their texts) is dead before the next: small pieces keep it out of the collector's way.
const CHUNK_BYTES = 131_072;

/** A file in pieces; tells how much of it has been read. */
export async function* readFileTelling(path: string, tell: Told): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    tell((chunk as Uint8Array).byteLength);
    yield chunk as Uint8Array;
  }
}

async function loadHere(order: BookOrder, tell: Told): Promise<readonly BookRefused[]> {
  const { cycle, version, side, url, limits, atMs } = order;
  const adapter = adapters.find(({ exchange }) => exchange === side)!;
  const source = order.statements[side];
  const read = (from: AsyncIterable<Uint8Array>) => adapter.readStatement(from);
  const { outcome, book } = await loadStatement(
    { cycle, version, side, source, bytes: readFileTelling(source, tell), read },
    { url, limits, nowMs: () => atMs, newId: randomUUID },
  );
  return outcome === 'refused' ? [{ book: side, failures: book.failures, refusals: [] }] : [];
}

const given = isMainThread ? undefined : (workerData as Readonly<Record<string, BookOrder>> | null)?.[OURS];
if (given !== undefined && parentPort !== null) {
  const port = parentPort;
  const say = (said: Said) => port.postMessage(said);
  loadHere(given, (bytes) => say({ bytes })).then(
    (refused) => say({ refused }),
    (error: Error & { code?: unknown }) => {
      const { message, code } = error;
      say({ fault: { message, ...(typeof code === 'string' ? { code } : {}) } });
    },
  );
}
