import { viewerOf } from '../../access/actor.ts';
import { type Run, runsOf } from '../../clearing/cycle-runs.ts';
import { foundAfter } from '../../clearing/match-found.ts';
import { reportKinds } from '../../clearing/report.ts';
import { makeReport, type ReportForm, reportForms } from '../../clearing/report-make.ts';
import { foundShown, instant } from '../clearing-shapes.ts';
import { cutPage, readPaging } from '../paging.ts';
import type { Parts } from '../parts.ts';
import { refusalProblem, requestProblem } from '../problem.ts';
import { ok, type Route, turnedDown } from '../route.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Comparisons of a day and what they found, and the day's reports as files. */
export function runRoutes(parts: Parts): readonly Route[] {
  const { clearing, database, nowMs } = parts;
  return [
    {
      method: 'get',
      path: '/v1/clearing/cycles/:cycle/runs',
      query: [],
      answer: async ({ params: { cycle = '' } }, view) =>
        ok({ items: (await view((connection) => runsOf(connection, cycle))).map(runShown) }),
    },
    {
      method: 'get',
      path: '/v1/clearing/runs/:id/findings',
      query: ['limit', 'cursor'],
      answer: async (asked, view) => {
        const { id = '' } = asked.params;
        const request = readPaging(asked, parts);
        if ('code' in request) return turnedDown(request);
        if (!UUID.test(id)) return turnedDown(requestProblem('not-found', '', id.slice(0, 80)));
        const { limit, after } = request;
        const rows = await view((connection) => foundAfter(connection, id, after?.id ?? '', limit + 1));
        return cutPage(asked, rows, limit, parts, ({ breakId }) => breakId, foundShown);
      },
    },
    {
      method: 'get',
      path: '/v1/clearing/cycles/:cycle/reports/:report',
      query: [],
      answer: async ({ params: { cycle = '', report = '' }, caller: { actor } }) => {
        const [name, form = ''] = report.split('.');
        const kind = reportKinds.find((one) => one === name);
        if (kind === undefined || !Object.hasOwn(reportForms, form) || !/^\d{4}-\d\d-\d\d$/.test(cycle)) {
          const names = `${reportKinds.join('|')}.${Object.keys(reportForms).join('|')}`;
          return turnedDown(requestProblem('not-found', '', names));
        }
        const by = { name: actor.name, role: actor.role };
        const order = { kind, form: form as ReportForm, cycle, viewer: viewerOf(actor), by };
        const made = await makeReport(order, { database, limits: clearing.limits, nowMs });
        if (!made.ok) return turnedDown(refusalProblem(made.refusals));
        const { fileName, mediaType, bytes, sha256, rows } = made.value;
        const headers = { 'x-qiao-digest': sha256, 'x-qiao-rows': String(rows) };
        return { ...ok(null, headers), file: { name: fileName, type: mediaType, bytes } };
      },
    },
  ];
}

function runShown({ startedAt, finishedAt, ...run }: Run) {
  return { ...run, startedAt: instant(startedAt), finishedAt: finishedAt === null ? null : instant(finishedAt) };
}
