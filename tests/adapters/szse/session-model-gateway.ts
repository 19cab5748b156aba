import { createHmac } from 'node:crypto';
import { openLink } from '../../../adapters/szse/link.ts';
import type { Link, LinkMemory, NativeRequest, NativeSigner, NativeVerifier } from '../../../src/contract/adapter.ts';
import { nonce } from './exchange.ts';
import type { Exchange } from './session-model-exchange.ts';
import type { Program, Room } from './session-model-room.ts';
import { tagged } from './tagged.ts';

/** Keyed digests in place of signatures: of one length, so that a seed cuts the bytes at the same places every time. */
const mac = (key: string, bytes: Uint8Array) => createHmac('sha256', key).update(bytes).digest();
export const sealOf = (key: string): NativeSigner => ({ sign: (bytes: Uint8Array) => mac(key, bytes) });
export const checkOf = (key: string): NativeVerifier => ({
  verify: (bytes, signature) => mac(key, bytes).equals(signature),
});

/** What outlives a gateway: its tables. */
export interface Journal {
  readonly memory: LinkMemory;
  /** Keys of what was taken in, in order, once each. */
  readonly inbox: string[];
  /** Requests and the numbers given for them. */
  readonly outbox: Map<string, string | undefined>;
  /** How often a request was said to be absent. */
  readonly absent: Map<string, number>;
  /** What came in twice over one connection. */
  readonly twice: string[];
  /** What was put behind us before our answer was kept. */
  readonly early: string[];
  /** Answers kept so that they can be sent again. */
  readonly answers: Set<string>;
}

export interface Gateway {
  readonly program: Program;
  readonly link: Link;
  /** Sends it until it is accepted; in doubt, asks first. */
  deliver(id: string, inDoubt: boolean): void;
}

/** The id of the message of SZSE's that these bytes answer. */
function answeredIn(bytes: Uint8Array): string | undefined {
  const fields = Buffer.from(bytes).toString().split('\u0001');
  return fields.find((field) => field.startsWith('11=S-'))?.slice('11='.length);
}

/** Everything the memory does is a movement before it is done and one before that is known. */
function slowly(room: Room, program: Program, journal: Journal, exchange: Exchange): LinkMemory {
  const { memory } = journal;
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
    set: slow('set', (name, value) => {
      if (name === 'in') {
        journal.early.push(...exchange.saidBefore(Number(value)).filter((id) => !journal.answers.has(id)));
      }
      return memory.set(name, value);
    }),
    reserve: slow('reserve', memory.reserve),
    keepSent: slow('keep', (messages) => {
      for (const { bytes } of messages) {
        const id = answeredIn(bytes);
        if (id !== undefined) journal.answers.add(id);
      }
      return memory.keepSent(messages);
    }),
    sentBetween: slow('read', memory.sentBetween),
  };
}

const request = (id: string): NativeRequest => ({ id, bytes: tagged(`35=US|11=${id}|20089=KJ9|20004=2|`) });

export function openGatewayIn(room: Room, journal: Journal, exchange: Exchange, lines: { cut(): void }[]): Gateway {
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
      memory: slowly(room, program, journal, exchange),
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
