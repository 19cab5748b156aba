import { evidenceTypes, keepAttachment, readAttachment } from '../../clearing/attachment.ts';
import type { Break } from '../../clearing/break.ts';
import { breakDetail } from '../../clearing/break-detail.ts';
import { type BreakPosition, breakTotals, listBreaks } from '../../clearing/break-list.ts';
import { recordEvent } from '../../clearing/cycle-events.ts';
import { type Task, work } from '../../clearing/work.ts';
import type { Checked } from '../../contract/refusal.ts';
import { type Queryable, within } from '../../journal/database.ts';
import { breakFilterIn, breakFilters } from '../break-filters.ts';
import { readOrder, readTasks, workerOf, workProblem } from '../break-orders.ts';
import { breakDetailShown, breakShown, breakTag, versionIn, yuan } from '../clearing-shapes.ts';
import { pageAnswer, readPaging } from '../paging.ts';
import type { Parts } from '../parts.ts';
import { refusalProblem, requestProblem } from '../problem.ts';
import { type Answer, type Asked, ok, type Posted, type Route, turnedDown } from '../route.ts';
import { bytesOf } from '../taken-file.ts';

const BREAK_ID = /^[0-9a-f]{32}$/;
const SHA256 = /^[0-9a-f]{64}$/;

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
      query: ['limit', 'cursor', ...breakFilters],
      answer: async (asked, view) => {
        const read = breakFilterIn(asked);
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
      query: breakFilters,
      answer: async (asked, view) => {
        const read = breakFilterIn(asked);
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
