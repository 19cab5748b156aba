import { type Preview, type PreviewRow, previewSheet, proposeSheet } from '../../clearing/round-trip.ts';
import { resolutionSheet } from '../../clearing/round-trip-sheet.ts';
import { readStanding } from '../../clearing/standing.ts';
import { within } from '../../journal/database.ts';
import { workerOf } from '../break-orders.ts';
import { yuan } from '../clearing-shapes.ts';
import type { Parts } from '../parts.ts';
import { refusalProblem, requestProblem } from '../problem.ts';
import { ok, type Route, turnedDown } from '../route.ts';
import { bytesOf } from '../taken-file.ts';

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const MOST_SHEET_BYTES = 16 * 1_048_576;
/** Differences between two books that are shown at once. */
const MOST_DIFFERENCES = 500;

/** Breaks resolved in a spreadsheet (download, fill in, preview, propose), and the standing check between closes. */
export function sheetRoutes({ clearing, newId, nowMs }: Parts): readonly Route[] {
  const { limits } = clearing;
  return [
    {
      method: 'get',
      path: '/v1/clearing/sheet',
      query: [],
      answer: async (_, view) => {
        const bytes = await view((connection) => resolutionSheet(connection, limits.breaksAtOnce));
        return { ...ok(null), file: { name: 'breaks-to-resolve.xlsx', type: XLSX, bytes } };
      },
    },
    {
      method: 'post',
      path: '/v1/clearing/sheet/preview',
      keyed: true,
      body: 'file',
      takes: [XLSX],
      maxBytes: MOST_SHEET_BYTES,
      answer: async ({ file, caller }, connection) => {
        const preview = await previewSheet(connection, await bytesOf(file), workerOf(caller.actor), { limits, nowMs });
        return preview.ok ? ok(previewShown(preview.value)) : turnedDown(refusalProblem(preview.refusals));
      },
    },
    {
      // What is proposed is what was previewed: its digest stands in the path.
      method: 'post',
      path: '/v1/clearing/sheet/:sha256/propose',
      keyed: true,
      body: 'file',
      takes: [XLSX],
      maxBytes: MOST_SHEET_BYTES,
      answer: async ({ file, caller, params: { sha256 = '' } }, connection) => {
        if (!/^[0-9a-f]{64}$/.test(sha256)) return turnedDown(requestProblem('not-found', '', sha256.slice(0, 80)));
        const workParts = { database: within(connection), limits, nowMs, newId };
        const done = await proposeSheet(await bytesOf(file), sha256, workerOf(caller.actor), workParts);
        if (!done.ok) return turnedDown(refusalProblem(done.refusals));
        const items = done.value.map((one) =>
          one.ok
            ? { break: one.value.id, done: true, state: one.value.state, version: one.value.version }
            : { done: false, errors: refusalProblem(one.refusals).errors },
        );
        return ok({ items });
      },
    },
    {
      method: 'get',
      path: '/v1/clearing/standing',
      query: [],
      answer: async (_, view) => ok(await view((connection) => readStanding(connection, MOST_DIFFERENCES))),
    },
  ];
}

function previewShown({ rows, sha256 }: Preview) {
  return { sha256, rows: rows.map(rowShown) };
}

function rowShown({ row, breakId, outcome, refusals, wish, amountFen, needed }: PreviewRow) {
  return {
    row,
    break: breakId,
    outcome,
    errors: refusals.length === 0 ? [] : refusalProblem(refusals).errors,
    wish: wish === undefined ? null : { ...wish, entries: [] },
    amount: amountFen === undefined ? null : yuan(amountFen),
    needed: needed ?? null,
  };
}
