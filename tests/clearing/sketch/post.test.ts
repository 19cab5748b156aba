import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { openStandingBook } from '../../../src/clearing/standing-book.ts';
import { compareSides } from '../../../src/clearing/standing-compare.ts';
import { openStandingLine } from '../../../src/clearing/standing-line.ts';
import { type StartedPost, startStandingPost } from '../../../src/clearing/standing-post.ts';
import type { StandingSet, StandingSide } from '../../../src/clearing/standing-side.ts';
import type { StatedRow, StatementReader } from '../../../src/contract/books.ts';
import type { Exchange } from '../../../src/contract/exchange.ts';
import { accepted } from '../../../src/contract/refusal.ts';
import { makeWorld } from '../../trust/tls-world.ts';

const DAY = '2026-03-02';
const limits = { cells: 256, rows: 20, bodyBytes: 65_536, requestTimeoutMs: 5_000, connections: 8 };
const stated = (number: number, counter: Exchange = 'stex', priceFen = 100n): StatedRow => ({
  line: number,
  dealNumber: `N${number}`,
  homeDealNumber: undefined,
  role: 'home',
  counterExchange: counter,
  state: 'signed',
  buyer: '买方',
  seller: 'S',
  priceFen,
  feeFen: 7n,
  businessDate: DAY,
});

function sideOf(exchange: Exchange, rows: () => readonly StatedRow[], isWhole = true): StandingSide {
  const statement = async function* (): StatementReader {
    const now = rows();
    yield { rows: now, bad: [] };
    const totals = { openingCount: 0, totalPriceFen: 0n, totalFeeFen: 0n, digest: '', isDigestRight: isWhole };
    return accepted({ exchange, date: DAY, batch: 1, count: now.length, ...totals });
  };
  const read = async function* () {
    yield statement();
  };
  return openStandingBook({ exchange, read, cells: limits.cells, sets: 2 });
}

const setOf = (more: Partial<StandingSet> = {}): StandingSet => ({
  secret: randomBytes(32),
  since: DAY,
  form: 'stated',
  ...more,
});

describe('a standing post', () => {
  const started: (StartedPost | { close(): void })[] = [];
  const faults: unknown[] = [];
  const open = async (exchange: Exchange, rows: () => readonly StatedRow[]) => {
    const post = await startStandingPost({
      exchange,
      side: sideOf(exchange, rows),
      host: '127.0.0.1',
      port: 0,
      limits,
      log: (_level, _event, fields) => faults.push(fields),
    });
    const line = openStandingLine(post.url, { timeoutMs: 5_000, answerBytes: 1_000_000 });
    started.push(post, line);
    return { post, line };
  };
  afterEach(async () => {
    for (const one of started.splice(0)) await one.close();
    faults.length = 0;
  });

  it('says over the wire what its books say in the same process', async () => {
    const rows = Array.from({ length: 200 }, (_, n) => stated(n));
    const { line } = await open('ctex', () => rows);
    const mine = sideOf('ctex', () => [...rows.slice(3), stated(1, 'stex', 999_999_999_999_99n), stated(900)]);
    const set = setOf();
    const compared = await compareSides({ side: mine, set }, { side: line, set }, limits);
    const ids = (said: typeof compared.mine) => said.map(({ row }) => `${row.dealId} ${row.priceFen}`).sort();
    expect(ids(compared.mine)).toEqual(['ctex:N1 99999999999999', 'ctex:N900 100']);
    expect(ids(compared.theirs)).toEqual(['ctex:N0 100', 'ctex:N1 100', 'ctex:N2 100']);
    expect(compared).toMatchObject({ rows: [199, 200], cells: 64, unread: 0 });
    // 64 cells and three rows, not two hundred rows.
    expect(compared.bytes).toBeLessThan(64 * 28 + 3 * 200);
  });

  it('sends all symbols where a sketch does not suffice', async () => {
    const { line } = await open('ctex', () => Array.from({ length: 400 }, (_, n) => stated(n)));
    const set = setOf();
    const compared = await compareSides({ side: sideOf('ctex', () => []), set }, { side: line, set }, limits);
    expect(compared).toMatchObject({ cells: null, unread: 380, rows: [0, 400] });
    expect(compared.theirs).toHaveLength(20);
  });

  it('lets two exchanges compare the terms between them, under a secret of theirs', async () => {
    const ctex = [stated(1), stated(2, 'szse'), stated(3)];
    const stex: StatedRow[] = [1, 3].map((n) => ({
      ...stated(n, 'ctex', n === 3 ? 101n : 100n),
      dealNumber: `H${n}`,
      homeDealNumber: `N${n}`,
      role: 'host',
      feeFen: 9n,
    }));
    const [one, other] = [await open('ctex', () => ctex), await open('stex', () => stex)];
    const terms = { secret: randomBytes(32), since: DAY, form: 'terms' } as const;
    const compared = await compareSides(
      { side: one.line, set: { ...terms, counter: 'stex' } },
      { side: other.line, set: { ...terms, counter: 'ctex' } },
      limits,
    );
    expect(compared.mine.map(({ row }) => row.dealId)).toEqual(['ctex:N3']);
    // What each takes for it is not the other's business.
    expect(compared.theirs.map(({ row }) => [row.priceFen, row.feeFen])).toEqual([[101n, null]]);
  });

  it('shows an exchange the terms of its own deals and nothing else, over mutual TLS', async () => {
    const world = await makeWorld();
    const crls = await world.crls();
    const sideFor = async (who: string) => world.side(world.material(await world.identity(who), crls));
    const post = await startStandingPost({
      exchange: 'ctex',
      side: sideOf('ctex', () => [stated(1), stated(2, 'szse')]),
      host: '127.0.0.1',
      port: 0,
      limits,
      tls: await sideFor('ctex'),
      log: () => {},
    });
    started.push(post);
    const rowsSeenBy = async (who: string, set: StandingSet) => {
      const line = openStandingLine(
        post.url,
        { timeoutMs: 5_000, answerBytes: 100_000 },
        (await sideFor(who)).port('ctex'),
      );
      started.push(line);
      const answer = await line.sketch(set, 0, 64).catch((error: Error) => error.message.slice(0, 3));
      return typeof answer === 'string' ? answer : answer.rows;
    };
    expect(await rowsSeenBy('qiao', setOf())).toBe(2);
    expect(await rowsSeenBy('stex', setOf({ form: 'terms', counter: 'stex' }))).toBe(1);
    expect(await rowsSeenBy('stex', setOf({ form: 'terms', counter: 'szse' }))).toBe('403');
    expect(await rowsSeenBy('stex', setOf({ form: 'terms' }))).toBe('403');
    expect(await rowsSeenBy('stex', setOf({ form: 'stated', counter: 'stex' }))).toBe('403');
    expect(await rowsSeenBy('witness', setOf())).not.toEqual(expect.any(Number));
  });

  it.each([
    ['a short secret', 'sketch', { secret: 'AAAA' }, 400],
    ['more cells than it has', 'sketch', { from: 0, to: 257 }, 400],
    ['no cell at all', 'sketch', { from: 5, to: 5 }, 400],
    ['a day there is not', 'sketch', { since: '2026-02-30' }, 400],
    ['a form there is not', 'sketch', { form: 'all' }, 400],
    ['an exchange there is not', 'sketch', { counter: 'nyse' }, 400],
    ['half a symbol', 'rows', { symbols: 'AAAA' }, 400],
    ['more rows than it shows', 'rows', { symbols: Buffer.alloc(16 * 21).toString('base64') }, 400],
    ['a set it does not keep', 'symbols', {}, 409],
    ['rows of such a set', 'rows', { symbols: '' }, 409],
    ['something else', 'everything', {}, 404],
  ])('turns down %s', async (_, act, wrong, status) => {
    const { post } = await open('ctex', () => [stated(1)]);
    const right = { secret: randomBytes(32).toString('base64'), since: DAY, form: 'stated', from: 0, to: 64 };
    const answer = await post_(`${post.url}/standing/${act}`, JSON.stringify({ ...right, ...wrong }));
    expect(answer.status).toBe(status);
    expect(answer.body).toMatch(/[\u4e00-\u9fff].*\/.*[a-z]/);
    expect(faults).toEqual([]);
  });

  it('turns down bodies that are too long or no JSON, and other methods', async () => {
    const { post } = await open('ctex', () => []);
    const url = `${post.url}/standing/sketch`;
    expect((await post_(url, 'x'.repeat(70_000))).status).toBe(413);
    expect((await post_(url, '{"secret":')).status).toBe(400);
    expect((await post_(url, '[]')).status).toBe(400);
    expect((await post_(url, undefined, 'GET')).status).toBe(405);
  });

  it('goes on when its books cannot be read, and says so', async () => {
    let broken = true;
    const { line } = await open('ctex', () => {
      if (broken) throw new Error('no such file');
      return [stated(1)];
    });
    const set = setOf();
    await expect(line.sketch(set, 0, 64)).rejects.toThrow(/^503: .*cannot be read/);
    expect(faults).toHaveLength(1);
    broken = false;
    expect((await line.sketch(set, 0, 64)).rows).toBe(1);
  });

  it('compares no book that is not whole: what it lacks would look like differences', async () => {
    const side = sideOf('ctex', () => [stated(1)], false);
    await expect(side.sketch(setOf(), 0, 64)).rejects.toThrow('2026-03-02 is not whole');
  });

  it('forgets the set not asked for longest', async () => {
    const { line } = await open('ctex', () => [stated(1)]);
    const [first, second, third] = [setOf(), setOf(), setOf()];
    await line.sketch(first, 0, 64);
    await line.sketch(second, 0, 64);
    await line.sketch(first, 0, 64);
    await line.sketch(third, 0, 64);
    await expect(line.sketch(second, 64, 128)).rejects.toThrow(/^409/);
    expect((await line.sketch(first, 64, 128)).cells).toHaveLength(64 * 28);
  });

  it('gives the same row another symbol in every session', async () => {
    const side = sideOf('ctex', () => [stated(1)]);
    const symbols = new Set<string>();
    for (let n = 0; n < 20; n++) {
      const set = setOf({ secret: createHash('sha256').update(`${n}`).digest() });
      await side.sketch(set, 0, 1);
      for (const one of await side.symbols(set)) symbols.add(Buffer.from(one).toString('hex'));
    }
    expect(symbols.size).toBe(20);
  });
});

async function post_(url: string, body: string | undefined, method = 'POST') {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const sent = request(url, { method }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode!, body: Buffer.concat(chunks).toString() }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
