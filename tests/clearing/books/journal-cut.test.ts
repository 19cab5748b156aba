import { randomUUID } from 'node:crypto';
import { cutJournal } from '../../../src/clearing/journal-cut.ts';
import type { LoadParts } from '../../../src/clearing/load.ts';
import { loadJournalCut } from '../../../src/clearing/load-journal.ts';
import { type Database, openDatabase, transaction } from '../../../src/journal/database.ts';
import { GATEWAY_ROLE } from '../../../src/journal/roles.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const DAY = '2026-03-02';

describe('the journal cut by its sequence', () => {
  let place: TestDatabase;
  let database: Database;
  let parts: LoadParts;
  let seq = 0;
  beforeAll(async () => {
    place = await createTestDatabase();
    database = openDatabase(place.url, { max: 4, role: GATEWAY_ROLE });
    parts = {
      url: place.url,
      limits: { timeoutMs: 60_000, lockTimeoutMs: 10_000, role: GATEWAY_ROLE, quarantineRows: 3, quarantineBytes: 200 },
      nowMs: () => Date.parse(`${DAY}T17:00:00+08:00`),
      newId: randomUUID,
    };
  });
  afterAll(async () => {
    await database.close();
    await place.drop();
  });

  const insert = `insert into message (id, kind, issuer, stream, seq, subject, envelope, recorded_at)
    values ($1, $2, 'ctex', 's', $3, 'x', $4, $5) returning no`;
  const values = (kind: string, payload: unknown, at: string) => [
    randomUUID(),
    kind,
    ++seq,
    Buffer.from(
      JSON.stringify({ payload: Buffer.from(JSON.stringify(payload)).toString('base64url'), signatures: [] }),
    ),
    at,
  ];
  const say = async (kind: string, payload: unknown, at = `${DAY}T10:00:00+08:00`) => {
    const { rows } = await database.query<{ no: bigint }>(insert, values(kind, payload, at));
    return rows[0]!.no;
  };
  const deal = (number: string, version: number, more: Readonly<Record<string, unknown>> = {}) => ({
    kind: 'deal',
    id: `ctex:${number}`,
    version,
    listing: { id: 'ctex:L', version: 1 },
    home: 'ctex',
    host: 'szse',
    status: 'concluded',
    seller: { name: 'S' },
    buyer: { name: 'B' },
    price: { amount: `${version}.00`, currency: 'CNY' },
    fees: [],
    concludedAt: `${DAY}T10:00:00+08:00`,
    ...more,
  });
  const rowsAt = async (cut: bigint) => {
    await loadJournalCut({ cycle: DAY, version: 1, cut }, database, parts);
    const { rows } = await database.query(
      `select deal_id, state, price_fen, in_flight from clearing_row where side = 'journal' order by deal_id`,
    );
    return rows.map((row) => [row.deal_id, row.state, row.price_fen, row.in_flight]);
  };

  test('each cut gives the deals as they stood at it, whenever and however often it is read', async () => {
    await say('deal', deal('old', 1, { concludedAt: '2026-02-02T10:00:00+08:00' }), '2026-02-02T10:00:00+08:00');
    const first = await say('deal', deal('1', 1));
    await say('deal-confirmed', { kind: 'deal-confirmed', deal: 'ctex:1', version: 1, host: 'szse' });
    const second = await say('deal', deal('2', 1), `${DAY}T16:00:00+08:00`);
    const third = await say('deal', deal('1', 2, { status: 'certified' }), `${DAY}T16:00:00+08:00`);
    const atFirst = [['ctex:1', 'signed', 100n, true]];
    const atSecond = [
      ['ctex:1', 'signed', 100n, false],
      ['ctex:2', 'signed', 100n, true],
    ];
    const atThird = [['ctex:1', 'certified', 200n, false], atSecond[1]];
    expect(await rowsAt(first)).toEqual(atFirst);
    expect(await rowsAt(third)).toEqual(atThird);
    expect(await rowsAt(second)).toEqual(atSecond);
    expect(await rowsAt(first)).toEqual(atFirst);
    expect(await rowsAt(await cutJournal(database))).toEqual(atThird);
  });

  test('a cut waits for whoever is writing: no number at or below it can appear afterwards', async () => {
    let cutting: Promise<bigint> | undefined;
    let isCut = false;
    const written = await transaction(database, async (connection) => {
      const { rows } = await connection.query<{ no: bigint }>(insert, values('funds', {}, `${DAY}T17:00:00+08:00`));
      cutting = cutJournal(database).finally(() => {
        isCut = true;
      });
      // It is waiting for us once the database says so.
      for (let waiting = 0n; waiting === 0n && !isCut; ) {
        const { rows: found } = await connection.query<{ n: bigint }>(
          `select count(*) as n from pg_locks where relation = 'message'::regclass and mode = 'ShareLock' and not granted
            and database = (select oid from pg_database where datname = current_database())`,
        );
        waiting = found[0]!.n;
      }
      expect(isCut).toBe(false);
      return rows[0]!.no;
    });
    expect(await cutting).toBe(written);
  });
});
