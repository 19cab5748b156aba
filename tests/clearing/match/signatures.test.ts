import { createHash, randomUUID } from 'node:crypto';
import { failedSignatures } from '../../../src/clearing/signatures.ts';
import { signEnvelope } from '../../../src/envelope/envelope.ts';
import { MAX_JWS_BYTES } from '../../../src/envelope/jws.ts';
import { type Database, openDatabase } from '../../../src/journal/database.ts';
import { GATEWAY_ROLE } from '../../../src/journal/roles.ts';
import { header, testKey, trusting } from '../../envelope/keys.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const BYTES = Buffer.from('H|SZSE|20260302|1|0\n');
const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('the signatures of the books of a day', () => {
  const keys = { ctex: testKey('ctex', 'Ed25519'), szse: testKey('szse', 'ES256') };
  const trust = trusting(keys.ctex.entry, keys.szse.entry);
  let place: TestDatabase;
  let database: Database;
  let days = 0;
  beforeAll(async () => {
    place = await createTestDatabase();
    database = openDatabase(place.url, { max: 2, role: GATEWAY_ROLE });
  });
  afterAll(async () => {
    await database.close();
    await place.drop();
  });

  interface Kept {
    readonly by?: keyof typeof keys;
    readonly kind?: string;
    readonly signed?: Uint8Array;
    readonly native?: Uint8Array;
    readonly payload?: string;
    readonly loaded?: Uint8Array;
    readonly spoil?: (envelope: Buffer) => Buffer;
    readonly state?: string;
  }
  /** The failures of a day on which szse's book came so. */
  const failures = async (change: Kept = {}) => {
    const {
      by = 'szse',
      kind = 'statement',
      signed = BYTES,
      native = BYTES,
      payload = '{"kind":"statement"}',
      loaded = BYTES,
      state = 'loaded',
    } = change;
    const day = `2026-03-${String(++days).padStart(2, '0')}`;
    const [id, stream] = [randomUUID(), `statement/${by}/${days}`];
    const says = header({ iss: by, aud: ['qiao'], jti: id, kind, stream, seq: 1, prev: null, nat: digestOf(signed) });
    const envelope = Buffer.from(await signEnvelope(Buffer.from(payload), says, [keys[by].signer]));
    await database.query(
      `insert into message (id, kind, issuer, stream, seq, subject, envelope, native, recorded_at)
       values ($1, $2, $3, $4, 1, $4, $5, $6, now())`,
      [id, kind, by, stream, change.spoil?.(envelope) ?? envelope, native],
    );
    await database.query(
      `insert into clearing_book (id, cycle, side, date, batch, state, source, digest, opening_count, row_count,
         total_price_fen, total_fee_fen, message, loaded_at)
       values ($1, $2::text, 'szse', $2::date, 1, $3, 'link', $4, 0, 0, 0, 0, $5, now())`,
      [randomUUID(), day, state, digestOf(loaded), id],
    );
    return (await failedSignatures(database, day, trust)).map(({ code, side, en }) => [code, side, en]);
  };
  const other = Buffer.from('H|SZSE|20260302|2|0\n');

  it('are good where the exchange signed the very bytes that were loaded', async () => {
    expect(await failures()).toEqual([]);
  });

  it.each([
    [
      'an altered envelope',
      { spoil: (envelope: Buffer) => Buffer.from(envelope.toString().replace(/"payload":"./, '"payload":"f')) },
      'signature',
    ],
    ['another exchange’s signature', { by: 'ctex' }, 'not signed by that exchange'],
    ['a signature over something else', { kind: 'deal' }, 'not signed by that exchange'],
    ['other bytes kept than signed', { native: other, loaded: other }, 'not those that were signed'],
    ['another book loaded than signed', { loaded: other }, 'not the statement that was signed'],
  ] as const)('%s is said, and of whose book', async (_, change, words) => {
    expect(await failures(change)).toEqual([['SIG', 'szse', expect.stringContaining(words)]]);
  });

  it('a day of many thousand rows is held to its signature like any other', async () => {
    const large = Buffer.alloc(MAX_JWS_BYTES, 'D|DJ0000008207|1\n');
    const payload = JSON.stringify({ kind: 'statement', rows: large.toString() });
    const change = { signed: large, native: large, loaded: large, payload };
    expect(await failures(change)).toEqual([]);
    const spoil = (envelope: Buffer) => Buffer.from(envelope.toString().replace(/"payload":"./, '"payload":"f'));
    expect(await failures({ ...change, spoil })).toEqual([['SIG', 'szse', expect.stringContaining('signature')]]);
  });

  it('of a book that no longer stands nothing is said', async () => {
    expect(await failures({ loaded: other, state: 'superseded' })).toEqual([]);
  });
});
