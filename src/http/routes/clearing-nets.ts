import { holdsOf } from '../../clearing/hold.ts';
import { abortNet } from '../../clearing/instruction.ts';
import { entriesOf, type NetSummary, netById, netsOf } from '../../clearing/net-read.ts';
import { dayOf, signaturesOf, takeDaySignature } from '../../clearing/settle-day.ts';
import { isObject } from '../../contract/json.ts';
import { refuse } from '../../contract/refusal.ts';
import { within } from '../../journal/database.ts';
import { instant, yuan } from '../clearing-shapes.ts';
import { readFields } from '../fields.ts';
import { cutPage, readPaging } from '../paging.ts';
import type { Parts } from '../parts.ts';
import { refusalProblem, requestProblem } from '../problem.ts';
import { type Answer, type Asked, ok, type Route, turnedDown } from '../route.ts';

/** Nets of the fees between exchanges, and the day as all three sign it. */
export function netRoutes(parts: Parts): readonly Route[] {
  const { clearing, nowMs } = parts;
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
        return cutPage(
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
        return cutPage(
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
  ];
}

function unknown(id: string): Answer {
  return turnedDown(requestProblem('not-found', '', id.slice(0, 80)));
}

function netIdOf({ params: { cycle = '', no = '' } }: Asked): string {
  return `${cycle}#${no}`;
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
