import { adapters } from '../../adapters/all.ts';
import { sampleListing } from '../../src/cli/sample-trade.ts';
import { foreign, held, runTrade } from '../../src/cli/trade.ts';
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
/** The exchange's rules with other values of some dimensions; everything else as shipped. */
const withValues = (
  exchange: Exchange,
  version: number,
  from: string,
  change: Readonly<Record<string, (value: never) => unknown>>,
): Book => {
  const shipped = adapters.find((adapter) => adapter.exchange === exchange)!.rulebooks.at(-1) as Book;
  return {
    ...shipped,
    version,
    from,
    clauses: shipped.clauses.map((clause) => {
      const changed = change[clause.dimension];
      return changed === undefined ? clause : { ...clause, value: changed(clause.value as never), from };
    }),
  };
};
const withModes = (exchange: Exchange, version: number, from: string, modes: (modes: string[]) => string[]): Book =>
  withValues(exchange, version, from, { modes });
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

describe('what is under way when the rules change', () => {
  /** Which version of its exchange's rulebook each message about a listing cites, in order. */
  const citations = async (listing: string) => {
    const { rows } = await journey.gateway.database.query<{ kind: string; issuer: string; envelope: Buffer }>(
      'select kind, issuer, envelope from message where subject = $1 order by no',
      [listing],
    );
    const { rows: books } = await journey.gateway.database.query<{ exchange: string; version: number; sha256: string }>(
      'select exchange, version, sha256 from rulebook',
    );
    return rows.map(({ kind, issuer, envelope }) => {
      const { signatures } = JSON.parse(envelope.toString()) as { signatures: { protected: string }[] };
      const header = Buffer.from(signatures[0]!.protected, 'base64url').toString();
      const { rulebook } = JSON.parse(header) as { rulebook: string };
      const book = books.find(({ sha256 }) => sha256 === rulebook);
      return `${kind}: ${issuer} ${book?.exchange} v${book?.version}`;
    });
  };
  const natural = { name: '王示例', uscc: '', nature: 'natural-person', region: '110108', country: '142' } as const;
  const wants = async (listing: DeskListing, number: string) => {
    const mirror = held(journey, 'ctex', 'listing', listing.number).number;
    const at = new Date(journey.clock.nowMs() + 8 * 3_600_000).toISOString().replace(/\.\d+Z/, '+08:00');
    journey.mocks.ctex.desk.registerInterest({ number, mirror, buyer: natural, at });
    await journey.settle();
    return foreign(journey, 'stex', 'interest', number) !== undefined;
  };

  it('finishes under the versions it cites: the trade to its certificate, and buyers of what was shown before', async () => {
    const version = async (exchange: Exchange) => {
      const { rows } = await journey.gateway.database.query<{ last: number }>(
        'select max(version) as last from rulebook where exchange = $1',
        [exchange],
      );
      return rows[0]!.last;
    };
    const today = new Date(journey.clock.nowMs() + 8 * 3_600_000).toISOString().slice(0, 10);
    const [stex, ctex] = [await version('stex'), await version('ctex')];
    const traded = await publish('stex');
    const shown = await publish('stex');
    await runTrade(journey, 'stex', 'ctex', traded, {
      step: async (name) => {
        if (name !== 'interest') return;
        // Neither of the two would have this listing any more, nor its host a buyer who is a natural person.
        await adopt(withModes('stex', stex + 1, today, (modes) => modes.filter((mode) => mode !== traded.mode)));
        await adopt(
          withValues('ctex', ctex + 1, today, {
            modes: (modes: string[]) => modes.filter((mode) => mode !== traded.mode),
            'natural-person-buyer': () => 'no',
          }),
        );
      },
    });
    const id = `stex:${traded.number}`;
    const said = await citations(id);
    expect(said.map((one) => one.split(':')[0])).toEqual(
      expect.arrayContaining([
        'listing',
        'listing-mirrored',
        'interest',
        'interest-decision',
        'deal',
        'deal-confirmed',
        'funds',
      ]),
    );
    const versions = new Set(said.map((one) => one.split(': ')[1]));
    expect([...versions].filter((one) => !one!.startsWith('szse')).toSorted()).toEqual([
      `ctex ctex v${ctex}`,
      `stex stex v${stex}`,
    ]);

    expect(await wants(shown, 'I-natural-1')).toBe(true);
    const afterwards = await publish('stex', { mode: traded.mode === 'agreement' ? 'listing' : 'agreement' });
    expect(await wants(afterwards, 'I-natural-2')).toBe(false);
    expect((await citations(`stex:${afterwards.number}`))[0]).toBe(`listing: stex stex v${stex + 1}`);
    const same = await publish('stex');
    expect(foreign(journey, 'ctex', 'listing', same.number)).toBeUndefined();
  });
});
