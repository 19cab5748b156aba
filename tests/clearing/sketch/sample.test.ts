import { randomBytes, randomUUID } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { adapters } from '../../../adapters/all.ts';
import { readStanding } from '../../../src/clearing/standing.ts';
import { openStandingBook } from '../../../src/clearing/standing-book.ts';
import { type LookParts, lookAtBook } from '../../../src/clearing/standing-look.ts';
import { type Database, openDatabase } from '../../../src/journal/database.ts';
import { GATEWAY_ROLE } from '../../../src/journal/roles.ts';
import { sequence } from '../../../src/journal/sequencer.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const DAY = '2026-03-02';
const folder = new URL('../samples/clearing-2026-03-02/', import.meta.url);
const FILES = { ctex: 'ctex.jsonl', stex: 'stex.xml', szse: 'szse.txt' };
const text = (name: string) => readFileSync(new URL(name, folder), 'utf8').trim().split('\n');

interface Keyed {
  readonly dealId: string;
  readonly code: string;
  readonly exchange: string | null;
  readonly delta: string | null;
  readonly sign: number;
}

describe('the sample day, seen by the standing check', () => {
  let place: TestDatabase;
  let database: Database;
  let nowMs = Date.parse(`${DAY}T18:00:00+08:00`);
  beforeAll(async () => {
    place = await createTestDatabase();
    database = openDatabase(place.url, { max: 4, role: GATEWAY_ROLE });
    const deals = text('journal.jsonl');
    await database.query(
      `insert into message (id, kind, issuer, stream, seq, subject, envelope, recorded_at)
       select id::uuid, 'deal', 'ctex', id, 1, id, convert_to(envelope, 'UTF8'), $3
         from unnest($1::text[], $2::text[]) as t(id, envelope)`,
      [
        deals.map(() => randomUUID()),
        deals.map((line) => JSON.stringify({ payload: Buffer.from(line).toString('base64url'), signatures: [] })),
        new Date(nowMs),
      ],
    );
    while ((await sequence(database, 100, nowMs)).leaves > 0);
  });
  afterAll(async () => {
    await database.close();
    await place.drop();
  });

  it('differs in what the key says, and in nothing else', async () => {
    const parts: LookParts = {
      database,
      limits: { cells: 1024, rows: 100, patienceMs: 30_000, leaves: 100 },
      toleratedFen: () => 0n,
      nowMs: () => nowMs,
      secret: () => randomBytes(32),
    };
    const sides = adapters.map(({ exchange, readStatement }) => ({
      exchange,
      side: openStandingBook({
        exchange,
        read: async function* () {
          yield readStatement(createReadStream(new URL(FILES[exchange], folder)));
        },
        cells: 1024,
        sets: 4,
      }),
    }));
    for (let look = 0; look < 2; look++) {
      for (const { exchange, side } of sides) await lookAtBook(parts, exchange, '2026-02-27', side);
      nowMs += 30_000;
    }
    const { differences } = await readStanding(database, 100);
    const found = differences
      .filter(({ outcome }) => outcome === 'open')
      .map(({ one, dealId, code, delta }) => [one, dealId, code.replace(/[+-]$/, ''), delta].join(' '));
    const hosts = new Map(
      text('journal.jsonl').map((line) => {
        const { id, host } = JSON.parse(line) as { id: string; host: string };
        return [id, host];
      }),
    );
    // Each pair of an exchange and the journal sees its part of what the three books together show.
    const expected = (text('key.jsonl').map((line) => JSON.parse(line)) as Keyed[]).flatMap((keyed) => {
      const { dealId, code, exchange, delta, sign } = keyed;
      const [home, host] = [dealId.slice(0, 4), hosts.get(dealId)];
      const signed = delta === null ? '' : `${sign < 0 ? '-' : ''}${delta}`;
      if (exchange !== null) return [[exchange, dealId, code, signed].join(' ')];
      if (code === 'P001') return [`${home} ${dealId} P011 `, `${host} ${dealId} P101 `];
      if (code === 'AMT2') return [`${home} ${dealId} AMT ${signed}`, `${host} ${dealId} AMT ${signed}`];
      if (code === 'P101') return [`${host} ${dealId} P101 `];
      if (code === 'P011' || code === 'P100') return [`${home} ${dealId} ${code} `];
      // The journal does not know who the host is: the book that says so does.
      const holder = differences.find((one) => one.dealId === dealId && one.one !== home)?.one;
      const atHost = `${holder} ${dealId} P010 `;
      return code === 'P010' ? [atHost] : [`${home} ${dealId} P100 `, atHost];
    });
    expect(found.sort()).toEqual(expected.sort());
    expect(found.length).toBeGreaterThan(19);
  });
});
