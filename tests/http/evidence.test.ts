import { createHash, randomUUID } from 'node:crypto';
import request from 'supertest';
import { addAccount } from '../../src/access/accounts.ts';
import type { Exchange } from '../../src/contract/exchange.ts';
import { signEnvelope } from '../../src/envelope/envelope.ts';
import { transaction } from '../../src/journal/database.ts';
import { openLinkMemory } from '../../src/journal/link-memory.ts';
import { testKey } from '../envelope/keys.ts';
import { keepDelivery } from './journal.ts';
import { AS_SUPERVISOR, NOW, openSurface, type Surface } from './surface.ts';

/** A document of stex that came in one page with others, relayed to szse and not to ctex. */

const page = Buffer.from('<WDLB><WD WDBH="W-1"/><WD WDBH="W-2"/></WDLB>');
const native = Buffer.from('<WD WDBH="W-1"/>');
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
let surface: Surface;
let id: string;

beforeAll(async () => {
  surface = await openSurface();
  const { database } = surface;
  await openLinkMemory(database, 'stex').keepWhole(page);
  await openLinkMemory(database, 'stex').keepWhole(page);
  id = randomUUID();
  const stream = 'listing/stex:1';
  const envelope = await signEnvelope(
    Buffer.from('{"kind":"listing"}'),
    {
      typ: 'fed-msg+jws',
      iss: 'stex',
      aud: ['szse'],
      jti: id,
      iat: NOW / 1000,
      kind: 'listing',
      contract: '1.0',
      rulebook: 'a'.repeat(64),
      stream,
      seq: 1,
      prev: null,
      nat: sha256(native),
    },
    [testKey('stex', 'Ed25519').signer],
  );
  await database.query(
    `insert into message (id, kind, issuer, stream, seq, subject, envelope, native, proof, received, recorded_at)
     values ($1, 'listing', 'stex', $2, 1, 'stex:1', $3, $4, $5, null, now())`,
    [id, stream, envelope, native, JSON.stringify({ covered: '', signature: '', whole: sha256(page), part: 1 })],
  );
  await keepDelivery(database, id, 'szse', 'waiting');
});
afterAll(() => surface.close());

async function viewerOf(exchange: Exchange): Promise<{ readonly authorization: string }> {
  const [name, role] = [`viewer-${exchange}`, 'exchange-viewer'] as const;
  const at = new Date(NOW);
  const { access } = surface.parts;
  return await transaction(surface.database, async (connection) => {
    await addAccount(connection, { name, role, exchange }, { name: 'test', role: 'terminal' }, at, access);
    const { token } = await access.sessions.open(connection, { name, role, exchange }, { by: 'terminal' }, at);
    return { authorization: `Bearer ${token}` };
  });
}

const get = (as: Readonly<Record<string, string>>) => request(surface.app).get(`/v1/messages/${id}/evidence`).set(as);

test('its exchange and staff get the bundle with the page that was signed as one', async () => {
  for (const as of [await viewerOf('stex'), AS_SUPERVISOR]) {
    const { body } = await get(as).expect(200);
    expect(Buffer.from(body.native.whole, 'base64')).toEqual(page);
    expect(body).toMatchObject({ format: 'qiao-evidence/1', message: id, subject: 'stex:1', received: null });
  }
});

test('an exchange that was sent the message is not shown the others in that page', async () => {
  const { body } = await get(await viewerOf('szse')).expect(403);
  expect(body.code).toBe('evidence-withheld');
  expect(JSON.stringify(body)).not.toContain('W-2');
});

test('to an exchange that was not sent it there is no such message', async () => {
  await get(await viewerOf('ctex')).expect(404);
});

test('the page is kept once, for ever', async () => {
  const { rows } = await surface.database.query('select exchange, bytes from native_whole');
  expect(rows).toEqual([{ exchange: 'stex', bytes: page }]);
  await expect(surface.database.query('delete from native_whole')).rejects.toThrow(/append-only/);
});
