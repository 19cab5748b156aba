import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { openLink } from '../../../adapters/szse/link.ts';
import type { Link, LinkMemory, NativeRequest, NativeSigner, NativeVerifier } from '../../../src/contract/adapter.ts';
import { memoryInMemory } from '../../support/memory.ts';
import { nonce } from './exchange.ts';
import { type Exchange, openExchange } from './session-model-exchange.ts';
import { openRoom, type Program, type Room } from './session-model-room.ts';
import { tagged } from './tagged.ts';

const MORNING = Date.parse('2026-03-02T09:30:00+08:00');
/** Keyed digests in place of signatures: of one length, so that a seed cuts the bytes at the same places every time. */
const mac = (key: string, bytes: Uint8Array) => createHmac('sha256', key).update(bytes).digest();
const sealOf = (key: string): NativeSigner => ({ sign: (bytes: Uint8Array) => mac(key, bytes) });
const checkOf = (key: string): NativeVerifier => ({
  verify: (bytes, signature) => mac(key, bytes).equals(signature),
});

/** What outlives a gateway: its tables. */
interface Journal {
  readonly memory: LinkMemory;
  /** Keys of what was taken in, in order, once each. */
  readonly inbox: string[];
  /** Requests and the numbers given for them. */
  readonly outbox: Map<string, string | undefined>;
  /** How often a request was said to be absent. */
  readonly absent: Map<string, number>;
  /** What came in twice over one connection. */
  readonly twice: string[];
}

interface Gateway {
  readonly program: Program;
  readonly link: Link;
  /** Sends it until it is accepted; in doubt, asks first. */
  deliver(id: string, inDoubt: boolean): void;
}

/** Everything the memory does is a movement before it is done and one before that is known. */
function slowly(room: Room, program: Program, memory: LinkMemory): LinkMemory {
  const slow =
    <Given extends readonly unknown[], Result>(name: string, act: (...given: Given) => Promise<Result>) =>
    async (...given: Given): Promise<Result> => {
      await room.step(program, name);
      const result = await act(...given);
      await room.step(program, `${name} answered`);
      return result;
    };
  return {
    ...memory,
    get: slow('get', memory.get),
    set: slow('set', memory.set),
    reserve: slow('reserve', memory.reserve),
    keepSent: slow('keep', memory.keepSent),
    sentBetween: slow('read', memory.sentBetween),
  };
}

const request = (id: string): NativeRequest => ({ id, bytes: tagged(`35=US|11=${id}|20089=KJ9|20004=2|`) });

function openGatewayIn(room: Room, journal: Journal, exchange: Exchange, lines: { cut(): void }[]): Gateway {
  const program: Program = { isDead: false };
  let taking: Promise<void> = Promise.resolve();
  let over = new Set<string>();
  const link = openLink(
    {
      ...{ member: 'QIAO', address: 'szse.invalid:1', secure: true, heartbeatS: 30 },
      ...{ timeoutMs: 5_000, maxAnswerBytes: 1_000_000, pollIntervalMs: 50, concurrency: 4 },
    },
    {
      signer: sealOf('gateway'),
      verifier: checkOf('exchange'),
      memory: slowly(room, program, journal.memory),
      tls: {
        connect: () => {
          const line = room.connection();
          over = new Set();
          if (program.isDead) return line.near;
          lines.push(line);
          void room.step(program, 'connect').then(() => {
            if (line.near.destroyed) return;
            exchange.accept(line.far);
            line.near.emit('secureConnect');
          });
          return line.near;
        },
      },
      ...{ nowMs: room.nowMs, nonce, log: () => {}, keepRefused: async () => {} },
      receive: async ({ key }) => {
        if (over.has(key)) journal.twice.push(key);
        over.add(key);
        taking = taking.then(async () => {
          await room.step(program, `take in ${key}`);
          if (!journal.inbox.includes(key)) journal.inbox.push(key);
        });
        await taking;
        await room.step(program, `taken in ${key}`);
        return { outcome: 'accepted', messageId: key };
      },
    },
  );
  void link.start();
  const deliver = async (id: string, inDoubt: boolean): Promise<void> => {
    const outcome = await (inDoubt ? link.ask(request(id)) : link.send(request(id)));
    await room.step(program, `written down ${id}`);
    if (outcome.outcome === 'accepted') return void journal.outbox.set(id, outcome.number ?? '');
    if (outcome.outcome === 'absent') journal.absent.set(id, 1 + (journal.absent.get(id) ?? 0));
    if (outcome.outcome === 'refused') throw new Error(`refused: ${JSON.stringify(outcome.refusals)}`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return deliver(id, outcome.outcome === 'ambiguous' || (inDoubt && outcome.outcome !== 'absent'));
  };
  return { program, link, deliver: (id, inDoubt) => void deliver(id, inDoubt) };
}

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
    befalls('crash', fc.constant(null), (real) => {
      real.gateway.program.isDead = true;
      for (const line of real.lines.splice(0)) line.cut();
      real.gateway = openGatewayIn(real.room, real.journal, real.exchange, real.lines);
      for (const [id, number] of real.journal.outbox) if (number === undefined) real.gateway.deliver(id, true);
    }),
    befalls('pass', fc.constantFrom(100, 300, 1_000, 10_000, 70_000), ({ room }, ms) => room.pass(ms)),
    // Timers go off while memory and bytes are slow.
    befalls('hurry', fc.tuple(fc.constantFrom(300, 1_000, 6_000), fc.nat(6)), ({ room }, [ms, n]) => room.pass(ms, n)),
  ],
  { maxCommands: 30 },
);

async function inRoom(scheduler: fc.Scheduler, sizes: readonly number[], act: (real: Real) => Promise<void>) {
  const room = openRoom(scheduler, MORNING, sizes);
  try {
    const journal: Journal = { memory: memoryInMemory(), inbox: [], outbox: new Map(), absent: new Map(), twice: [] };
    const exchange = openExchange(room, sealOf('exchange'), checkOf('gateway'));
    const lines: { cut(): void }[] = [];
    const real = { room, journal, exchange, lines, gateway: openGatewayIn(room, journal, exchange, lines) };
    await act(real);
    real.gateway.program.isDead = true;
  } finally {
    room.leave();
  }
}

const seed = process.env.QIAO_SEED === undefined ? {} : { seed: Number(process.env.QIAO_SEED) };

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
          expect(journal.twice).toEqual([]);
          expect(exchange.complaints).toEqual([]);
        });
      }),
      { numRuns: 250, ...seed },
    );
  });
});
