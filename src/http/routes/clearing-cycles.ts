import { type Book, booksOf } from '../../clearing/book.ts';
import { checklistOf } from '../../clearing/checklist.ts';
import { type Cycle, cycleStates, listCycles, readCycle } from '../../clearing/cycle.ts';
import { openCycle, reopenCycle } from '../../clearing/cycle-moves.ts';
import { type QuarantinedRow, quarantineOf } from '../../clearing/quarantine.ts';
import { instantAt, isDate } from '../../contract/dates.ts';
import { formatFen } from '../../contract/money.ts';
import { refuse } from '../../contract/refusal.ts';
import { readFields } from '../fields.ts';
import { cutPage, readPaging } from '../paging.ts';
import type { Parts } from '../parts.ts';
import { refusalProblem, requestProblem } from '../problem.ts';
import { type Answer, type Asked, ok, type Route, turnedDown } from '../route.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The close of each day: how far it is, its checklist, its books; and going on with it. */
export function cycleRoutes(parts: Parts): readonly Route[] {
  const { closing } = parts.clearing;
  const goOn = (cycle: string, { caller: { actor } }: Asked) => ({
    afterwards: () => closing.advance(cycle, { name: actor.name, role: actor.role }),
  });
  return [
    {
      method: 'get',
      path: '/v1/clearing/cycles',
      query: ['limit', 'cursor'],
      answer: async (asked, view) => {
        const request = readPaging(asked, parts);
        if ('code' in request) return turnedDown(request);
        const { limit, after } = request;
        const rows = await view((connection) => listCycles(connection, after?.id, limit + 1));
        return cutPage(asked, rows, limit, parts, ({ cycle }) => cycle, cycleShown);
      },
    },
    {
      method: 'post',
      path: '/v1/clearing/cycles',
      keyed: true,
      body: true,
      answer: async (asked, connection) => {
        const read = readFields(asked.body, ['cycle']);
        if (!read.ok) return turnedDown(refusalProblem(read.refusals));
        const { cycle } = read.value;
        if (typeof cycle !== 'string' || !isDate(cycle))
          return turnedDown(refusalProblem([refuse('bad-date', '/cycle')]));
        const { name, role } = asked.caller.actor;
        if (!(await openCycle(connection, cycle, { name, role }, asked.at))) {
          return turnedDown(requestProblem('state-conflict', '/cycle', cycle));
        }
        return { status: 201, body: cycleShown((await readCycle(connection, cycle))!) };
      },
    },
    {
      method: 'get',
      path: '/v1/clearing/cycles/:cycle',
      query: [],
      answer: async ({ params: { cycle = '' } }, view) => {
        const found = await view(async (connection) => {
          const read = await readCycle(connection, cycle);
          return (
            read && { read, checklist: await checklistOf(connection, read), books: await booksOf(connection, cycle) }
          );
        });
        if (found === undefined) return unknown(cycle);
        const checklist = found.checklist.map((line) => ({
          ...line,
          done: line.done && { ...line.done, at: instantAt(line.done.at.getTime()) },
        }));
        return ok({ ...cycleShown(found.read), checklist, books: found.books.map(bookShown) });
      },
    },
    {
      method: 'post',
      path: '/v1/clearing/cycles/:cycle/advance',
      keyed: true,
      body: false,
      answer: async (asked, connection) => {
        const { cycle = '' } = asked.params;
        const found = await readCycle(connection, cycle);
        if (found === undefined) return unknown(cycle);
        return { status: 202, body: cycleShown(found), ...goOn(cycle, asked) };
      },
    },
    {
      method: 'post',
      path: '/v1/clearing/cycles/:cycle/reopen',
      keyed: true,
      body: true,
      answer: async (asked, connection) => {
        const { cycle = '' } = asked.params;
        const read = readFields(asked.body, ['reason']);
        if (!read.ok) return turnedDown(refusalProblem(read.refusals));
        const { reason } = read.value;
        if (typeof reason !== 'string' || reason.trim() === '' || reason.length > 500) {
          return turnedDown(refusalProblem([refuse('bad-format', '/reason')]));
        }
        const found = await readCycle(connection, cycle);
        if (found === undefined) return unknown(cycle);
        const { name, role } = asked.caller.actor;
        if (!(await reopenCycle(connection, cycle, reason, { name, role }, asked.at))) {
          return turnedDown(requestProblem('state-conflict', '', found.state));
        }
        return { status: 202, body: cycleShown((await readCycle(connection, cycle))!), ...goOn(cycle, asked) };
      },
    },
    {
      method: 'get',
      path: '/v1/clearing/books/:id/quarantine',
      query: ['limit', 'cursor'],
      answer: async (asked, view) => {
        const { id = '' } = asked.params;
        const request = readPaging(asked, parts);
        if ('code' in request) return turnedDown(request);
        if (!UUID.test(id)) return unknown(id);
        const { limit, after } = request;
        const rows = await view((connection) => quarantineOf(connection, id, Number(after?.id ?? 0), limit + 1));
        return cutPage(asked, rows, limit, parts, ({ line }) => String(line), quarantinedShown);
      },
    },
    { method: 'get', path: '/v1/clearing/events', query: [], live: true },
  ];
}

function unknown(id: string): Answer {
  return turnedDown(requestProblem('not-found', '', id.slice(0, 80)));
}

function cycleShown({ cycle, version, state, cut, run, blocked, openedAt, changedAt }: Cycle) {
  const { zh, en } = cycleStates[state];
  return {
    cycle,
    version,
    state,
    zh,
    en,
    cut: cut === null ? null : cut.toString(),
    run,
    blocked,
    openedAt: instantAt(openedAt.getTime()),
    changedAt: instantAt(changedAt.getTime()),
  };
}

export function bookShown(book: Book) {
  const yuan = (fen: bigint | null) => (fen === null ? null : formatFen(fen, 'yuan'));
  return {
    id: book.id,
    cycle: book.cycle,
    side: book.side,
    date: book.date,
    batch: book.batch,
    state: book.state,
    source: book.source,
    digest: book.digest,
    openingCount: book.openingCount === null ? null : Number(book.openingCount),
    rows: book.rowCount === null ? null : Number(book.rowCount),
    totalPrice: yuan(book.totalPriceFen),
    totalFee: yuan(book.totalFeeFen),
    quarantined: book.quarantined,
    failures: book.failures,
    message: book.message,
    loadedAt: instantAt(book.loadedAtMs),
  };
}

function quarantinedShown({ line, bytes, refusals }: QuarantinedRow) {
  return { line, bytes: bytes.toString('base64'), refusals };
}
