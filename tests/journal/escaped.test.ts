import fc from 'fast-check';
import pg from 'pg';
import { unescaped } from '../../src/journal/escaped.ts';
import { serverUrl } from '../support/database.ts';

const QIAO_SEED = process.env.QIAO_SEED;

let client: pg.Client;
beforeAll(async () => {
  client = new pg.Client({ connectionString: serverUrl() });
  await client.connect();
});
afterAll(() => client.end());

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 600 }).map((any) => Buffer.from(any)),
  fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
  fc.constantFrom('\\', '\\\\', '\\134', '\\x41', '\\000', '{"payload":"e30"}').map((text) => Buffer.from(text)),
);

it('bytes that the server escapes are the same bytes again, whatever they are', async () => {
  await fc.assert(
    fc.asyncProperty(bytes, async (given) => {
      const { rows } = await client.query<{ text: string }>("select encode($1::bytea, 'escape') as text", [given]);
      return unescaped(rows[0]!.text).equals(given);
    }),
    { numRuns: 200, ...(QIAO_SEED === undefined ? {} : { seed: Number(QIAO_SEED) }) },
  );
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const { rows } = await client.query<{ text: string }>("select encode($1::bytea, 'escape') as text", [all]);
  expect(unescaped(rows[0]!.text)).toEqual(all);
});
