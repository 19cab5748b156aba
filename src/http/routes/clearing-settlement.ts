import { type InstructionFile, instructionFilesOf, instructionsOf } from '../../clearing/instruction.ts';
import { latestNetOf } from '../../clearing/net-read.ts';
import { recordRecordal } from '../../clearing/release.ts';
import { settlementsOf } from '../../clearing/settle-read.ts';
import { statusesOf, takeStatusFile } from '../../clearing/settle-status.ts';
import { refuse } from '../../contract/refusal.ts';
import { within } from '../../journal/database.ts';
import { instant, yuan } from '../clearing-shapes.ts';
import { readFields } from '../fields.ts';
import { cutPage, readPaging } from '../paging.ts';
import type { Parts } from '../parts.ts';
import { refusalProblem, requestProblem } from '../problem.ts';
import { type Answer, ok, type Route, turnedDown } from '../route.ts';
import { bytesOf } from '../taken-file.ts';

const SHA256 = /^[0-9a-f]{64}$/;
const MOST_STATUS_BYTES = 16 * 1_048_576;
const STATES = ['reserved', 'posted', 'voided'] as const;

/** Payments and what banks say of them, deals delivered against payment. */
export function settlementRoutes(parts: Parts): readonly Route[] {
  const { clearing, nowMs } = parts;
  return [
    {
      method: 'get',
      path: '/v1/clearing/cycles/:cycle/instructions',
      query: [],
      answer: async ({ params: { cycle = '' } }, view) => {
        const found = await view(async (connection) => {
          const net = await latestNetOf(connection, cycle);
          if (net === undefined) return undefined;
          const [instructions, files] = [
            await instructionsOf(connection, net.id),
            await instructionFilesOf(connection, net.id),
          ];
          return { net: net.id, instructions, files };
        });
        if (found === undefined) return unknown(cycle);
        const items = found.instructions.map(({ fen, endedAt, ...one }) => ({
          ...one,
          amount: yuan(fen),
          endedAt: endedAt === null ? null : instant(endedAt),
        }));
        const files = found.files.map(({ sha256, payer, messageId }) => ({ sha256, payer, messageId }));
        return ok({ net: found.net, items, files });
      },
    },
    {
      method: 'get',
      path: '/v1/clearing/cycles/:cycle/instruction-files/:sha256',
      query: [],
      answer: async ({ params: { cycle = '', sha256 = '' } }, view) => {
        const file = await view(async (connection): Promise<InstructionFile | undefined> => {
          const net = await latestNetOf(connection, cycle);
          const files = net === undefined ? [] : await instructionFilesOf(connection, net.id);
          return files.find((one) => one.sha256 === sha256);
        });
        if (file === undefined) return unknown(sha256);
        return { ...ok(null), file: { name: `${file.messageId}.xml`, type: 'application/xml', bytes: file.bytes } };
      },
    },
    {
      method: 'post',
      path: '/v1/clearing/status-files',
      keyed: true,
      body: 'file',
      takes: ['application/xml', 'text/xml'],
      maxBytes: MOST_STATUS_BYTES,
      answer: async ({ file, caller }, connection) => {
        const by = { actor: caller.actor.name, role: caller.actor.role };
        const taken = await takeStatusFile(
          { bytes: await bytesOf(file), by },
          { ...clearing.settling, database: within(connection), nowMs },
        );
        if (!taken.ok) return turnedDown(refusalProblem(taken.refusals));
        const { lines, ...rest } = taken.value;
        return { status: 200, body: { ...rest, lines: lines.map(statusShown) } };
      },
    },
    {
      method: 'get',
      path: '/v1/clearing/cycles/:cycle/statuses',
      query: [],
      answer: async ({ params: { cycle = '' } }, view) => {
        const rows = await view(async (connection) => {
          const net = await latestNetOf(connection, cycle);
          return net && (await statusesOf(connection, { net: net.id, limit: parts.limits.pageLimit }));
        });
        if (rows === undefined) return unknown(cycle);
        const items = rows.map(({ file, kind, receivedAt, ...line }) => ({
          ...statusShown(line),
          file,
          kind,
          receivedAt: instant(receivedAt),
        }));
        return ok({ items });
      },
    },
    {
      method: 'get',
      path: '/v1/clearing/settlements',
      query: ['limit', 'cursor', 'state', 'deal', 'cycle'],
      answer: async (asked, view) => {
        const request = readPaging(asked, parts);
        if ('code' in request) return turnedDown(request);
        const { limit, after } = request;
        const { state, deal, cycle } = asked.query;
        const known = STATES.find((one) => one === state);
        if (state !== undefined && known === undefined) {
          return turnedDown(requestProblem('bad-query', '#query/state', STATES.join(', ')));
        }
        const filter = {
          ...(known === undefined ? {} : { state: known }),
          ...(deal === undefined ? {} : { deal }),
          ...(cycle === undefined ? {} : { cycle }),
        };
        const page = { ...(after === undefined ? {} : { after: after.id }), limit: limit + 1 };
        const rows = await view((connection) => settlementsOf(connection, filter, page));
        return cutPage(
          asked,
          rows,
          limit,
          parts,
          ({ payout }) => payout,
          ({ dealId, payoutFen, legs, ...row }) => ({
            deal: dealId,
            ...row,
            amount: yuan(payoutFen),
            legs: legs.map(({ fen, ...leg }) => ({ ...leg, amount: fen === null ? null : yuan(BigInt(fen)) })),
          }),
        );
      },
    },
    {
      method: 'post',
      path: '/v1/clearing/recordals',
      keyed: true,
      body: true,
      answer: async ({ body, caller }, connection) => {
        const read = readFields(body, ['deal', 'number', 'evidence']);
        if (!read.ok) return turnedDown(refusalProblem(read.refusals));
        const { deal, number, evidence } = read.value;
        for (const [name, value] of Object.entries({ deal, number, evidence })) {
          if (typeof value !== 'string') return turnedDown(refusalProblem([refuse('wrong-type', `/${name}`)]));
        }
        if (!SHA256.test(String(evidence))) return turnedDown(refusalProblem([refuse('bad-format', '/evidence')]));
        const by = { actor: caller.actor.name, role: caller.actor.role };
        const order = { deal: String(deal), number: String(number), evidenceSha256: String(evidence), by };
        const kept = await recordRecordal(order, { database: within(connection), nowMs });
        return kept.ok ? { status: 201, body: { deal, number, evidence } } : turnedDown(refusalProblem(kept.refusals));
      },
    },
  ];
}

function unknown(id: string): Answer {
  return turnedDown(requestProblem('not-found', '', id.slice(0, 80)));
}

function statusShown<Line extends { readonly fen: bigint | null }>({ fen, ...line }: Line) {
  return { ...line, amount: yuan(fen) };
}
