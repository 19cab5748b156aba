import { createHash } from 'node:crypto';
import { BY_CLOCK } from '../../src/clearing/cycle.ts';
import { reopenCycle } from '../../src/clearing/cycle-moves.ts';
import { HOSTS } from '../../src/cli/demo-acts.ts';
import { closeDay } from '../../src/cli/demo-close.ts';
import { sampleListing } from '../../src/cli/sample-trade.ts';
import { runTrade } from '../../src/cli/trade.ts';
import { dateAt } from '../../src/contract/dates.ts';
import { exchanges } from '../../src/contract/exchange.ts';
import { transaction } from '../../src/journal/database.ts';
import { expectDescribed } from '../http/described.ts';
import { forgetKeys, getJson, type Journey, OPERATOR, openJourney } from './federation.ts';

/** The clock leaps into the evening, in which no witness can have spoken. */
const LEAP_MS = 30 * 86_400_000;
const HOUR_MS = 3_600_000;

interface DayView {
  readonly state: string;
  readonly checklist: readonly { readonly state: string; readonly done: { readonly by: string } | null }[];
}

let journey: Journey;
beforeAll(async () => {
  journey = await openJourney({ limits: { quorumSilenceMs: LEAP_MS } });
});
afterAll(async () => {
  await journey.close();
  forgetKeys();
});

test('a day is closed over the surface: a break of one book worked by two people, netted, signed by three, settled', async () => {
  const { mocks, clock, gateway } = journey;
  for (const [i, home] of exchanges.entries()) {
    const listing = sampleListing(home, 100 + i, clock.nowMs());
    mocks[home].desk.publish(listing);
    await journey.settle();
    await runTrade(journey, home, HOSTS[home], listing, { allFunds: true });
  }
  const date = dateAt(clock.nowMs());
  const said: string[] = [];
  const say = async (text: string) => void said.push(text);
  expect(await closeDay({ federation: journey, operatorToken: OPERATOR, say, title: say })).toBe(true);
  if (process.env.SHOW) console.log(said.join('\n'));

  const day = await getJson<DayView>(journey, `/v1/clearing/cycles/${date}`);
  expect(day.state).toBe('closed');
  expect(day.checklist.every(({ done }) => done !== null)).toBe(true);
  const { rows } = await gateway.database.query(
    `select b.code, b.side, b.delta_fen, b.state, b.closed_as, b.maker, a.checker from clearing_break b
       join clearing_approval a on a.proposal = b.proposal`,
  );
  expect(rows).toEqual([
    {
      code: 'AMT+',
      side: 'szse',
      delta_fen: 100_000n,
      state: 'closed',
      closed_as: 'resolved',
      maker: 'wang.min',
      checker: 'li.na',
    },
  ]);
  const nets = await gateway.database.query(
    'select state, entries, held_deals from clearing_net where cycle = $1 order by no',
    [date],
  );
  expect(nets.rows).toEqual([
    { state: 'superseded', entries: 2n, held_deals: 1n },
    { state: 'settled', entries: 3n, held_deals: 0n },
  ]);
  const instructions = await gateway.database.query('select payer, payee, fen, state from clearing_instruction');
  expect(instructions.rows).toEqual([{ payer: 'ctex', payee: 'stex', fen: 257_000n, state: 'settled' }]);
  const settled = await gateway.database.query(`select from receipt where kind = 'settled'`);
  expect(settled.rows).toHaveLength(3);
  expect(journey.errors).toEqual([]);
  await readAll(date);
});

test('rows that a crash of the database took come back from what the journal keeps, and the comparison comes to the same', async () => {
  const { mocks, clock, gateway } = journey;
  clock.advance(16 * HOUR_MS);
  const listing = sampleListing('ctex', 200, clock.nowMs());
  mocks.ctex.desk.publish(listing);
  await journey.settle();
  await runTrade(journey, 'ctex', 'szse', listing, { allFunds: true });
  const date = dateAt(clock.nowMs());
  clock.advance(8 * HOUR_MS);
  await gateway.closing.sweep();
  const rowsOf = async () => {
    const { rows } = await gateway.database.query(
      `select side, deal_id, ordinal, role, state, buyer, seller, price_fen, fee_fen, business_date, native_number
         from clearing_row where cycle = $1 order by side, deal_id, ordinal`,
      [date],
    );
    return rows;
  };
  const before = await rowsOf();
  expect(before.length).toBeGreaterThan(2);
  const path = `/v1/clearing/cycles/${date}`;
  const answer = await fetch(`${gateway.url}${path}/reopen`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${OPERATOR}`,
      'content-type': 'application/json',
      'idempotency-key': 'again',
    },
    body: JSON.stringify({ reason: '数据库重启 / the database was restarted' }),
  });
  expect(answer.status).toBe(202);
  // It goes on by itself; once more it is compared, this time without rows.
  await gateway.closing.advance(date, BY_CLOCK);
  await until(async () => (await getJson<DayView>(journey, path)).state === 'netted');
  await transaction(gateway.database, async (connection) => {
    await reopenCycle(connection, date, 'a crash', BY_CLOCK, new Date(clock.nowMs()));
    await connection.query('delete from clearing_row where cycle = $1', [date]);
  });
  await gateway.closing.advance(date, BY_CLOCK);
  expect((await getJson<DayView>(journey, path)).state).toBe('netted');
  expect(await rowsOf()).toEqual(before);
  const { items } = await getJson<{ items: { version: number; resultSha256: string }[] }>(journey, `${path}/runs`);
  expect(items.map(({ version }) => version)).toEqual([3, 2, 1]);
  expect(new Set(items.map(({ resultSha256 }) => resultSha256)).size).toBe(1);
  expect(journey.errors).toEqual([]);
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** What was written on the way is read as it is described, list by list and file by file. */
async function readAll(date: string): Promise<void> {
  const ask = async (path: string) => {
    const headers = { authorization: `Bearer ${OPERATOR}` };
    const answer = await fetch(journey.gateway.url + path, { headers });
    expect([path, answer.status]).toEqual([path, 200]);
    return answer;
  };
  const cycle = `/v1/clearing/cycles/${date}`;
  const inCycle = '/v1/clearing/cycles/{cycle}';
  const read = async (described: string, path: string) => {
    const body = (await (await ask(path)).json()) as { items?: readonly Record<string, string>[] } & Record<
      string,
      string
    >;
    expectDescribed({ status: 200, body }, described, 'get');
    if (body.items !== undefined && !path.includes('/holds'))
      expect([path, body.items.length > 0]).toEqual([path, true]);
    return body;
  };
  await read('/v1/clearing/cycles', '/v1/clearing/cycles');
  await read(inCycle, cycle);
  const { items: runs = [] } = await read(`${inCycle}/runs`, `${cycle}/runs`);
  await read('/v1/clearing/runs/{id}/findings', `/v1/clearing/runs/${runs[0]!.id}/findings`);
  const { items: breaks = [] } = await read('/v1/clearing/breaks', '/v1/clearing/breaks');
  await read('/v1/clearing/breaks/{id}', `/v1/clearing/breaks/${breaks[0]!.id}`);
  await read('/v1/clearing/break-totals', '/v1/clearing/break-totals');
  await read(`${inCycle}/nets`, `${cycle}/nets`);
  await read(`${inCycle}/nets/{no}/entries`, `${cycle}/nets/2/entries`);
  const { items: holds } = await read(`${inCycle}/nets/{no}/holds`, `${cycle}/nets/1/holds`);
  expect(holds).toMatchObject([{ reason: 'AMT+', deal: breaks[0]!.deal }]);
  const { sha256, bytes } = await read(`${inCycle}/result`, `${cycle}/result`);
  expect(createHash('sha256').update(Buffer.from(bytes!, 'base64')).digest('hex')).toBe(sha256);
  const { items: instructions = [] } = await read(`${inCycle}/instructions`, `${cycle}/instructions`);
  const { file } = instructions[0]!;
  const pacs = Buffer.from(await (await ask(`${cycle}/instruction-files/${file}`)).arrayBuffer());
  expect(createHash('sha256').update(pacs).digest('hex')).toBe(file);
  await read(`${inCycle}/statuses`, `${cycle}/statuses`);
  await read('/v1/clearing/settlements', '/v1/clearing/settlements?state=posted');
  await read('/v1/clearing/standing', '/v1/clearing/standing');
  for (const kind of ['breaks', 'balances', 'nets', 'instructions', 'day']) {
    for (const [form, begins] of [
      ['xlsx', 'PK'],
      ['csv', '\ufeff'],
      ['pdf', '%PDF'],
    ] as const) {
      const report = Buffer.from(await (await ask(`${cycle}/reports/${kind}.${form}`)).arrayBuffer());
      expect(report.toString('utf8').startsWith(begins)).toBe(true);
    }
  }
}
