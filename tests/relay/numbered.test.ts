import type { Answer, Outcome } from '../../src/contract/adapter.ts';
import type { Database } from '../../src/journal/database.ts';
import { type Lease, leaseDeliveries } from '../../src/journal/outbox.ts';
import { openFinisher } from '../../src/relay/finish.ts';
import { takeIn } from '../../src/relay/intake.ts';
import { codesOf, type Ground, openGround } from './ground.ts';
import { interest, listing } from './messages.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await openGround();
});
afterAll(() => ground.close());

let serial = 0;
const LEASE_MS = 30_000;

/** A delivery of ctex's listing to stex, leased and maybe sent; nobody has heard stex's answer. */
async function beingShown(): Promise<Lease> {
  await ground.database.query('truncate delivery, redrive');
  const id = `ctex:B${++serial}`;
  expect(await ground.send('ctex', listing(id))).toMatchObject({ outcome: 'accepted' });
  return lease();
}

async function lease(): Promise<Lease> {
  const now = ground.nowMs();
  const [leased] = await leaseDeliveries(ground.database, 'stex', 1, new Date(now), new Date(now + LEASE_MS));
  return leased!;
}

/** What stex says of the listing, by the number it gave it. */
const spoken = ({ lane }: Lease) =>
  ground.arrival('stex', {
    ...interest(`stex:I${++serial}`, lane),
    listing: { mirror: `stex:JX-${lane}` },
  });

/** In one transaction, as a finisher does: the delivery has ended and this is its number. */
const writeDown = ({ no, lane }: Lease) =>
  ground.database.query(
    `with ended as (update delivery set state = 'accepted', open = false, number = $2 where no = $1)
     insert into number (exchange, kind, number, id) values ('stex', 'listing', $2, $3)`,
    [no, `JX-${lane}`, lane],
  );

/** The database, with something that somebody else does just before the n-th statement of a transaction. */
function interrupted(before: number, other: () => Promise<unknown>) {
  let asked = 0;
  const database: Database = {
    ...ground.database,
    connect: async () => {
      const client = await ground.database.connect();
      const { query } = client;
      let turn: Promise<unknown> = Promise.resolve();
      const inTurn = (...given: unknown[]) => {
        const nth = asked++;
        const here = turn.then(async () => {
          if (nth === before) await other();
          return Reflect.apply(query, client, given);
        });
        turn = here.catch(() => {});
        return here;
      };
      return new Proxy(client, {
        get: (target, name) => {
          if (name === 'query') return inTurn;
          const value = Reflect.get(target, name, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    },
  };
  return { database, asked: () => asked };
}

describe('a number that is written down while a message that uses it is being taken in', () => {
  it('is known, or waited for, before whichever statement it is written down; it is never unknown', async () => {
    const outcomes: Answer['outcome'][] = [];
    for (let before = 0, statements = 1; before < statements; before++) {
      const shown = await beingShown();
      const arrival = spoken(shown);
      const { database, asked } = interrupted(before, () => writeDown(shown));
      const [answer] = await takeIn([arrival], { ...ground.parts, database });
      expect({ before, refused: codesOf(answer!) }).toEqual({ before, refused: [] });
      outcomes.push(answer!.outcome);
      // Put off, it comes again and finds its number.
      if (answer!.outcome === 'busy') expect(await ground.sendAll([arrival])).toMatchObject([{ outcome: 'accepted' }]);
      statements = asked();
    }
    // Both sides of the moment were seen.
    expect(new Set(outcomes)).toEqual(new Set(['accepted', 'busy']));
    expect(outcomes.length).toBeGreaterThan(5);
  });
});

describe('a number that may have been given, and is not written down', () => {
  const silence: Outcome = { outcome: 'ambiguous', reason: 'cut', unanswered: true };
  const nonsense: Outcome = { outcome: 'ambiguous', reason: 'the answer is signed wrongly' };

  /** So many attempts, each ending so; then the next is under way. */
  async function tried(times: number, outcome: Outcome): Promise<Lease> {
    const finisher = openFinisher({
      ...ground.parts,
      random: () => 1,
      onFault: (fault) => {
        throw fault;
      },
      ...{ retryBaseMs: 1_000, retryCapMs: 8_000, retryAttempts: 20, batch: 1, lingerMs: 0 },
    });
    let leased = await beingShown();
    for (let n = 0; n < times; n++) {
      await finisher.finish('stex', { lease: leased, message: listing(leased.lane), loss: [], outcome });
      ground.advance(8_000);
      leased = await lease();
    }
    return leased;
  }

  it('is waited for as long as nothing comes back over the line, however often it was tried', async () => {
    const shown = await tried(12, silence);
    const arrival = spoken(shown);
    expect(await ground.sendAll([arrival])).toMatchObject([{ outcome: 'busy' }]);
    await writeDown(shown);
    expect(await ground.sendAll([arrival])).toMatchObject([{ outcome: 'accepted' }]);
  });

  it('is waited for when the gateways that asked have died one after another', async () => {
    let shown = await beingShown();
    for (let n = 0; n < 12; n++) {
      ground.advance(LEASE_MS);
      shown = await lease();
    }
    const arrival = spoken(shown);
    expect(await ground.sendAll([arrival])).toMatchObject([{ outcome: 'busy' }]);
    await writeDown(shown);
    expect(await ground.sendAll([arrival])).toMatchObject([{ outcome: 'accepted' }]);
  });

  it('is not waited for without end when the exchange answers and its answers are of no use', async () => {
    const shown = await tried(2, nonsense);
    expect(await ground.sendAll([spoken(shown)])).toMatchObject([{ outcome: 'busy' }]);
    expect(codesOf((await ground.sendAll([spoken(await tried(3, nonsense))]))[0]!)).toEqual(['reference-unknown']);
  });
});
