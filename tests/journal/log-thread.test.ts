import { type Database, openDatabase } from '../../src/journal/database.ts';
import { headOf } from '../../src/journal/tree.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startScript } from '../support/processes.ts';
import { keepMessages } from './rows.ts';

const script = new URL('../support/log-on-thread.ts', import.meta.url);
let place: TestDatabase;
let database: Database;

beforeEach(async () => {
  place = await createTestDatabase();
  database = openDatabase(place.url, { max: 1 });
});
afterEach(async () => {
  await database.close();
  await place.drop();
});

/** What the thread answered; the process must end by itself once the work is closed. */
async function ask(url: string, ...questions: readonly ('sequence' | 'recompute')[]): Promise<readonly unknown[]> {
  const child = startScript(script, [url, ...questions], { env: { PATH: process.env.PATH } });
  expect(await child.ended).toEqual({ code: 0, signal: null });
  return child
    .stdout()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

describe('the thread of the log', () => {
  it('appends, looks again, tells what it found, and ends when it is closed', async () => {
    await keepMessages(database, 'ctex:1', 5);
    const done = await ask(place.url, 'sequence', 'sequence', 'sequence', 'recompute', 'recompute', 'recompute');
    expect(done.slice(0, 3)).toEqual([
      { leaves: 3, gone: [] },
      { leaves: 2, gone: [] },
      { leaves: 0, gone: [] },
    ]);
    expect(done.at(-1)).toMatchObject({ ended: true, news: [], alarms: { count: 0 }, lastCycle: { size: '5' } });
    expect((await headOf(database)).size).toBe(5n);

    await database.query('alter table message disable trigger message_append_only');
    await database.query(`update message set kind = 'x' where seq = 4`);
    const [found] = await ask(place.url, 'recompute');
    expect(found).toMatchObject({
      news: [
        { code: 'guard-open', at: 'message trigger' },
        { code: 'row-altered', at: expect.stringMatching(/^message \d+$/) },
      ],
    });
  });

  it('hands a fault back to whoever asked, and can be asked again', async () => {
    const nowhere = await ask('postgres://qiao:x@127.0.0.1:1/qiao', 'sequence', 'recompute');
    for (const answer of nowhere) expect(answer).toMatchObject({ fault: expect.stringContaining('ECONNREFUSED') });
  });
});
