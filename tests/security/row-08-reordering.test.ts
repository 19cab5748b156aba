import { verifyEnvelope } from '../../src/envelope/envelope.ts';
import type { Queryable } from '../../src/journal/database.ts';
import { verifyJournal } from '../../src/journal/verify.ts';
import { forgetKeys, getJson, type Journey, openJourney } from '../journeys/federation.ts';
import { openPusher, type Pusher, projectEvent } from './pushing.ts';

/** Threat 8: somebody on the way turns messages round, holds one back, or leaves one out. */

let journey: Journey;
let ctex: Pusher;
beforeAll(async () => {
  journey = await openJourney({ limits: { pollIntervalMs: 50, outboxPollMs: 20 } });
  ctex = openPusher(journey);
});
afterAll(async () => {
  ctex.close();
  await journey.close();
  forgetKeys();
});

const event = (eventId: string, eventType: string, data: object) => ({
  eventId,
  eventType,
  occurTime: new Date(journey.clock.nowMs() + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' '),
  data,
});
const suspension = (projectNo: string) =>
  event(`s-${projectNo}`, 'PROJECT_SUSPENDED', { projectNo, version: 2, reason: '核查' });

test('what comes before what it follows from is put off, not dropped: sent again in its turn it is taken, once', async () => {
  const suspended = suspension('TURN');
  expect((await ctex.send(ctex.sign(suspended))).code).toBe('9001');
  expect((await ctex.send(ctex.sign(projectEvent('TURN')))).code).toBe('0000');
  const taken = await ctex.send(ctex.sign(suspended));
  expect(taken.code).toBe('0000');
  // The suspension again, and the publication after it: neither turns anything back.
  expect((await ctex.send(ctex.sign(suspended))).data).toEqual(taken.data);
  expect((await ctex.send(ctex.sign(projectEvent('TURN')))).code).toBe('0000');
  await journey.settle();
  expect(await getJson(journey, '/v1/listings/ctex%3ATURN')).toMatchObject({ status: 'suspended', version: 2 });
});

test('an older version under a new id does not undo a newer one', async () => {
  const old = await ctex.send(ctex.sign(projectEvent('TURN', { projectName: '旧版本' }, 'late')));
  expect(old.code).not.toBe('0000');
  await journey.settle();
  const shown = await getJson<{ status: string; title: string }>(journey, '/v1/listings/ctex%3ATURN');
  expect([shown.status, shown.title === '旧版本']).toEqual(['suspended', false]);
});

type Rows = readonly Record<string, unknown>[];
/** The journal, read through somebody who changes what was asked of it. */
async function readThrough(tamper: (rows: Rows) => Rows): Promise<readonly string[]> {
  const { database } = journey.gateway;
  const between: Queryable = {
    query: (async (text: string, values?: readonly unknown[]) => {
      const result = await database.query(text, values as unknown[]);
      return { ...result, rows: tamper(result.rows as Rows) };
    }) as unknown as Queryable['query'],
  };
  const refused = { ok: false, code: 'not-asked' } as const;
  const proof = await verifyJournal(between, {
    envelope: (bytes, atMs) => verifyEnvelope(bytes, journey.keys.trust, { atMs }),
    receipt: () => refused,
    cosigned: () => refused,
  });
  return proof.faults.filter((fault) => fault.includes('broken chain'));
}

test('in the journal every message names its number in its stream and the digest of the one before, under its signature', async () => {
  expect(await readThrough((rows) => rows)).toEqual([]);
  const { rows } = await journey.gateway.database.query<{ id: string }>(
    `select m.id from message m where exists (select from message n where n.issuer = m.issuer and n.stream = m.stream and n.no > m.no)
      order by no`,
  );
  expect(rows.length).toBeGreaterThan(0);
  for (const { id } of rows) {
    const without = await readThrough((all) => all.filter((row) => row.id !== id));
    expect([id, without.length]).toEqual([id, expect.any(Number)]);
    expect(without.length).toBeGreaterThan(0);
  }
});

test('two of one stream in each other’s place are found', async () => {
  const faults = await readThrough((rows) => {
    const [first, second] = rows.filter(({ stream, issuer }) => {
      const like = rows.filter((row) => row.stream === stream && row.issuer === issuer);
      return like.length > 1;
    });
    if (first === undefined || second === undefined) return rows;
    const swapped = new Map([
      [first, { ...second, no: first.no }],
      [second, { ...first, no: second.no }],
    ]);
    return rows.map((row) => swapped.get(row) ?? row);
  });
  expect(faults.length).toBeGreaterThan(0);
});
