import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { adapters } from '../../adapters/all.ts';
import { type Exchange, exchanges } from '../../src/contract/exchange.ts';
import type { Deal, Message } from '../../src/contract/message.ts';
import { emptyStanding, type Standing } from '../../src/journal/standing.ts';
import { openRuleDesk } from '../../src/relay/rulebooks.ts';
import { stepMessage } from '../../src/relay/steps.ts';
import { readRulebook } from '../../src/rules/rulebook.ts';
import { MORNING } from './ground.ts';
import { confirmed, deal, decision, funds, interest, listing, state } from './messages.ts';

const desk = openRuleDesk(
  new Map(
    adapters.map(({ exchange, rulebooks }) => [
      exchange,
      rulebooks.map((document) => {
        const read = readRulebook(document);
        if (!read.ok) throw new Error(`${exchange}: ${read.refusals[0]?.en}`);
        return read.value;
      }),
    ]),
  ),
);
const digestOf = (value: object) => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** Two listings of one right at two homes, so that there is something to contend for. */
const homes = ['ctex', 'stex'] as const;
const idAt = (home: Exchange) => `${home}:L1`;
const right = { type: 'software' as const, number: 'SR-shared', title: '示例软件', holders: ['甲'] as [string] };
const offered = (home: Exchange, version: number) =>
  listing(idAt(home), { version, object: { type: 'software', field: '01', ip: [right] } });

interface Said {
  readonly sender: Exchange;
  readonly message: Message;
}

const home = fc.constantFrom(...homes);
const anyone = fc.constantFrom(...exchanges);
const version = fc.integer({ min: 1, max: 4 });
const dealId = fc.tuple(home, fc.integer({ min: 1, max: 2 })).map(([at, n]) => `${at}:D${n}`);
const minute = fc.integer({ min: 10, max: 59 });
const amount = fc.constantFrom('0.01', '400000.00', '600000.00', '1000000.00');

/** What anyone may say, right or wrong, in any order; mostly by whose it is to say. */
const said: fc.Arbitrary<Said> = fc
  .oneof(
    fc.tuple(home, version).map(([at, v]): Said => ({ sender: at, message: offered(at, v) })),
    fc.tuple(home, version, fc.constantFrom('suspended', 'published'), minute).map(
      ([at, v, to, m]): Said => ({
        sender: at,
        message: state(idAt(at), v, to as never, `2026-03-02T09:${m}:00+08:00`),
      }),
    ),
    fc
      .tuple(home, anyone)
      .map(([at, host]): Said => ({ sender: host, message: interest(`${host}:I-${at}`, idAt(at)) })),
    fc.tuple(home, anyone).map(([at, host]): Said => ({ sender: at, message: decision(`${host}:I-${at}`, at) })),
    fc
      .tuple(
        dealId,
        anyone,
        version,
        fc.constantFrom<Deal['status']>('concluded', 'certified', 'cancelled', 'reversed', 'settled'),
      )
      .map(([id, host, v, status]): Said => {
        const at = id.slice(0, 4) as Exchange;
        const certificate = status === 'certified' ? { certificate: 'C-1' } : {};
        return { sender: at, message: deal(id, idAt(at), host, { version: v, status, ...certificate }) };
      }),
    fc.tuple(dealId, anyone, version).map(([id, host, v]): Said => ({ sender: host, message: confirmed(id, host, v) })),
    fc
      .tuple(
        dealId,
        anyone,
        fc.integer({ min: 1, max: 9 }),
        amount,
        fc.constantFrom('price-paid', 'refund', 'fee-paid'),
      )
      .map(
        ([id, host, n, paid, leg]): Said => ({
          sender: host,
          message: funds(`${host}:F${n}`, id, paid, { leg: leg as never }),
        }),
      ),
  )
  .chain((one) => fc.tuple(fc.constant(one), fc.integer({ min: 0, max: 9 }), anyone))
  .map(([one, chance, other]) => (chance === 0 ? { ...one, sender: other } : one));

/** A road that leads somewhere, so that certificates are reached too; what is said around it may spoil it. */
const road: readonly Said[] = [
  { sender: 'ctex', message: offered('ctex', 1) },
  { sender: 'stex', message: offered('stex', 1) },
  { sender: 'szse', message: interest('szse:I-ctex', idAt('ctex')) },
  { sender: 'ctex', message: decision('szse:I-ctex', 'ctex') },
  { sender: 'szse', message: interest('szse:I-stex', idAt('stex')) },
  { sender: 'stex', message: decision('szse:I-stex', 'stex') },
  { sender: 'ctex', message: deal('ctex:D1', idAt('ctex'), 'szse') },
  { sender: 'szse', message: confirmed('ctex:D1', 'szse') },
  { sender: 'szse', message: funds('szse:F1', 'ctex:D1', '1000000.00') },
  {
    sender: 'ctex',
    message: deal('ctex:D1', idAt('ctex'), 'szse', { version: 2, status: 'certified', certificate: 'C-1' }),
  },
];

const undone: readonly Said[] = [
  { sender: 'ctex', message: funds('ctex:F1', 'ctex:D1', '1000000.00', { leg: 'refund' }) },
  { sender: 'ctex', message: funds('ctex:F2', 'ctex:D1', '0.01', { leg: 'refund' }) },
  { sender: 'ctex', message: deal('ctex:D1', idAt('ctex'), 'szse', { version: 3, status: 'cancelled' }) },
  {
    sender: 'ctex',
    message: deal('ctex:D1', idAt('ctex'), 'szse', { version: 4, status: 'certified', certificate: 'C-2' }),
  },
];

/** The road with something said between its lines, now and then without one of them, and perhaps turned back. */
const story = fc
  .tuple(
    fc.array(said, { maxLength: 30 }),
    fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 14, maxLength: 14 }),
    fc.option(fc.nat(road.length - 1)),
    fc.boolean(),
  )
  .map(([noise, gaps, without, isTurnedBack]) => {
    const rest = [...noise];
    const lines = [...road.filter((_, i) => i !== without), ...(isTurnedBack ? undone : [])];
    return [...lines.flatMap((line, i) => [...rest.splice(0, gaps[i]), line]), ...rest];
  });

/** Tells it all, and looks at the standing after every message that took effect. */
function tell(
  lines: readonly Said[],
  look: (standing: Standing, before: ReadonlyMap<string, string>) => void,
): Standing {
  const standing = emptyStanding();
  lines.forEach(({ sender, message }, i) => {
    const before = new Map([...standing.deals].map(([id, { status }]) => [id, status]));
    const kept = JSON.stringify([...standing.deals, ...standing.awards], (_, value) =>
      typeof value === 'bigint' ? `${value}` : value,
    );
    const { extensions: _, ...content } = message as Message & { extensions?: unknown };
    const stepped = stepMessage(message, {
      sender,
      standing,
      rules: desk,
      exchanges,
      atMs: MORNING + i * 1000,
      messageId: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
      digest: digestOf(content),
      digestOf,
      isCosigned: ({ cosigned }) => cosigned === 'now',
    });
    if (stepped.ok !== true) {
      const after = JSON.stringify([...standing.deals, ...standing.awards], (_key, value) =>
        typeof value === 'bigint' ? `${value}` : value,
      );
      expect(after).toBe(kept);
      expect(stepped.refusals.length).toBeGreaterThan(0);
    }
    look(standing, before);
  });
  return standing;
}

const UNDONE = ['cancelled', 'reversed'];
const PATH = ['concluded', 'confirmed', 'funded', 'certified'];

describe('whatever is said, by whomever, in whatever order', () => {
  it('no asset has two active deals, and every award belongs to a deal that stands', () => {
    fc.assert(
      fc.property(story, (lines) => {
        tell(lines, ({ deals, awards, listings }) => {
          const holders = new Map<string, string>();
          for (const { id, listing: of, status } of deals.values()) {
            if (UNDONE.includes(status)) continue;
            for (const asset of listings.get(of)!.assets) {
              expect(holders.get(asset)).toBeUndefined();
              holders.set(asset, id);
            }
          }
          expect(new Map([...awards].sort())).toEqual(new Map([...holders].sort()));
        });
      }),
      { numRuns: 300 },
    );
  });

  it("a deal's status only goes forward on the contract's path, or is undone for good", () => {
    fc.assert(
      fc.property(story, (lines) => {
        tell(lines, ({ deals }, before) => {
          for (const { id, status } of deals.values()) {
            const was = before.get(id);
            if (was === undefined) expect(status).toBe('concluded');
            else if (UNDONE.includes(was)) expect(status).toBe(was);
            else if (!UNDONE.includes(status) && status !== was) {
              // Money given back takes `funded` back; nothing else goes backwards.
              const isRefund = was === 'funded' && PATH.indexOf(status) < PATH.indexOf(was);
              expect(isRefund || PATH.indexOf(status) > PATH.indexOf(was)).toBe(true);
            }
          }
        });
      }),
      { numRuns: 300 },
    );
  });

  it('what has been paid is never negative, and no certificate comes before confirmation and payment', () => {
    let certificates = 0;
    fc.assert(
      fc.property(story, (lines) => {
        tell(lines, ({ deals }, before) => {
          for (const { id, home: at, host, status, paidFen, dueFen, confirmation } of deals.values()) {
            expect(paidFen).toBeGreaterThanOrEqual(0n);
            if (status !== 'certified' || before.get(id) === 'certified' || at === host) continue;
            certificates += 1;
            expect(confirmation).not.toBeNull();
            expect(paidFen).toBeGreaterThanOrEqual(dueFen);
          }
        });
      }),
      { numRuns: 300 },
    );
    // The stories reach their end often enough for this to mean something.
    expect(certificates).toBeGreaterThan(0);
  });
});
