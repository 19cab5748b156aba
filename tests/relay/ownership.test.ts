import type { Link } from '../../src/contract/adapter.ts';
import { type Database, openDatabase } from '../../src/journal/database.ts';
import { openLinkMemory } from '../../src/journal/link-memory.ts';
import { beginTerm, endTerm, renewTerm, type Term, TermOver } from '../../src/journal/ownership.ts';
import { type HeldLink, openHeldLink } from '../../src/relay/ownership.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/processes.ts';

let test: TestDatabase;
let database: Database;
beforeAll(async () => {
  test = await createTestDatabase();
  database = openDatabase(test.url, { max: 6 });
});
afterEach(async () => {
  await database.query('delete from link_owner');
});
afterAll(async () => {
  await database.close();
  await test.drop();
});

const LONG = 3_600_000;
/** Its time is up, as if its holder had long been silent. */
const runOut = () => database.query(`update link_owner set until = clock_timestamp() - interval '1 s'`);

describe('a term', () => {
  it('is given to one of many who ask at once', async () => {
    const asked = Array.from({ length: 8 }, (_, i) => beginTerm(database, 'szse', `gateway ${i}`, LONG));
    expect((await Promise.all(asked)).filter((term) => term !== undefined)).toHaveLength(1);
  });

  it('is another one when it has ended or run out, under a higher token; what ran out can be renewed until then', async () => {
    const first = (await beginTerm(database, 'szse', 'A', LONG))!;
    expect(await beginTerm(database, 'szse', 'B', LONG)).toBeUndefined();
    await endTerm(database, first);
    const second = (await beginTerm(database, 'szse', 'B', LONG))!;
    await runOut();
    expect(await renewTerm(database, second, LONG)).toBe(true);
    expect(await beginTerm(database, 'szse', 'A', LONG)).toBeUndefined();
    await runOut();
    const third = (await beginTerm(database, 'szse', 'A', LONG))!;
    expect([first.token < second.token, second.token < third.token]).toEqual([true, true]);
    expect(await renewTerm(database, second, LONG)).toBe(false);
    // Whose term is over ends nobody else's.
    await endTerm(database, first);
    expect(await beginTerm(database, 'szse', 'B', LONG)).toBeUndefined();
  });

  it('binds nobody when it would end later than any does: another server, with an earlier clock, is the primary now', async () => {
    const before = (await beginTerm(database, 'szse', 'A', 5_000))!;
    const clockBack = (by: string) => database.query(`update link_owner set until = until + $1::interval`, [by]);
    await clockBack('2 s');
    expect(await beginTerm(database, 'szse', 'B', 5_000)).toBeUndefined();
    await clockBack('10 min');
    const after = (await beginTerm(database, 'szse', 'B', 5_000))!;
    expect(before.token < after.token).toBe(true);
    expect(await renewTerm(database, before, 5_000)).toBe(false);
  });

  it('of one exchange says nothing about another', async () => {
    await beginTerm(database, 'szse', 'A', LONG);
    expect(await beginTerm(database, 'stex', 'B', LONG)).toBeDefined();
  });
});

describe('the memory of a link, under a term that is over', () => {
  it('moves no cursor, gives no number and keeps no message; under the one in force it goes on where the last one was', async () => {
    const before = (await beginTerm(database, 'szse', 'A', LONG))!;
    const slept = openLinkMemory(database, 'szse', before);
    await slept.set('in', '7');
    expect(await slept.reserve('out', 3)).toBe(1);
    await slept.keepSent([{ seq: 1, bytes: Buffer.from('one') }]);
    await runOut();
    // Nobody has taken over: it harms nobody.
    await slept.set('in', '8');
    const now = (await beginTerm(database, 'szse', 'B', LONG))!;
    for (const late of [
      () => slept.set('in', '3'),
      () => slept.reserve('out', 100),
      () => slept.keepSent([{ seq: 2, bytes: Buffer.from('two') }]),
    ]) {
      await expect(late()).rejects.toThrow(TermOver);
    }
    const next = openLinkMemory(database, 'szse', now);
    expect(await next.get('in')).toBe('8');
    expect(await next.reserve('out', 1)).toBe(4);
    expect((await next.sentBetween(1, 9)).map(({ seq }) => seq)).toEqual([1]);
  });

  it('holds a change of hands back while it is being written', async () => {
    const before = (await beginTerm(database, 'szse', 'A', LONG))!;
    await runOut();
    const writer = await database.connect();
    const order: string[] = [];
    try {
      await writer.query('begin');
      const within = {
        ...database,
        query: (text: string, values?: readonly unknown[]) => writer.query(text, [...values!]),
      };
      await openLinkMemory(within as unknown as Database, 'szse', before).set('in', '41');
      const taking = beginTerm(database, 'szse', 'B', LONG).then((term) => {
        order.push('taken');
        return openLinkMemory(database, 'szse', term!).get('in');
      });
      await until(async () => {
        const { rows } = await database.query(
          `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
        );
        return rows.length > 0;
      });
      order.push('written');
      await writer.query('commit');
      expect(await taking).toBe('41');
    } finally {
      writer.release();
    }
    expect(order).toEqual(['written', 'taken']);
  });
});

/** A gateway with the one link, which says what is done to it; its way to the database can be cut. */
function gateway(holder: string, termMs = LONG, failingStarts = 0) {
  const done: string[] = [];
  let failures = failingStarts;
  let cut: Promise<never> | undefined;
  let mend = () => {};
  const own: Database = { ...database, query: (text, values) => cut ?? database.query(text, values) };
  let term: Term | undefined;
  const link: HeldLink = openHeldLink({
    ...{ database: own, exchange: 'szse', holder, termMs, beatMs: 50 },
    open: (opened) => {
      term = opened;
      return {
        start: async () => {
          done.push('start');
          if (failures-- > 0) throw new Error('the database was away');
        },
        stop: async () => void done.push('stop'),
        send: async () => ({ outcome: 'accepted', answer: Buffer.from(holder) }),
        ask: async () => ({ outcome: 'absent' }),
        fetchStatement: async () => [Buffer.from(holder)],
        state: () => ({ up: true, detail: { zh: holder, en: holder } }),
      } as Link;
    },
    onHeld: () => done.push('held'),
    onFault: () => {},
    log: () => {},
  });
  opened.push(link);
  return {
    link,
    done,
    term: () => term,
    /** Nothing comes back from the database any more, until `mend`: then it is known to have been lost. */
    cut: () => {
      cut = new Promise((_, reject) => {
        mend = () => reject(new Error('lost'));
      });
      cut.catch(() => {});
    },
    mend: () => {
      mend();
      cut = undefined;
    },
  };
}
const opened: HeldLink[] = [];
afterEach(async () => {
  for (const link of opened.splice(0)) await link.stop();
});
const request = { id: 'r', bytes: Buffer.alloc(0) };

describe('the link of several gateways', () => {
  it('is held by one; the others send nothing, say who has it, and still fetch books', async () => {
    const [one, other] = [gateway('one'), gateway('other')];
    await one.link.start();
    await other.link.start();
    expect([one.link.isHeld(), other.link.isHeld()]).toEqual([true, false]);
    expect(one.done).toEqual(['start', 'held']);
    expect(await other.link.send(request)).toMatchObject({ outcome: 'retry', unanswered: true });
    expect(await other.link.ask(request)).toMatchObject({ outcome: 'ambiguous' });
    expect(other.link.state()).toMatchObject({ up: false, detail: { en: 'held by another gateway' } });
    expect(other.done).toEqual([]);
    expect((await other.link.fetchStatement('2026-03-02'))[0]!.toString()).toBe('other');
    expect([other.done, other.term()]).toEqual([['stop'], undefined]);
  });

  it('is given up where it could not be started, and begun anew under the next term', async () => {
    const one = gateway('one', 600, 1);
    await one.link.start();
    const first = one.term()!;
    await until(() => one.done.filter((what) => what === 'start').length === 2 && one.link.isHeld());
    expect(one.done).toEqual(['start', 'held', 'stop', 'start', 'held']);
    expect(one.term()!.token).toBeGreaterThan(first.token);
  });

  it('passes on at once when its holder stops', async () => {
    const [one, other] = [gateway('one'), gateway('other')];
    await one.link.start();
    await other.link.start();
    await one.link.stop();
    expect(one.done).toEqual(['start', 'held', 'stop']);
    await until(() => other.link.isHeld());
    expect(await other.link.send(request)).toMatchObject({ outcome: 'accepted' });
  });

  it('passes on when its holder is cut off from the database; the holder gives it up by its own clock', async () => {
    const [one, other] = [gateway('one', 1_500), gateway('other', 1_500)];
    await one.link.start();
    await other.link.start();
    one.cut();
    await until(() => other.link.isHeld());
    expect(one.link.isHeld()).toBe(false);
    expect(one.done).toEqual(['start', 'held', 'stop']);
    expect(other.term()!.token).toBe(one.term()!.token + 1n);
    await expect(openLinkMemory(database, 'szse', one.term()).set('in', '1')).rejects.toThrow(TermOver);
    one.mend();
  });

  it('is never held by two that look at the same moment, however often it changes hands', async () => {
    const all = Array.from({ length: 4 }, (_, i) => gateway(`g${i}`, 600));
    await Promise.all(all.map(({ link }) => link.start()));
    for (let left = [...all]; left.length > 1; ) {
      await until(() => left.some(({ link }) => link.isHeld()));
      const [holder, ...others] = left.filter(({ link }) => link.isHeld());
      expect(others).toEqual([]);
      holder!.cut();
      left = left.filter((each) => each !== holder);
    }
    expect(new Set(all.flatMap(({ term }) => term()?.token ?? [])).size).toBe(
      all.filter(({ term }) => term() !== undefined).length,
    );
    for (const each of all) each.mend();
  });
});
