import { holdsOf } from '../../clearing/hold.ts';
import { abortNet, type InstructionFile, instructionFilesOf, instructionsOf } from '../../clearing/instruction.ts';
import { entriesOf, latestNetOf, type NetSummary, netById, netsOf } from '../../clearing/net-read.ts';
import { recordRecordal } from '../../clearing/release.ts';
import { dayOf, signaturesOf, takeDaySignature } from '../../clearing/settle-day.ts';
import { settlementsOf } from '../../clearing/settle-read.ts';
import { statusesOf, takeStatusFile } from '../../clearing/settle-status.ts';
import { isObject } from '../../contract/json.ts';
import { refuse } from '../../contract/refusal.ts';
import { type Queryable, within } from '../../journal/database.ts';
import { instant, yuan } from '../clearing-shapes.ts';
import { readFields } from '../fields.ts';
import { pageAnswer, readPaging } from '../paging.ts';
import type { Parts } from '../parts.ts';
import { refusalProblem, requestProblem } from '../problem.ts';
import { type Answer, type Asked, ok, type Route, turnedDown } from '../route.ts';
import { bytesOf } from '../taken-file.ts';

const SHA256 = /^[0-9a-f]{64}$/;
const MOST_STATUS_BYTES = 16 * 1_048_576;
const STATES = ['reserved', 'posted', 'voided'] as const;

/** Nets, the signed day, payments and what banks say of them, deals delivered against payment. */
export function netRoutes(parts: Parts): readonly Route[] {
  const { clearing, nowMs } = parts;
  const settling = (connection: Queryable) => ({ ...clearing.settling, database: within(connection), nowMs });
  return [
    {
      method: 'get',
      path: '/v1/clearing/cycles/:cycle/nets',
      query: [],
      answer: async ({ params: { cycle = '' } }, view) =>
        ok({ items: (await view((connection) => netsOf(connection, cycle))).map(netShown) }),
    },
    {
      method: 'get',
      path: '/v1/clearing/cycles/:cycle/nets/:no/entries',
      query: ['limit', 'cursor'],
      answer: async (asked, view) => {
        const request = readPaging(asked, parts);
        if ('code' in request) return turnedDown(request);
        const { limit } = request;
        const after = request.after && (JSON.parse(request.after.id) as readonly [string, string]);
        const page = { ...(after === undefined ? {} : { after }), limit: limit + 1 };
        const rows = await view(async (connection) => {
          const net = await netById(connection, netIdOf(asked));
          return net && (await entriesOf(connection, net.id, page));
        });
        if (rows === undefined) return unknown(netIdOf(asked));
        return cut(
          asked,
          rows,
          limit,
          parts,
          (row) => JSON.stringify([row.subject, row.entry]),
          ({ fen, ...row }) => ({
            ...row,
            amount: yuan(fen),
          }),
        );
      },
    },
    {
      method: 'get',
      path: '/v1/clearing/cycles/:cycle/nets/:no/holds',
      query: ['limit', 'cursor'],
      answer: async (asked, view) => {
        const request = readPaging(asked, parts);
        if ('code' in request) return turnedDown(request);
        const { limit, after } = request;
        const page = { ...(after === undefined ? {} : { after: after.id }), limit: limit + 1 };
        const rows = await view(async (connection) => {
          const net = await netById(connection, netIdOf(asked));
          return net && (await holdsOf(connection, net.id, page));
        });
        if (rows === undefined) return unknown(netIdOf(asked));
        return cut(
          asked,
          rows,
          limit,
          parts,
          ({ dealId }) => dealId,
          ({ dealId, priceFen, hostFeeFen, ...row }) => ({
            deal: dealId,
            ...row,
            price: yuan(priceFen),
            fee: yuan(hostFeeFen),
          }),
        );
      },
    },
    {
      method: 'post',
      path: '/v1/clearing/cycles/:cycle/nets/abort',
      keyed: true,
      body: true,
      answer: async ({ params: { cycle = '' }, body, caller }, connection) => {
        const read = readFields(body, ['reason']);
        if (!read.ok) return turnedDown(refusalProblem(read.refusals));
        const { reason } = read.value;
        if (typeof reason !== 'string' || reason.trim() === '' || reason.length > 120) {
          return turnedDown(refusalProblem([refuse('bad-format', '/reason')]));
        }
        const by = { actor: caller.actor.name, role: caller.actor.role };
        const aborted = await abortNet({ cycle, reason, by }, { database: within(connection), nowMs });
        return aborted.ok ? ok(netShown(aborted.value)) : turnedDown(refusalProblem(aborted.refusals));
      },
    },
    {
      method: 'get',
      path: '/v1/clearing/cycles/:cycle/result',
      query: [],
      answer: async ({ params: { cycle = '' } }, view) => {
        const found = await view(async (connection) => {
          const day = await dayOf(connection, cycle);
          return day && { day, signatures: await signaturesOf(connection, day) };
        });
        if (found === undefined) return unknown(cycle);
        const { day, signatures } = found;
        return ok({
          cycle: day.cycle,
          no: day.no,
          net: day.net,
          sha256: day.sha256,
          bytes: day.bytes.toString('base64'),
          signatures: signatures.map(({ exchange, jws, signedAt }) => ({
            exchange,
            signedAt: instant(signedAt),
            jws: JSON.parse(jws.toString('utf8')) as unknown,
          })),
        });
      },
    },
    {
      method: 'post',
      path: '/v1/clearing/cycles/:cycle/signatures',
      keyed: true,
      body: true,
      answer: async ({ params: { cycle = '' }, body, caller }, connection) => {
        const { exchange } = caller.actor;
        // A program of the gateway's operator signs for no exchange.
        if (exchange === null) return turnedDown(refusalProblem([refuse('not-yours', '', caller.actor.name)]));
        const read = readFields(body, ['jws']);
        if (!read.ok) return turnedDown(refusalProblem(read.refusals));
        if (!isObject(read.value.jws)) return turnedDown(refusalProblem([refuse('wrong-type', '/jws')]));
        const jws = Buffer.from(JSON.stringify(read.value.jws));
        const signed = await takeDaySignature(
          { cycle, exchange, jws },
          { database: within(connection), trust: clearing.trust, nowMs },
        );
        if (!signed.ok) return turnedDown(refusalProblem(signed.refusals));
        return { status: 201, body: { cycle, signed: signed.value } };
      },
    },
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
        const taken = await takeStatusFile({ bytes: await bytesOf(file), by }, settling(connection));
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
        return cut(
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

function netIdOf({ params: { cycle = '', no = '' } }: Asked): string {
  return `${cycle}#${no}`;
}

/** A page out of rows of which one too many was read. */
function cut<Row>(
  asked: Asked,
  rows: readonly Row[],
  limit: number,
  pager: Parts,
  idOf: (row: Row) => string,
  show: (row: Row) => unknown,
): Answer {
  const kept = rows.slice(0, limit);
  const next = rows.length > limit ? { next: { at: '', id: idOf(kept.at(-1)!) } } : {};
  return pageAnswer(asked, { rows: kept, ...next }, pager, show);
}

function netShown({ id, cycle, no, run, state, nets, entries, entriesSha256, heldDeals, heldFen, madeAt }: NetSummary) {
  return {
    ...{ id, cycle, no, run, state, nets },
    entries: Number(entries),
    entriesSha256,
    heldDeals: Number(heldDeals),
    heldFees: yuan(heldFen),
    madeAt: instant(madeAt),
  };
}

function statusShown<Line extends { readonly fen: bigint | null }>({ fen, ...line }: Line) {
  return { ...line, amount: yuan(fen) };
}
