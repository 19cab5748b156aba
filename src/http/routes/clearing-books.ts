import { type BookForm, bookForms } from '../../clearing/book-forms.ts';
import { readCycle } from '../../clearing/cycle.ts';
import { recordEvent } from '../../clearing/cycle-events.ts';
import { loadStatement } from '../../clearing/load.ts';
import { isExchange } from '../../contract/exchange.ts';
import { recordAct } from '../../journal/audit.ts';
import type { Parts } from '../parts.ts';
import { requestProblem } from '../problem.ts';
import { booksProblem } from '../problem-books.ts';
import { type Route, turnedDown } from '../route.ts';
import { bookShown } from './clearing-cycles.ts';

const NATIVE = 'application/octet-stream';
const FORMS: Readonly<Record<string, BookForm>> = {
  'text/csv': 'csv',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  'application/jsonl': 'jsonl',
};

/** Books brought by hand, where an exchange's link is down or it sends a corrected batch. */
export function bookRoutes({ clearing, nowMs }: Parts): readonly Route[] {
  return [
    {
      method: 'post',
      path: '/v1/clearing/cycles/:cycle/books/:exchange',
      keyed: true,
      body: 'file',
      takes: [NATIVE, ...Object.keys(FORMS)],
      maxBytes: clearing.maxBookBytes,
      answer: async ({ params: { cycle = '', exchange = '' }, caller, file, at }, connection) => {
        if (!isExchange(exchange)) return turnedDown(requestProblem('not-found', '', exchange.slice(0, 80)));
        const found = await readCycle(connection, cycle);
        if (found === undefined) return turnedDown(requestProblem('not-found', '', cycle.slice(0, 80)));
        // Later its rows are being compared: whoever brings a corrected batch opens the day again first.
        if (found.state !== 'open' && found.state !== 'cut') {
          return turnedDown(requestProblem('state-conflict', '', found.state));
        }
        const form = FORMS[file.type];
        const read =
          form === undefined ? (bytes: AsyncIterable<Uint8Array>) => clearing.read(exchange, bytes) : bookForms[form];
        const { outcome, book } = await loadStatement(
          {
            cycle,
            version: found.version,
            side: exchange,
            source: `upload:${caller.actor.name}`,
            bytes: file.read(),
            read,
          },
          clearing.loading,
        );
        if (outcome === 'refused') {
          return turnedDown(booksProblem([{ book: exchange, failures: book.failures, refusals: [] }]));
        }
        if (outcome === 'loaded') {
          const { name: actor, role } = caller.actor;
          const detail = { cycle, exchange, digest: book.digest, form: form ?? 'native' };
          await recordAct(connection, { actor, role, act: 'book-brought', subject: `book/${book.id}`, detail, at });
          const told = { side: exchange, state: book.state, rows: Number(book.rowCount), failures: 0 };
          await recordEvent(connection, {
            cycle,
            kind: 'book',
            seenBy: [exchange],
            detail: told,
            at: new Date(nowMs()),
          });
        }
        return { status: outcome === 'loaded' ? 201 : 200, body: bookShown(book) };
      },
    },
  ];
}
