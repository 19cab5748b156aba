import { randomUUID } from 'node:crypto';
import request from 'supertest';
import { addAccount } from '../../src/access/accounts.ts';
import { accepted } from '../../src/contract/refusal.ts';
import { transaction } from '../../src/journal/database.ts';
import { keepDelivery, keepListing } from './journal.ts';
import { listingNumbered } from './samples.ts';
import { AS_SUPERVISOR, NOW, openSurface, rulebookDocument, type Surface, TOKEN } from './surface.ts';

let surface: Surface;
beforeAll(async () => {
  surface = await openSurface();
});
afterAll(() => surface.close());

const adopted = accepted({ exchange: 'ctex' as const, version: 2, sha256: '0'.repeat(64) });
const question = (changes = {}) => ({ listing: listingNumbered(1), host: 'stex', at: '2026-03-02', ...changes });

function post(path: string, body: unknown, key: string | null = randomUUID(), app = surface.app) {
  const asked = request(app).post(path).set(AS_SUPERVISOR).set('content-type', 'application/json');
  if (key !== null) asked.set('idempotency-key', key);
  return asked.send(typeof body === 'string' ? body : JSON.stringify(body));
}

test('a decision is given with every reason in both languages and the clause it rests on', async () => {
  const { body } = await post(
    '/v1/decisions',
    question({ host: 'szse', listing: listingNumbered(1, { mode: 'auction', export: 'restricted' }) }),
  ).expect(200);
  expect(body.verdict).toBe('refuse');
  const codes = body.issues.map((one: { code: string }) => one.code);
  expect(codes).toEqual(expect.arrayContaining(['mode-unsupported', 'export-hold']));
  for (const issue of body.issues) {
    expect(issue.detail.zh).not.toBe('');
    expect(issue.detail.en).not.toBe('');
    expect(issue.clause).not.toBe('');
    expect(['statute', 'published', 'assumption']).toContain(issue.provenance);
  }
});

test('the same request again gets the first answer and says so', async () => {
  const key = randomUUID();
  const first = await post('/v1/decisions', question(), key).expect(200);
  expect(first.headers['idempotent-replayed']).toBeUndefined();
  const again = await post('/v1/decisions', question(), key).expect(200);
  expect(again.headers['idempotent-replayed']).toBe('true');
  expect(again.text).toBe(first.text);
});

test('a key used for another request is refused, also on another path', async () => {
  const key = randomUUID();
  await post('/v1/decisions', question(), key).expect(200);
  const other = await post('/v1/decisions', question({ at: '2026-03-03' }), key).expect(422);
  expect(other.body.code).toBe('idempotency-key-reused');
});

test('a key is required, and a refused request does not use it up', async () => {
  expect((await post('/v1/decisions', question(), null).expect(400)).body.code).toBe('idempotency-key-missing');
  const key = randomUUID();
  await post('/v1/decisions', question({ at: '2026-02-30' }), key).expect(422);
  await post('/v1/decisions', question(), key).expect(200);
});

test('a repeat while the first is under way gets 409, and only one has an effect', async () => {
  let arrived = () => {};
  let go = () => {};
  const started = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const released = new Promise<void>((resolve) => {
    go = resolve;
  });
  let effects = 0;
  const slow = await openSurface({
    adoptRulebook: async () => {
      effects++;
      arrived();
      await released;
      return adopted;
    },
  });
  const key = randomUUID();
  const adopt = () => post('/v1/rulebooks', {}, key, slow.app);
  const first = adopt().then((answer) => answer);
  await started;
  const second = await adopt();
  expect([second.status, second.body.code, second.headers['retry-after']]).toEqual([
    409,
    'idempotency-in-progress',
    '1',
  ]);
  go();
  expect((await first).status).toBe(201);
  expect((await adopt()).headers['idempotent-replayed']).toBe('true');
  expect(effects).toBe(1);
  await slow.close();
});

test('an effect that fails leaves neither effect nor answer behind', async () => {
  let fails = true;
  const failing = await openSurface({
    adoptRulebook: async (connection) => {
      await connection.query(`insert into link_memory values ('ctex', 'effect', 'done')`);
      if (fails) throw Object.assign(new Error('secret detail of the database'), { code: '57P01' });
      return adopted;
    },
  });
  const key = randomUUID();
  const adopt = () => post('/v1/rulebooks', {}, key, failing.app);
  const refused = await adopt().expect(503);
  expect(refused.text).not.toContain('secret detail');
  expect(refused.headers['retry-after']).toBe('5');
  expect(failing.logged.map(({ event }) => event)).toEqual(['http-failed']);
  expect((await failing.database.query('select 1 from link_memory')).rowCount).toBe(0);
  fails = false;
  const done = await adopt().expect(201);
  expect(done.headers['idempotent-replayed']).toBeUndefined();
  await failing.close();
});

/** What another person shows. */
async function another(name: string): Promise<string> {
  const { access } = surface.parts;
  const at = new Date(NOW);
  await transaction(surface.database, (connection) =>
    addAccount(connection, { name, role: 'checker', exchange: null }, { name: 'test', role: 'terminal' }, at, access),
  );
  const { token } = await transaction(surface.database, (connection) =>
    access.sessions.open(connection, { name, role: 'checker', exchange: null }, { by: 'terminal' }, at),
  );
  return `Bearer ${token}`;
}

test('a dead letter goes out again when one proposes it and another approves, once, and only a dead one', async () => {
  const message = await keepListing(surface.database, listingNumbered(7), '2026-03-02');
  const no = await keepDelivery(surface.database, message, 'stex', 'dead');
  const checker = await another('checker-of-7');
  const redrive = `/v1/dead-letters/${no}/redrive`;
  await post(`${redrive}/approve`, '').set('authorization', checker).expect(404);
  const proposed = await post(redrive, '').expect(202);
  expect(proposed.body).toMatchObject({ state: 'dead', redrive: { proposedBy: 'automation' } });
  // Proposed again it stays with who was first: a second wish is no approval.
  const again = await post(redrive, '').set('authorization', checker).expect(202);
  expect(again.body.redrive).toEqual(proposed.body.redrive);
  const listed = await request(surface.app).get('/v1/dead-letters').set(AS_SUPERVISOR).expect(200);
  expect(listed.body.items.find((one: { id: string }) => one.id === String(no)).redrive.proposedBy).toBe('automation');
  expect((await post(`${redrive}/approve`, '').expect(422)).body.code).toBe('same-operator');
  await post(`${redrive}/approve`, '')
    .set('authorization', checker)
    .expect(202, { id: String(no), state: 'in-doubt' });
  await post(`${redrive}/approve`, '').set('authorization', checker).expect(404);
  await post(redrive, '').expect(404);
  await post('/v1/dead-letters/x/redrive', '').expect(404);
  const { rows } = await surface.database.query('select state, attempts from delivery where no = $1', [no]);
  expect(rows).toEqual([{ state: 'in-doubt', attempts: 0 }]);
});

test('the database itself refuses the approval of who proposed', async () => {
  const message = await keepListing(surface.database, listingNumbered(9), '2026-03-02');
  const no = await keepDelivery(surface.database, message, 'stex', 'dead');
  await post(`/v1/dead-letters/${no}/redrive`, '').expect(202);
  await expect(
    surface.database.query(`update redrive set approved_by = proposed_by, approved_at = now() where delivery = $1`, [
      no,
    ]),
  ).rejects.toThrow(/redrive_four_eyes/);
});

test('a route takes a token that holds and nothing that only looks like it', async () => {
  const path = '/v1/dead-letters/1/redrive';
  for (const authorization of [
    '',
    'Bearer',
    'Bearer wrong',
    `Basic ${TOKEN}`,
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Bearer qs_${'A'.repeat(43)}`,
    `Bearer qk_${'A'.repeat(43)}`,
  ]) {
    const refused = await post(path, '').set('authorization', authorization).expect(401);
    expect(refused.body.code).toBe('unauthorised');
    expect(refused.headers['www-authenticate']).toBe('Bearer realm="qiao"');
  }
});

test('what is done stands in the audit trail, once, under the name of who did it', async () => {
  const message = await keepListing(surface.database, listingNumbered(8), '2026-03-02');
  const no = await keepDelivery(surface.database, message, 'stex', 'dead');
  const checker = await another('checker-of-8');
  const key = randomUUID();
  for (let i = 0; i < 2; i++) await post(`/v1/dead-letters/${no}/redrive`, '', key).expect(202);
  await post(`/v1/dead-letters/${no}/redrive/approve`, '').expect(422);
  await post(`/v1/dead-letters/${no}/redrive/approve`, '').set('authorization', checker).expect(202);
  const acts = await request(surface.app).get(`/v1/audit?subject=delivery/${no}`).set(AS_SUPERVISOR).expect(200);
  const done = acts.body.items.map(({ actor, role, act }: Record<string, string>) => [actor, role, act]);
  expect(done.toSorted()).toEqual([
    ['automation', 'supervisor', 'redrive-proposed'],
    ['checker-of-8', 'checker', 'delivery-redriven'],
  ]);
});

test('a rulebook is taken over, or refused with the place of every mistake', async () => {
  const version2 = { ...rulebookDocument('stex'), version: 2 };
  const taken = await post('/v1/rulebooks', version2).expect(201);
  expect(taken.body).toMatchObject({ exchange: 'stex', version: 2, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  const refused = await post('/v1/rulebooks', { ...version2, version: 0, surprise: 1 }).expect(422);
  const pointers = refused.body.errors.map((one: { pointer: string }) => one.pointer);
  expect(pointers).toEqual(expect.arrayContaining(['/version', '/surprise']));
});
