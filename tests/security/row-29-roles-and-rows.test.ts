import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import request from 'supertest';
import { addAccount } from '../../src/access/accounts.ts';
import { type Role, roles } from '../../src/access/actor.ts';
import { issueKey } from '../../src/access/keys.ts';
import { type Exchange, exchanges } from '../../src/contract/exchange.ts';
import { routesOf } from '../../src/http/routes/all.ts';
import { transaction } from '../../src/journal/database.ts';
import { fillMarket, type Kept } from '../access/market.ts';
import { NOW, openSurface, type Surface, TOKEN } from '../http/surface.ts';

/**
 * trust.md §8, row 29: nobody gets at a route that is not for their role, nor at a row that is not their exchange's.
 * What each may do is written down here a second time, by hand: the matrix below is generated from this.
 */
const everyone: readonly Role[] = ['maker', 'checker', 'supervisor', 'auditor', 'exchange-viewer', 'integrator'];
const OPEN = ['get /livez', 'get /readyz', 'post /v1/sessions', 'get /v1/openid/login', 'get /v1/openid/callback'];
const NARROW: Readonly<Record<string, readonly Role[]>> = {
  'post /v1/dead-letters/:id/redrive': ['maker', 'checker', 'supervisor'],
  'post /v1/dead-letters/:id/redrive/approve': ['checker', 'supervisor'],
  'post /v1/rulebooks': ['supervisor'],
  'get /v1/audit': ['auditor', 'supervisor'],
  'get /v1/users': ['auditor', 'supervisor'],
  'get /v1/keys': ['auditor', 'supervisor'],
  'post /v1/users': ['supervisor'],
  'post /v1/users/:name/disable': ['supervisor'],
  'post /v1/users/:name/reset': ['supervisor'],
  'post /v1/users/:name/keys': ['supervisor'],
  'post /v1/keys/:id/revoke': ['supervisor'],
  'post /v1/clearing/cycles': ['checker', 'supervisor'],
  'post /v1/clearing/cycles/:cycle/advance': ['checker', 'supervisor'],
  'post /v1/clearing/cycles/:cycle/reopen': ['checker', 'supervisor'],
  'post /v1/clearing/cycles/:cycle/books/:exchange': ['maker', 'supervisor'],
  'post /v1/clearing/breaks/:id/acts': ['maker', 'checker', 'supervisor'],
  'post /v1/clearing/breaks/:id/comments': ['maker', 'checker', 'supervisor'],
  'post /v1/clearing/break-acts': ['maker', 'checker', 'supervisor'],
  'post /v1/clearing/breaks/:id/queries': ['maker', 'integrator'],
  'post /v1/clearing/queries/:id/answer': ['integrator'],
  'post /v1/clearing/attachments': ['maker', 'checker', 'supervisor'],
  'get /v1/clearing/attachments/:sha256': ['maker', 'checker', 'supervisor', 'auditor'],
  'post /v1/clearing/cycles/:cycle/nets/abort': ['supervisor'],
  'post /v1/clearing/cycles/:cycle/signatures': ['integrator'],
  'post /v1/clearing/status-files': ['maker', 'checker', 'supervisor'],
  'post /v1/clearing/recordals': ['maker', 'supervisor'],
  'get /v1/clearing/sheet': ['maker', 'checker', 'supervisor', 'auditor'],
  'post /v1/clearing/sheet/preview': ['maker'],
  'post /v1/clearing/sheet/:sha256/propose': ['maker'],
};

/** A role at an exchange, or at none. */
interface Person {
  readonly role: Role;
  readonly exchange: Exchange | null;
  readonly token: string;
}

let surface: Surface;
let kept: readonly Kept[];
const people: Person[] = [];

beforeAll(async () => {
  surface = await openSurface();
  kept = await fillMarket(surface.database);
  const by = { name: 'test', role: 'terminal' };
  const at = new Date(NOW);
  const tenants = (role: Role) =>
    role === 'exchange-viewer' ? exchanges : role === 'integrator' ? [null, ...exchanges] : [null];
  for (const role of roles) {
    for (const exchange of tenants(role)) {
      const name = `${role}-${exchange ?? 'all'}`;
      await transaction(surface.database, async (connection) => {
        const made = await addAccount(connection, { name, role, exchange }, by, at, surface.parts.access);
        if (!made.ok) throw new Error(JSON.stringify(made.refusals));
        const wanted = { id: randomUUID(), account: name, label: 'test', days: 1 };
        const holder = { name, role, exchange };
        const token =
          role === 'integrator'
            ? await issueKey(connection, wanted, by, at, 1).then((key) => (key.ok ? key.value.token : ''))
            : (await surface.parts.access.sessions.open(connection, holder, { by: 'terminal' }, at)).token;
        people.push({ role, exchange, token });
      });
    }
  }
});
afterAll(() => surface.close());

const PLACES: Readonly<Record<string, string>> = {
  ':id': '0',
  ':name': 'no-such-name',
  ':cycle': '2000-01-01',
  ':exchange': 'ctex',
  ':no': '1',
  ':sha256': '0'.repeat(64),
  ':report': 'day.csv',
};
const asked = (path: string) => path.replace(/:\w+/g, (name) => PLACES[name]!);

async function status(method: 'get' | 'post', path: string, token?: string): Promise<[number, string]> {
  const sent = request(surface.app)[method](path).set('idempotency-key', randomUUID());
  if (token !== undefined) sent.set('authorization', `Bearer ${token}`);
  // Live progress never ends: its head is the answer.
  if (path === '/v1/clearing/events') {
    sent.buffer(false).parse((stream, done) => {
      (stream as unknown as IncomingMessage).destroy();
      done(null, {});
    });
  }
  const { status: code, body } = await (method === 'post' ? sent.send({}) : sent);
  return [code, String(body?.code ?? '')];
}

test('every route × every role × every tenant: open to those it is for, 403 to all others, 401 to nobody', async () => {
  const lines = routesOf(surface.parts).map(({ method, path }) => ({ method, path, line: `${method} ${path}` }));
  expect(lines.length).toBeGreaterThan(20);
  for (const line of Object.keys(NARROW)) expect(lines.map((one) => one.line)).toContain(line);
  let cells = 0;
  // Logging out would end the matrix.
  for (const { method, path, line } of lines.filter((one) => one.line !== 'post /v1/session/end')) {
    const [none] = await status(method, asked(path));
    const [wrong] = await status(method, asked(path), `qs_${'A'.repeat(43)}`);
    if (OPEN.includes(line)) expect([line, none === 403]).toEqual([line, false]);
    else expect([line, none, wrong]).toEqual([line, 401, 401]);
    for (const { role, exchange, token } of people) {
      const [code, problem] = await status(method, asked(path), token);
      const admitted = !['unauthorised', 'forbidden', 'csrf-missing'].includes(problem) && code !== 500;
      const due = OPEN.includes(line) || (NARROW[line] ?? everyone).includes(role);
      expect([line, role, exchange, admitted]).toEqual([line, role, exchange, due]);
      if (!due) expect([line, role, code]).toEqual([line, role, 403]);
      cells += 1;
    }
  }
  expect(cells).toBe((lines.length - 1) * people.length);
});

async function listed(path: string, token: string): Promise<readonly string[]> {
  const seen: string[] = [];
  for (let next: string | undefined = path; next !== undefined; ) {
    const page: request.Response = await request(surface.app)
      .get(next)
      .set('authorization', `Bearer ${token}`)
      .expect(200);
    seen.push(...page.body.items.map(({ id }: { id: string }) => id));
    next = /^<(.+)>; rel="next"$/.exec(page.headers.link ?? '')?.[1];
  }
  return seen.sort();
}

const LISTS = { listing: '/v1/listings', deal: '/v1/deals', delivery: '/v1/dead-letters' } as const;

test('lists hold the rows of the caller’s exchange: all of them and no other; staff sees every row', async () => {
  const { rows } = await surface.database.query<{ no: bigint }>(`select no from delivery where state = 'dead'`);
  const dead = new Set(rows.map(({ no }) => no.toString()));
  for (const { exchange, token } of people) {
    for (const [table, path] of Object.entries(LISTS)) {
      const due = kept
        .filter((row) => row.table === table && (exchange === null || row.seenBy.includes(exchange)))
        .map(({ key }) => key)
        .filter((key) => table !== 'delivery' || dead.has(key));
      expect([path, exchange, await listed(`${path}?limit=3`, token)]).toEqual([path, exchange, due.sort()]);
    }
  }
});

test('an id of somebody else’s row is answered as if there were none; one’s own is shown', async () => {
  const ONE = { listing: '/v1/listings/', deal: '/v1/deals/', message: '/v1/messages/' } as const;
  for (const { exchange, token } of people) {
    if (exchange === null) continue;
    for (const { table, key, seenBy } of kept) {
      const place = ONE[table as keyof typeof ONE];
      if (place === undefined) continue;
      const [code] = await status('get', place + encodeURIComponent(key), token);
      // Content that was journaled as a bare kind has no record of a listing, but is a message all the same.
      expect([place, key, exchange, code]).toEqual([place, key, exchange, seenBy.includes(exchange) ? 200 : 404]);
    }
  }
});

test('one’s own listing, deal and message do not tell what others said of them', async () => {
  const viewer = people.find(({ role, exchange }) => role === 'exchange-viewer' && exchange === 'stex')!;
  const get = async (path: string) =>
    (await request(surface.app).get(path).set('authorization', `Bearer ${viewer.token}`).expect(200)).body;
  const shown = kept.filter(({ table, seenBy }) => table === 'listing' && seenBy.includes('stex'));
  const foreign = shown.find(({ key }) => key.startsWith('ctex:'))!;
  const listing = await get(`/v1/listings/${foreign.key}`);
  // The third exchange was refused it; that is between the home and its rules.
  expect(listing.decisions.map(({ host }: { host: string }) => host)).toEqual(['stex']);
  const message = await get(`/v1/messages/${listing.message}`);
  expect(message.deliveries.map(({ exchange }: { exchange: string }) => exchange)).toEqual(['stex']);
});

test('the token of the automation is a supervisor of no exchange', async () => {
  const me = await request(surface.app).get('/v1/session').set('authorization', `Bearer ${TOKEN}`).expect(200);
  expect(me.body).toEqual({ account: 'automation', role: 'supervisor', exchange: null, csrf: null });
});

test('the role and the exchange of an account hold from the next request on, and a disabled one has none', async () => {
  const viewer = people.find(({ role, exchange }) => role === 'exchange-viewer' && exchange === 'szse')!;
  const before = await listed('/v1/deals', viewer.token);
  await surface.database.query(`update account set exchange = 'ctex' where name = 'exchange-viewer-szse'`);
  expect(await listed('/v1/deals', viewer.token)).not.toEqual(before);
  await surface.database.query(`update account set disabled = true where name = 'exchange-viewer-szse'`);
  expect(await status('get', '/v1/deals', viewer.token)).toEqual([401, 'unauthorised']);
});
