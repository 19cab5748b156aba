import fc from 'fast-check';
import { memoryInMemory } from '../../support/memory.ts';
import { type Exchange, openExchange } from './session-model-exchange.ts';
import { checkOf, type Gateway, type Journal, openGatewayIn, sealOf } from './session-model-gateway.ts';
import { openRoom, type Room } from './session-model-room.ts';

const MORNING = Date.parse('2026-03-02T09:30:00+08:00');

interface Real {
  readonly room: Room;
  readonly exchange: Exchange;
  readonly journal: Journal;
  readonly lines: { cut(): void }[];
  gateway: Gateway;
}
type Command = fc.AsyncCommand<object, Real>;

/** A command is something that befalls the session, and so many movements after it. */
const befalls = <Given>(name: string, given: fc.Arbitrary<Given>, act: (real: Real, given: Given) => unknown) =>
  fc.record({ given, movements: fc.oneof(fc.nat(12), fc.nat(60)) }).map(
    ({ given: some, movements }): Command => ({
      check: () => true,
      run: async (_, real) => {
        await act(real, some);
        await real.room.go(movements);
      },
      toString: () => `${name}(${JSON.stringify(some)}) +${movements}`,
    }),
  );

const commands = fc.commands(
  [
    befalls('say', fc.nat(5), ({ exchange }, n) => exchange.say(n === 0)),
    befalls('say', fc.nat(5), ({ exchange }, n) => exchange.say(n === 0)),
    befalls('deliver', fc.constant(null), ({ gateway, journal }) => {
      const id = `Q-${journal.outbox.size + 1}`;
      journal.outbox.set(id, undefined);
      gateway.deliver(id, false);
    }),
    befalls('repeat', fc.nat(9), ({ exchange }, nth) => exchange.repeat(nth)),
    befalls('ask again', fc.tuple(fc.nat(9), fc.nat(4)), ({ exchange }, [from, to]) => exchange.askAgain(from, to)),
    befalls('say too low', fc.constant(null), ({ exchange }) => exchange.sayTooLow()),
    befalls('reset', fc.nat(5), ({ exchange }, to) => exchange.reset(to)),
    befalls(
      'noise',
      fc.constantFrom('noise', '8=STEP.1.0.0\u00019=', '8=STEP.1.0.0\u00019=5\u000135=0\u000110=000\u0001'),
      (real, text) => real.exchange.sayNoise(Buffer.from(text)),
    ),
    befalls('logout', fc.constant(null), ({ exchange }) => exchange.logout()),
    befalls('turn down', fc.constant(null), ({ exchange }) => exchange.turnDown()),
    befalls('cut', fc.constant(null), ({ lines }) => lines.at(-1)?.cut()),
    befalls('cut', fc.constant(null), ({ lines }) => lines.at(-1)?.cut()),
    befalls('crash', fc.constant(null), (real) => {
      real.gateway.program.isDead = true;
      for (const line of real.lines.splice(0)) line.cut();
      real.gateway = openGatewayIn(real.room, real.journal, real.exchange, real.lines);
      for (const [id, number] of real.journal.outbox) if (number === undefined) real.gateway.deliver(id, true);
    }),
    befalls('pass', fc.constantFrom(100, 300, 1_000, 10_000, 70_000), ({ room }, ms) => room.pass(ms)),
    // Timers go off while memory and bytes are slow.
    ...Array(3).fill(
      befalls('hurry', fc.tuple(fc.constantFrom(250, 250, 1_000, 6_000), fc.nat(6)), ({ room }, [ms, n]) =>
        room.pass(ms, n),
      ),
    ),
  ],
  { maxCommands: 30, size: 'max' },
);

async function inRoom(scheduler: fc.Scheduler, sizes: readonly number[], act: (real: Real) => Promise<void>) {
  const room = openRoom(scheduler, MORNING, sizes);
  try {
    const journal: Journal = {
      memory: memoryInMemory(),
      inbox: [],
      outbox: new Map(),
      absent: new Map(),
      twice: [],
      early: [],
      answers: new Set(),
    };
    const exchange = openExchange(room, sealOf('exchange'), checkOf('gateway'));
    const lines: { cut(): void }[] = [];
    const real = { room, journal, exchange, lines, gateway: openGatewayIn(room, journal, exchange, lines) };
    await act(real);
    real.gateway.program.isDead = true;
  } finally {
    room.leave();
  }
}

/** The same lives every time, so that who changes something else is not stopped by a rare one; QIAO_SEED looks further. */
const seed = { seed: Number(process.env.QIAO_SEED ?? 20_260_302) };
process.stdout.write(`QIAO_SEED=${seed.seed}\n`);

describe('the session, whatever befalls it', () => {
  it('gives every message to both sides once and in order, and comes to rest', async () => {
    const sizes = fc.array(fc.constantFrom(0, 0, 1, 7, 40, 150), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), sizes, commands, async (scheduler, cut, some) => {
        await inRoom(scheduler, cut, async (real) => {
          await fc.asyncModelRun(() => ({ model: {}, real }), some);
          const { room, exchange, journal } = real;
          const isDone = () =>
            exchange.answered.size === exchange.said.length && ![...journal.outbox.values()].includes(undefined);
          for (let left = 20; left > 0 && !isDone(); left--) await room.pass(20_000);
          await room.rest();
          expect(journal.inbox).toEqual(exchange.said);
          expect([...exchange.answered].sort()).toEqual([...exchange.said].sort());
          expect([...exchange.done].sort()).toEqual([...journal.outbox.keys()].sort());
          for (const [nth, id] of exchange.done.entries()) expect(journal.outbox.get(id)).toBe(`N${nth}`);
          for (const id of exchange.done) {
            expect(exchange.timesSent(id)).toBeLessThanOrEqual(1 + (journal.absent.get(id) ?? 0));
          }
          expect({ twice: journal.twice, early: journal.early }).toEqual({ twice: [], early: [] });
          expect(exchange.complaints).toEqual([]);
        });
      }),
      { numRuns: 250, interruptAfterTimeLimit: 60_000, ...seed },
    );
  });

  it('a number too low is refused so that it is heard, whatever else is said meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        await inRoom(scheduler, [7], async ({ room, exchange }) => {
          exchange.say(false);
          await room.rest();
          for (let times = 0; times < 3; times++) {
            exchange.say(false);
            exchange.sayTooLow();
          }
          await room.rest();
          expect(exchange.complaints).toEqual([]);
          expect(exchange.isUp).toBe(false);
        });
      }),
      { numRuns: 40, ...seed },
    );
  });
});
