import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type Connections, openConnections } from './connections.ts';
import { ask } from './prepared.ts';

const NOON = Date.parse('2026-03-02T12:00:00+08:00');
const EVERYTHING = `select n, n::text as text, n::bigint as big, null as nothing, date '2026-03-02' as day, n > 1 as many,
  array[n, n] as list, jsonb_build_object('n', n) as document, decode('00ff', 'hex') as bytes
  from generate_series(1, $1::int) n`;

describe('statements of the simulation', () => {
  let test: TestDatabase;
  let connections: Connections;
  beforeAll(async () => {
    test = await createTestDatabase();
    connections = await openConnections(test.url);
  });
  afterAll(async () => {
    await connections.close();
    await test.drop();
  });
  const asked = (text: string, ...values: unknown[]) => ({ text, values });

  it('give what pg gives, the first time, again and on another connection', async () => {
    const [one, other] = [await connections.take(), await connections.take()];
    const { rows } = await one.query(EVERYTHING, [3]);
    expect(rows).toHaveLength(3);
    for (const client of [one, one, other]) {
      const result = await ask(client, asked(EVERYTHING, 3), NOON);
      expect([result.rows, result.rowCount, result.command]).toEqual([rows, 3, 'SELECT']);
    }
  });

  it('sent together are answered each with its own, after an error, too', async () => {
    const client = await connections.take();
    const failing = 'select 1 / $1::int as one';
    for (let round = 0; round < 2; round++) {
      const answers = await Promise.allSettled([
        ask(client, asked(failing, 1), NOON),
        ask(client, asked(failing, 0), NOON),
        ask(client, asked('update stream set seq = seq where issuer = $1', 'nobody'), NOON),
        ask(client, asked(EVERYTHING, 1), NOON),
      ]);
      expect(answers.map((one) => (one.status === 'fulfilled' ? one.value.rows.length : one.reason.code))).toEqual([
        ...[1, '22012', 0, 1],
      ]);
    }
  });

  it('are told the time of the world', async () => {
    const client = await connections.take();
    const { rows } = await ask(client, asked('select clock_timestamp() as at, $1::int as n', 1), NOON);
    expect(rows).toEqual([{ at: new Date(NOON), n: 1 }]);
  });
});
