import { addAccount } from '../../src/access/accounts.ts';
import { dropEvents, eventsKept, recordEvent } from '../../src/clearing/cycle-events.ts';
import type { Exchange } from '../../src/contract/exchange.ts';
import { type Listening, listen } from '../../src/http/server.ts';
import { transaction } from '../../src/journal/database.ts';
import { AS_SUPERVISOR, NOW, openSurface, type Surface } from './surface.ts';

let surface: Surface;
let server: Listening;
beforeAll(async () => {
  surface = await openSurface();
  server = await listen(surface.app, {
    host: '127.0.0.1',
    port: 0,
    headersTimeoutMs: 10_000,
    requestTimeoutMs: 30_000,
    keepAliveTimeoutMs: 1_000,
  });
});
afterAll(async () => {
  surface.parts.events.stop();
  await server.stop(0);
  await surface.close();
});

interface Seen {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Record<string, unknown> | undefined;
}

/** What a browser's EventSource would see. */
class Watching {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = '';
  beats = 0;

  constructor(answer: Response) {
    this.#reader = answer.body!.getReader();
  }

  static async open(headers: Record<string, string> = AS_SUPERVISOR): Promise<Watching> {
    const answer = await fetch(`${server.url}/v1/clearing/events`, { headers });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    return new Watching(answer);
  }

  /** The next event; undefined: the stream has ended. */
  async next(orBeat = false): Promise<Seen | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end >= 0) {
        const lines = this.#text.slice(0, end).split('\n');
        this.#text = this.#text.slice(end + 2);
        const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
        if (field('data') === undefined) {
          this.beats++;
          if (orBeat) return undefined;
          continue;
        }
        return { id: field('id'), event: field('event'), data: JSON.parse(field('data')!) };
      }
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#text += Buffer.from(value).toString('utf8');
    }
  }

  async take(count: number): Promise<Seen[]> {
    const seen: Seen[] = [];
    while (seen.length < count) {
      const one = await this.next();
      if (one === undefined) break;
      seen.push(one);
    }
    return seen;
  }

  async close(): Promise<void> {
    await this.#reader.cancel();
  }
}

async function tell(step: number, seenBy?: readonly Exchange[]): Promise<void> {
  const event = { cycle: '2026-03-02', kind: 'progress', detail: { step }, at: new Date(NOW) } as const;
  await transaction(surface.database, (connection) =>
    recordEvent(connection, seenBy === undefined ? event : { ...event, seenBy }),
  );
}

const steps = (seen: readonly Seen[]) => seen.map(({ data }) => data?.step);

test('what happens is told as it happens, in its order, and a watcher that comes again gets what it missed', async () => {
  const first = await Watching.open();
  const [begin] = await first.take(1);
  expect(begin).toMatchObject({ event: 'begin' });
  for (const step of [1, 2, 3]) await tell(step);
  const seen = await first.take(3);
  expect(seen[0]).toMatchObject({ event: 'progress', data: { cycle: '2026-03-02', at: '2026-03-02T10:00:00+08:00' } });
  expect(steps(seen)).toEqual([1, 2, 3]);
  await first.close();
  for (const step of [4, 5]) await tell(step);
  const again = await Watching.open({ ...AS_SUPERVISOR, 'last-event-id': seen[1]!.id! });
  expect(steps(await again.take(3))).toEqual([3, 4, 5]);
  await again.close();
});

test('numbers rise in the order in which events can be seen, however many write at once', async () => {
  const watching = await Watching.open();
  await watching.take(1);
  await Promise.all(
    Array.from({ length: 5 }, async () => {
      for (let i = 0; i < 20; i++) await tell(i);
    }),
  );
  const seen = await watching.take(100);
  const ids = seen.map(({ id }) => Number(id));
  expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
  expect(steps(seen).reduce<number>((sum, step) => sum + Number(step), 0)).toBe(5 * 190);
  await watching.close();
});

test('an exchange is told of its own books only, and staff of all', async () => {
  const by = { name: 'test', role: 'terminal' };
  const at = new Date(NOW);
  const token = await transaction(surface.database, async (connection) => {
    const holder = { name: 'stex-viewer', role: 'exchange-viewer', exchange: 'stex' } as const;
    await addAccount(connection, holder, by, at, surface.parts.access);
    return (await surface.parts.access.sessions.open(connection, holder, { by: 'terminal' }, at)).token;
  });
  const own = await Watching.open({ authorization: `Bearer ${token}` });
  const staff = await Watching.open();
  await own.take(1);
  await staff.take(1);
  await tell(1, ['ctex']);
  await tell(2, ['stex']);
  await tell(3);
  expect(steps(await staff.take(3))).toEqual([1, 2, 3]);
  expect(steps(await own.take(2))).toEqual([2, 3]);
  // Once it is logged out nothing more is told.
  await surface.database.query(`delete from session where account = 'stex-viewer'`);
  expect(await own.next()).toBeUndefined();
  await staff.close();
});

test('lines without meaning keep a quiet connection', async () => {
  const watching = await Watching.open();
  await watching.take(1);
  expect(await watching.next(true)).toBeUndefined();
  expect(watching.beats).toBe(1);
  await tell(9);
  expect(steps(await watching.take(1))).toEqual([9]);
  await watching.close();
});

test('who comes again too late is told that there is a gap', async () => {
  const from = (await eventsKept(surface.database)).first;
  await tell(1);
  await tell(2);
  await dropEvents(surface.database, new Date(NOW + 1));
  const watching = await Watching.open({ ...AS_SUPERVISOR, 'last-event-id': String(from) });
  const [gap, last] = await watching.take(2);
  expect(gap).toMatchObject({ event: 'gap' });
  expect(steps([last!])).toEqual([2]);
  await watching.close();
});

test('one watcher too many is sent away, and what is no number refused', async () => {
  const all = [await Watching.open(), await Watching.open(), await Watching.open()];
  const ask = (headers: Record<string, string>) =>
    fetch(`${server.url}/v1/clearing/events`, { headers: { ...AS_SUPERVISOR, ...headers } });
  expect(await (await ask({})).json()).toMatchObject({ status: 503, code: 'too-many-watchers' });
  await Promise.all(all.map((one) => one.close()));
  expect(await (await ask({ 'last-event-id': 'x' })).json()).toMatchObject({ status: 400 });
  expect((await fetch(`${server.url}/v1/clearing/events`)).status).toBe(401);
});
