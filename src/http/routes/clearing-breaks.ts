import { evidenceTypes, keepAttachment, readAttachment } from '../../clearing/attachment.ts';
import type { Break } from '../../clearing/break.ts';
import { breakDetail } from '../../clearing/break-detail.ts';
import { type BreakFilter, type BreakPosition, breakTotals, listBreaks } from '../../clearing/break-list.ts';
import { type BreakState, breakStates } from '../../clearing/break-states.ts';
import { type BreakCode, codes, type Severity } from '../../clearing/codes.ts';
import { recordEvent } from '../../clearing/cycle-events.ts';
import { type Task, work } from '../../clearing/work.ts';
import { isDate } from '../../contract/dates.ts';
import { isExchange } from '../../contract/exchange.ts';
import { parseFen } from '../../contract/money.ts';
import type { Checked } from '../../contract/refusal.ts';
import { type Queryable, within } from '../../journal/database.ts';
import { readOrder, readTasks, workerOf, workProblem } from '../break-orders.ts';
import { breakDetailShown, breakShown, breakTag, versionIn, yuan } from '../clearing-shapes.ts';
import { pageAnswer, readPaging } from '../paging.ts';
import type { Parts } from '../parts.ts';
import { type Problem, refusalProblem, requestProblem } from '../problem.ts';
import { type Answer, type Asked, ok, type Posted, type Route, turnedDown } from '../route.ts';
import { bytesOf } from '../taken-file.ts';

const BREAK_ID = /^[0-9a-f]{32}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const FILTERS = [
  ...['cycle', 'state', 'code', 'severity', 'exchange', 'assignee', 'deal'],
  ...['seenBy', 'dueBefore', 'from', 'to', 'review'],
];

/** The breaks, and work on them. Four eyes, versions and digests are work.ts's and the database's to hold to. */
export function breakRoutes(parts: Parts): readonly Route[] {
  const { clearing, newId, nowMs } = parts;
  const workOn = (connection: Queryable, { caller }: Asked, tasks: readonly Task[]) =>
    work({ database: within(connection), limits: clearing.limits, nowMs, newId }, workerOf(caller.actor), tasks);
  const told = async (connection: Queryable, breaks: readonly Break[], at: Date) => {
    for (const { id, lastCycle: cycle, home, host, state, version } of breaks) {
      const detail = { break: id, state, version };
      await recordEvent(connection, { cycle, kind: 'break', seenBy: [home, host], detail, at });
    }
    // What was booked is held against what was found at once, so that nobody waits for the next close.
    const isBooked = breaks.some(({ state }) => state === 'posted' || state === 'written-off');
    return isBooked ? { afterwards: clearing.verify } : {};
  };
  const actOn = async (asked: Posted, connection: Queryable, task: Checked<Task>): Promise<Answer> => {
    if (!task.ok) return turnedDown(refusalProblem(task.refusals));
    const done = await workOn(connection, asked, [task.value]);
    const one = done.ok ? done.value[0]! : done;
    if (!one.ok) return turnedDown(workProblem(one.refusals));
    const then = await told(connection, [one.value], asked.at);
    return { status: 200, body: breakShown(one.value), tag: breakTag(one.value, 0), ...then };
  };
  return [
    {
      method: 'get',
      path: '/v1/clearing/breaks',
      query: ['limit', 'cursor', ...FILTERS],
      answer: async (asked, view) => {
        const read = filterIn(asked);
        if ('code' in read) return turnedDown(read);
        const request = readPaging(asked, parts);
        if ('code' in request) return turnedDown(request);
        const after = request.after === undefined ? {} : { after: JSON.parse(request.after.id) as BreakPosition };
        const { rows, next } = await view((connection) =>
          listBreaks(connection, read.filter, { ...after, limit: request.limit }),
        );
        const page = { rows, ...(next === undefined ? {} : { next: { at: '', id: JSON.stringify(next) } }) };
        return pageAnswer(asked, page, parts, breakShown);
      },
    },
    {
      method: 'get',
      path: '/v1/clearing/break-totals',
      query: FILTERS,
      answer: async (asked, view) => {
        const read = filterIn(asked);
        if ('code' in read) return turnedDown(read);
        const totals = await view((connection) => breakTotals(connection, read.filter));
        const { breaks, overFen, underFen, valueFen, byState, bySeverity } = totals;
        const amounts = { over: yuan(overFen), under: yuan(underFen), value: yuan(valueFen) };
        return ok({ breaks: Number(breaks), ...amounts, byState, bySeverity });
      },
    },
    {
      method: 'get',
      path: '/v1/clearing/breaks/:id',
      query: [],
      answer: async ({ params: { id = '' } }, view) => {
        const detail = BREAK_ID.test(id) ? await view((connection) => breakDetail(connection, id)) : undefined;
        if (detail === undefined) return turnedDown(requestProblem('not-found', '', id.slice(0, 80)));
        const notes = detail.acts.length + detail.queries.length + detail.queries.filter(({ answer }) => answer).length;
        return { ...ok(breakDetailShown(detail)), tag: breakTag(detail.stands, notes) };
      },
    },
    {
      method: 'post',
      path: '/v1/clearing/breaks/:id/acts',
      keyed: true,
      body: true,
      matched: true,
      answer: async (asked, connection) => {
        const version = versionIn(asked.tag);
        if (version === undefined) return turnedDown(requestProblem('stale', '#header/if-match'));
        const order = readOrder(asked.body);
        const breakId = asked.params.id ?? '';
        return actOn(
          asked,
          connection,
          order.ok ? { ok: true, value: { breakId, version, order: order.value } } : order,
        );
      },
    },
    {
      method: 'post',
      path: '/v1/clearing/breaks/:id/comments',
      keyed: true,
      body: true,
      answer: async (asked, connection) => {
        const order = readOrder({ ...(asked.body as object), act: 'comment' });
        const breakId = asked.params.id ?? '';
        return actOn(asked, connection, order.ok ? { ok: true, value: { breakId, order: order.value } } : order);
      },
    },
    {
      method: 'post',
      path: '/v1/clearing/break-acts',
      keyed: true,
      body: true,
      answer: async (asked, connection) => {
        const tasks = readTasks(asked.body, clearing.limits.breaksAtOnce);
        if (!tasks.ok) return turnedDown(refusalProblem(tasks.refusals));
        const done = await workOn(connection, asked, tasks.value);
        if (!done.ok) return turnedDown(refusalProblem(done.refusals));
        const acted = done.value.flatMap((one) => (one.ok ? [one.value] : []));
        const then = await told(connection, acted, asked.at);
        const items = done.value.map((one, i) => {
          const { breakId } = tasks.value[i]!;
          if (one.ok) return { break: breakId, done: true, state: one.value.state, version: one.value.version };
          const errors = one.refusals.map(({ pointer, code, zh, en }) => ({
            pointer,
            code,
            message_zh: zh,
            message_en: en,
          }));
          return { break: breakId, done: false, errors };
        });
        return { status: 200, body: { items }, ...then };
      },
    },
    {
      method: 'post',
      path: '/v1/clearing/attachments',
      keyed: true,
      body: 'file',
      takes: evidenceTypes,
      maxBytes: clearing.limits.attachmentBytes,
      answer: async ({ file, caller }, connection) => {
        const attachmentParts = { database: within(connection), limits: clearing.limits, nowMs };
        const brought = { name: file.name, mediaType: file.type, bytes: await bytesOf(file) };
        const kept = await keepAttachment(attachmentParts, workerOf(caller.actor), brought);
        if (!kept.ok) return turnedDown(refusalProblem(kept.refusals));
        return { status: kept.value.isNew ? 201 : 200, body: { sha256: kept.value.sha256 } };
      },
    },
    {
      method: 'get',
      path: '/v1/clearing/attachments/:sha256',
      query: [],
      answer: async ({ params: { sha256 = '' } }, view) => {
        const found = SHA256.test(sha256) ? await view((connection) => readAttachment(connection, sha256)) : undefined;
        if (found === undefined) return turnedDown(requestProblem('not-found', '', sha256.slice(0, 80)));
        return { ...ok(null), file: { name: found.name, type: found.mediaType, bytes: found.bytes } };
      },
    },
  ];
}

/** Several words of one filter are separated by commas. */
function filterIn({ query, caller }: Asked): { readonly filter: BreakFilter } | Problem {
  const wrong = (name: string, detail: string) => requestProblem('bad-query', `#query/${name}`, detail);
  const words = (name: string, known: object): readonly string[] | undefined | Problem => {
    const all = query[name]?.split(',');
    return all?.every((one) => Object.hasOwn(known, one)) === false ? wrong(name, Object.keys(known).join(', ')) : all;
  };
  const [states, found, severities] = [
    words('state', breakStates),
    words('code', codes),
    words('severity', { S1: 1, S2: 2, S3: 3, S4: 4 }),
  ];
  for (const one of [states, found, severities]) if (one !== undefined && 'code' in one) return one;
  const dates: Record<string, string> = {};
  for (const name of ['cycle', 'seenBy', 'dueBefore'] as const) {
    const date = query[name];
    if (date === undefined) continue;
    if (!isDate(date)) return wrong(name, '2026-03-02');
    dates[name] = date;
  }
  const amounts: Record<string, bigint> = {};
  for (const name of ['from', 'to'] as const) {
    const amount = query[name];
    if (amount === undefined) continue;
    const fen = parseFen(amount, 'yuan');
    if (!fen.ok) return wrong(name, '1000.00');
    amounts[`${name}Fen`] = fen.value;
  }
  const { exchange, assignee, deal, review } = query;
  if (exchange !== undefined && !isExchange(exchange)) return wrong('exchange', 'ctex, stex, szse');
  if (review !== undefined && review !== 'mine') return wrong('review', 'mine');
  return {
    filter: {
      ...dates,
      ...amounts,
      ...(states === undefined ? {} : { states: states as readonly BreakState[] }),
      ...(found === undefined ? {} : { codes: found as readonly BreakCode[] }),
      ...(severities === undefined ? {} : { severities: severities as readonly Severity[] }),
      ...(exchange === undefined ? {} : { exchange }),
      ...(assignee === undefined ? {} : { assignee }),
      ...(deal === undefined ? {} : { dealId: deal }),
      // What this checker may approve: proposed by others.
      ...(review === undefined ? {} : { forChecker: caller.actor.name }),
    },
  };
}
