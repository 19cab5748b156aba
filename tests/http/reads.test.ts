import request from 'supertest';
import type { Listing } from '../../src/contract/message.ts';
import { keepDeal, keepDecision, keepDelivery, keepListing, keepNumber } from './journal.ts';
import { dealOf, listingNumbered } from './samples.ts';
import { AS_SUPERVISOR, openSurface, type Surface, TOKEN } from './surface.ts';

let surface: Surface;
let listings: readonly Listing[];
const messages: string[] = [];
let dead: bigint;

beforeAll(async () => {
  surface = await openSurface();
  const db = surface.database;
  listings = Array.from({ length: 25 }, (_, i) => listingNumbered(i, i % 5 === 4 ? { status: 'suspended' } : {}));
  for (const [i, listing] of listings.entries()) {
    // Several change in the same microsecond: the id must then decide the order.
    messages.push(await keepListing(db, listing, `2026-03-02T10:00:00.00000${Math.floor(i / 4)}+08:00`));
    const verdict = i % 3 === 0 ? 'refuse' : 'relay';
    await keepDecision(db, listing, 'stex', { verdict: 'hold' }, false);
    await keepDecision(db, listing, 'stex', { verdict });
  }
  await keepNumber(db, 'stex', 'listing', 'SH-1', listings[0]!.id);
  await keepDeal(db, dealOf(listings[0]!), listings[0]!.id, 128_500_000n);
  await keepNumber(db, 'stex', 'deal', 'SHCJ-9', 'ctex:CJ2026-000001');
  await db.query(
    `insert into funds (id, deal, leg, amount_fen, message) values ('stex:ZJ1', $1, 'price-paid', 9007199254740991, $2)`,
    ['ctex:CJ2026-000001', messages[0]],
  );
  dead = await keepDelivery(db, messages[0]!, 'stex', 'dead');
  await keepDelivery(db, messages[1]!, 'stex', 'dead');
  await keepDelivery(db, messages[1]!, 'szse', 'waiting');
});

afterAll(() => surface.close());

const get = (path: string, app = surface.app) => request(app).get(path).set(AS_SUPERVISOR);

async function walk(path: string): Promise<string[]> {
  const seen: string[] = [];
  for (let next = path; ; ) {
    const page = await get(next).expect(200);
    seen.push(...page.body.items.map(({ id }: { id: string }) => id));
    const link = /^<(.+)>; rel="next"$/.exec(page.headers.link ?? '')?.[1];
    expect(link !== undefined).toBe(page.body.next !== undefined);
    if (link === undefined) return seen;
    next = link;
  }
}

test('following Link gives every listing once, in the order of change, whatever the page size', async () => {
  const all = listings.map(({ id }) => id);
  for (const limit of [1, 3, 24, 25, 200]) expect(await walk(`/v1/listings?limit=${limit}`)).toEqual(all);
  expect(await walk('/v1/listings?limit=7&order=newest')).toEqual([...all].reverse());
});

test('a listing that changes while pages are read is seen again, and none is missed', async () => {
  const first = await get('/v1/listings?limit=5').expect(200);
  await surface.database.query(`update listing set updated_at = '2026-03-03' where id = $1`, [listings[0]!.id]);
  const rest = await walk(`/v1/listings?limit=5&cursor=${first.body.next}`);
  expect(rest).toContain(listings[0]!.id);
  expect(new Set([...first.body.items.map(({ id }: { id: string }) => id), ...rest]).size).toBe(listings.length);
  await surface.database.query(`update listing set updated_at = '2026-03-02T10:00:00+08:00' where id = $1`, [
    listings[0]!.id,
  ]);
});

test('filters narrow the list, and only decisions in force count', async () => {
  expect((await walk('/v1/listings?status=suspended')).length).toBe(5);
  expect((await walk('/v1/listings?host=stex&verdict=refuse&limit=2')).length).toBe(9);
  expect((await walk('/v1/listings?verdict=hold')).length).toBe(0);
  expect((await walk('/v1/listings?host=szse')).length).toBe(0);
  expect((await walk('/v1/listings?home=stex')).length).toBe(0);
  expect((await walk('/v1/listings?home=ctex&status=published&host=stex&verdict=relay&limit=3')).length).toBe(13);
});

test('a page of listings costs one statement beside those that say who reads, however many it shows', async () => {
  const statements: string[] = [];
  const counting = {
    ...surface.database,
    connect: async () => {
      const client = await surface.database.connect();
      const query = client.query.bind(client) as (asked: string | { readonly text: string }) => unknown;
      const counted = (asked: string | { readonly text: string }) => {
        statements.push(typeof asked === 'string' ? asked : asked.text);
        return query(asked);
      };
      const release = (error?: Error) => client.release(error);
      return Object.assign(Object.create(client), { query: counted, release });
    },
  };
  const counted = await openSurface({ database: counting as typeof surface.database });
  await get('/v1/listings?limit=25', counted.app).expect(200);
  expect(statements.filter((text) => !/^(begin|commit|set local role|select set_config)/i.test(text))).toHaveLength(1);
  expect(statements).toHaveLength(5);
  await counted.close();
});

test('a cursor holds for its own list and filters only, and cannot be made up', async () => {
  const { next } = (await get('/v1/listings?limit=2').expect(200)).body;
  await get(`/v1/listings?cursor=${next}`).expect(200);
  for (const path of [
    `/v1/listings?home=ctex&cursor=${next}`,
    `/v1/listings?order=newest&cursor=${next}`,
    `/v1/deals?cursor=${next}`,
    `/v1/dead-letters?cursor=${next}`,
    `/v1/listings?cursor=${next}x`,
    `/v1/listings?cursor=x${next}`,
    '/v1/listings?cursor=',
    '/v1/listings?cursor=a.b',
    `/v1/listings?cursor=${'a'.repeat(2000)}`,
  ]) {
    const answer = await get(path).expect(400);
    expect(answer.body.code).toBe('bad-cursor');
  }
});

test('one listing comes with its content, mirrors and decisions in force', async () => {
  const { body } = await get(`/v1/listings/${encodeURIComponent(listings[0]!.id)}`).expect(200);
  expect(body.content).toEqual(listings[0]);
  expect(body.mirrors).toEqual([{ host: 'stex', number: 'SH-1' }]);
  expect(body.decisions).toHaveLength(1);
  expect(body.decisions[0]).toMatchObject({ host: 'stex', verdict: 'refuse', decision: { verdict: 'refuse' } });
});

test('what has not changed is not sent again', async () => {
  const path = `/v1/listings/${listings[1]!.id}`;
  const { headers } = await get(path).expect(200);
  const again = await get(path).set('If-None-Match', headers.etag!).expect(304);
  expect(again.text).toBe('');
  await get(path).set('If-None-Match', '"other"').expect(200);
});

test('amounts of deals are yuan strings, exact up to the largest', async () => {
  const { body } = await get('/v1/deals/ctex:CJ2026-000001').expect(200);
  expect(body.price).toEqual({ amount: '1285000.00', currency: 'CNY' });
  expect(body.paid).toEqual({ amount: '0.01', currency: 'CNY' });
  expect(body.funds[0].amount).toEqual({ amount: '90071992547409.91', currency: 'CNY' });
  expect(body.numbers).toEqual([{ exchange: 'stex', number: 'SHCJ-9' }]);
  expect(await walk('/v1/deals?status=concluded&host=stex&listing=ctex:TJ2026-000000')).toEqual(['ctex:CJ2026-000001']);
  expect(await walk('/v1/deals?status=certified')).toEqual([]);
});

test('a message shows its exact bytes, its receipts, and what the host could not be told', async () => {
  const { body } = await get(`/v1/messages/${messages[0]}`).expect(200);
  expect(Buffer.from(body.native.bytes, 'base64').toString()).toBe('native 桥');
  expect(body.envelope.payload.id).toBe(listings[0]!.id);
  expect(body.receipts.map((one: { receipt: string }) => one.receipt)).toEqual(['received']);
  expect(body.deliveries[0]).toMatchObject({ exchange: 'stex', state: 'dead', loss: [{ pointer: '/summary' }] });
  const evidence = await get(`/v1/messages/${messages[0]}/evidence`).expect('x-qiao-final', 'no').expect(200);
  expect(evidence.body).toMatchObject({ format: 'qiao-evidence/1', envelope: body.envelope.bytes, checkpoint: null });
});

test('dead letters are listed oldest first and page on', async () => {
  const first = await get('/v1/dead-letters?limit=1').expect(200);
  expect(first.body.items[0].id).toBe(dead.toString());
  expect((await walk('/v1/dead-letters?limit=1')).length).toBe(2);
  expect((await walk('/v1/dead-letters?exchange=szse')).length).toBe(0);
});

test('adapters show link, rulebook in force and what it lets through', async () => {
  const { body } = await get('/v1/adapters').expect(200);
  expect(body.items.map((one: { exchange: string }) => one.exchange)).toEqual(['ctex', 'stex', 'szse']);
  const szse = body.items[2];
  expect(szse.link).toMatchObject({ up: false, lastHeardAt: '2026-03-02T10:00:00+08:00' });
  expect(szse.rulebook.version).toBe(1);
  const modes = szse.capabilities.find((one: { dimension: string }) => one.dimension === 'modes');
  expect(modes.value).toEqual(['agreement', 'listing', 'bidding']);
});

test('readiness follows its checks and the end of the process; liveness does not', async () => {
  await get('/livez').expect(200, { status: 'alive' });
  await get('/readyz').expect(200);
  const failing = { name: 'queue', check: () => Promise.reject(new Error('gone')) };
  for (const changes of [{ checks: [failing] }, { stopping: () => true }]) {
    const other = await openSurface(changes);
    const { body } = await get('/readyz', other.app).expect(503);
    expect(['not-ready', 'stopping']).toContain(body.status);
    await request(other.app).get('/livez').expect(200);
    await other.close();
  }
});

test('an alarm is shown where readiness is asked, and does not end it: relaying goes on', async () => {
  const fork = { code: 'witness-fork', at: 'ctex', zh: '见证方拒签', en: 'a witness refuses' };
  const other = await openSurface({ alarms: () => [fork] });
  const { body } = await get('/readyz', other.app).expect(200);
  expect(body).toMatchObject({ status: 'ready', alarms: [fork] });
  await other.close();
});

test('metrics count requests by route, links and deliveries', async () => {
  await get('/v1/listings/ctex:none').expect(404);
  const { text } = await get('/metrics').expect(200);
  expect(text).toMatch(/qiao_http_requests_total\{route="\/v1\/listings\/:id",method="GET",status="404"\} 1/);
  expect(text).toMatch(/qiao_link_up\{exchange="ctex"\} 1/);
  expect(text).toMatch(/qiao_link_up\{exchange="szse"\} 0/);
  expect(text).toMatch(/qiao_deliveries\{exchange="stex",state="dead"\} 2/);
  expect(text).not.toContain(TOKEN);
});
