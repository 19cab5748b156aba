import fc from 'fast-check';
import pg from 'pg';
import { asParameter } from '../../src/journal/parameters.ts';
import { serverUrl } from '../support/database.ts';

const QIAO_SEED = process.env.QIAO_SEED;
const runs = { numRuns: 60, ...(QIAO_SEED === undefined ? {} : { seed: Number(QIAO_SEED) }) };

/** As pg itself gives a parameter to the server: the oracle. */
let client: pg.Client;

beforeAll(async () => {
  client = new pg.Client({ connectionString: serverUrl() });
  await client.connect();
});
afterAll(() => client.end());

const text = fc.oneof(
  fc.string({ unit: 'binary' }).map((any) => any.replaceAll('\0', '')),
  fc.constantFrom('', 'NULL', 'null', '"', '\\', '\\"', '{', '}', '{,}', ' ', 'a b', '桥', '𠀀'),
);
const instant = fc.date({
  min: new Date('0001-01-01T00:00:00Z'),
  max: new Date('9999-12-31T00:00:00Z'),
  noInvalidDate: true,
});

describe('a parameter', () => {
  it.each<[string, fc.Arbitrary<unknown>]>([
    ['text', text],
    ['bigint', fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
    ['integer', fc.integer()],
    ['float8', fc.double()],
    ['boolean', fc.boolean()],
    ['uuid', fc.uuid()],
    ['timestamptz', instant],
    ['bytea', fc.uint8Array().map((bytes) => Buffer.from(bytes))],
    ['jsonb', fc.dictionary(fc.constantFrom('a', '桥', '"', '\\'), fc.option(fc.integer()))],
  ])('that is an array of %s means to the server what pg would say', async (type, item) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(item)), async (items) => {
        const { rows } = await client.query<{ same: boolean; count: number }>(
          `select $1::text::${type}[] is not distinct from $2::${type}[] as same, cardinality($1::text::${type}[]) as count`,
          [asParameter(items), items],
        );
        return rows[0]?.same === true && rows[0].count === items.length;
      }),
      runs,
    );
  });

  it('that is a list of lists stays one', async () => {
    const { rows } = await client.query('select $1::text::text[] as lists', [
      asParameter([
        ['a', '"'],
        ['', 'NULL'],
      ]),
    ]);
    expect(rows[0].lists).toEqual([
      ['a', '"'],
      ['', 'NULL'],
    ]);
  });

  it('that is an instant is the same instant, whatever the zone of the session', async () => {
    await client.query("set timezone to 'Asia/Shanghai'");
    await fc.assert(
      fc.asyncProperty(instant, async (at) => {
        const { rows } = await client.query<{ same: boolean }>('select $1::timestamptz = $2::timestamptz as same', [
          asParameter(at),
          at,
        ]);
        return rows[0]?.same === true;
      }),
      runs,
    );
  });
});
