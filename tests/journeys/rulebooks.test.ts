import { adapters } from '../../adapters/all.ts';
import { sampleListing } from '../../src/cli/sample-trade.ts';
import { foreign, held } from '../../src/cli/trade.ts';
import type { Exchange } from '../../src/contract/exchange.ts';
import type { DeskListing } from '../../src/contract/mock.ts';
import { forgetKeys, getJson, type Journey, OPERATOR, openJourney } from './federation.ts';
import { verifyJournal } from './verify-journal.ts';

interface Clause {
  readonly id: string;
  readonly dimension: string;
  readonly value: unknown;
}
interface Book {
  readonly exchange: string;
  readonly version: number;
  readonly from: string;
  readonly clauses: readonly Clause[];
}

let journey: Journey;
let serial = 6000;
beforeAll(async () => {
  journey = await openJourney({ limits: { pollIntervalMs: 50, outboxPollMs: 20 } });
});
afterAll(async () => {
  await verifyJournal(journey);
  await journey.close();
  forgetKeys();
});

const publish = async (home: Exchange, change: Partial<DeskListing> = {}) => {
  const listing = sampleListing(home, ++serial, journey.clock.nowMs(), change);
  journey.mocks[home].desk.publish(listing);
  await journey.settle();
  return listing;
};
/** The exchange's rules with the modes it has; everything else as shipped. */
const withModes = (exchange: Exchange, version: number, from: string, change: (modes: string[]) => string[]): Book => {
  const shipped = adapters.find((adapter) => adapter.exchange === exchange)!.rulebooks.at(-1) as Book;
  return {
    ...shipped,
    version,
    from,
    clauses: shipped.clauses.map((clause) =>
      clause.dimension === 'modes' ? { ...clause, value: change(clause.value as string[]), from } : clause,
    ),
  };
};
const post = (book: Book, token = OPERATOR) =>
  fetch(`${journey.gateway.url}/v1/rulebooks`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'idempotency-key': `${book.exchange}-${book.version}-${book.from}`,
    },
    body: JSON.stringify(book),
  });
const adopt = async (book: Book) => {
  const response = await post(book);
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  await journey.gateway.sweep();
  await journey.settle();
};
const history = async (id: string, host: Exchange) => {
  const { rows } = await journey.gateway.database.query<{
    verdict: string;
    message: string;
    current: boolean;
    version: number | null;
  }>(
    `select verdict, message, current, (body->'rulebooks'->'host'->>'version')::int as version
       from decision where listing = $1 and host = $2 order by no`,
    [id, host],
  );
  return rows;
};
const messagesTo = async (id: string, host: Exchange) =>
  (
    await journey.gateway.database.query<{ message: string; kind: string; state: string }>(
      'select message, kind, state from delivery where lane = $1 and exchange = $2 order by no',
      [id, host],
    )
  ).rows;

describe('when the rules change', () => {
  it('what was refused goes out as the message it was, and every decision stays readable', async () => {
    const listing = await publish('ctex', { mode: 'auction', priceKind: 'reserve' });
    const suspended = await publish('ctex', { mode: 'auction', priceKind: 'reserve' });
    journey.mocks.ctex.desk.setState(suspended.number, 2, 'suspended', '核查');
    await journey.settle();
    const id = `ctex:${listing.number}`;
    expect(foreign(journey, 'szse', 'listing', listing.number)).toBeUndefined();
    const [refused] = await history(id, 'szse');
    expect(refused).toMatchObject({ verdict: 'refuse', current: true, version: 1 });

    const second = withModes('szse', 2, '2026-03-02', (modes) => [...new Set([...modes, 'auction'])]);
    expect((await post(second, 'not-the-operator-token-at-all')).status).toBe(401);
    await adopt(second);

    const record = await getJson<{ mirrors: { host: string }[]; message: string; version: number }>(
      journey,
      `/v1/listings/${encodeURIComponent(id)}`,
    );
    expect(record.version).toBe(1);
    const decisions = await history(id, 'szse');
    expect(decisions.map(({ current, version }) => ({ current, version }))).toEqual([
      { current: false, version: 1 },
      { current: true, version: 2 },
    ]);
    expect(decisions[0]).toMatchObject({ ...refused, current: false });
    expect(decisions[1]!.message).toBe(refused!.message);
    const [told, ...more] = await messagesTo(id, 'szse');
    expect(more).toEqual([]);
    expect(told!.message).toBe(refused!.message);

    // Whatever was suspended meanwhile is looked at again once it is published.
    expect(await messagesTo(`ctex:${suspended.number}`, 'szse')).toEqual([]);
    journey.mocks.ctex.desk.setState(suspended.number, 3, 'resumed', '核查完毕');
    await journey.settle();
    await journey.gateway.sweep();
    await journey.settle();
    expect((await messagesTo(`ctex:${suspended.number}`, 'szse')).map(({ kind }) => kind)).toEqual(['listing']);
  });

  it('a rulebook adopted for a later day lets go on that day what was refused', async () => {
    const listing = await publish('ctex', { mode: 'tender', priceKind: 'reserve' });
    const without = withModes('stex', 2, '2026-03-02', (modes) => modes.filter((mode) => mode !== 'tender'));
    await adopt(without);
    const later = await publish('ctex', { mode: 'tender', priceKind: 'reserve' });
    held(journey, 'stex', 'listing', listing.number);
    expect(foreign(journey, 'stex', 'listing', later.number)).toBeUndefined();
    await adopt(withModes('stex', 3, '2026-03-05', (modes) => modes));
    expect(foreign(journey, 'stex', 'listing', later.number)).toBeUndefined();
    const behind = await publish('ctex', { mode: 'tender', priceKind: 'reserve' });
    expect(foreign(journey, 'stex', 'listing', behind.number)).toBeUndefined();
    journey.clock.advance(3 * 86_400_000);
    await journey.gateway.sweep();
    await journey.settle();
    held(journey, 'stex', 'listing', later.number);
    held(journey, 'stex', 'listing', behind.number);
  });
});

describe('when the listing changes', () => {
  it('a version that the host does not admit any more suspends the earlier one there, and says why', async () => {
    const listing = await publish('stex', { mode: 'agreement' });
    const id = `stex:${listing.number}`;
    held(journey, 'szse', 'listing', listing.number);
    journey.mocks.stex.desk.change({ ...listing, version: 2, exportControl: 'prohibited' });
    await journey.settle();
    for (const host of ['ctex', 'szse'] as const) {
      expect((await history(id, host)).at(-1)).toMatchObject({ verdict: 'refuse', current: true });
      expect((await messagesTo(id, host)).map(({ kind, state }) => `${kind} ${state}`)).toEqual([
        'listing accepted',
        'listing-state accepted',
      ]);
    }
    expect(held(journey, 'ctex', 'listing', listing.number).state).toBe('SUSPENDED');
    expect(held(journey, 'szse', 'listing', listing.number).state).toBe('2');
    const { rows } = await journey.gateway.database.query<{ issuer: string; envelope: Buffer }>(
      `select issuer, envelope from message where subject = $1 and kind = 'listing-state'`,
      [id],
    );
    for (const { issuer, envelope } of rows) {
      const { payload } = JSON.parse(envelope.toString()) as { payload: string };
      expect(issuer).toBe('qiao');
      expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
        status: 'suspended',
        reason: expect.stringContaining('export-prohibited'),
      });
    }
  });

  it('a change while suspended leaves the mirrors suspended', async () => {
    const listing = await publish('stex');
    const { desk } = journey.mocks.stex;
    desk.setState(listing.number, 2, 'suspended', '核查');
    await journey.settle();
    desk.change({ ...listing, version: 3, title: `${listing.title}（更新）` });
    await journey.settle();
    for (const [host, state] of [
      ['ctex', 'SUSPENDED'],
      ['szse', '2'],
    ] as const) {
      expect(held(journey, host, 'listing', listing.number)).toMatchObject({ version: 3, state });
    }
    const back = await publish('ctex');
    journey.mocks.ctex.desk.setState(back.number, 2, 'suspended', '核查');
    await journey.settle();
    journey.mocks.ctex.desk.change({ ...back, version: 3, title: `${back.title}（更新）` });
    await journey.settle();
    expect(held(journey, 'stex', 'listing', back.number)).toMatchObject({ version: 3, state: '2' });
  });
});
