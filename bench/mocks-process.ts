/** The process of the mock exchanges (relay-mocks.ts), as the benchmark speaks to it. */
import { fork } from 'node:child_process';
import type { FromMocks, MockAddresses, ToMocks } from './relay-mocks.ts';

type Counted = Extract<FromMocks, { counted: unknown }>;

type Order = Extract<ToMocks, { run: unknown }>['run'];

export interface Mocks {
  readonly pid: number;
  readonly ready: Promise<MockAddresses>;
  send(message: ToMocks): void;
  run(order: Order): Promise<number>;
  /** Mirrors in the three books, and what was signed and checked on the three lines. */
  count(): Promise<Counted>;
  stop(): Promise<void>;
}

export function forkMocks(keysFolder: string, aheadMs: number, plain: boolean): Mocks {
  const child = fork(
    new URL('./relay-mocks.js', import.meta.url),
    [keysFolder, String(aheadMs), plain ? 'plain' : 'tls'],
    {
      stdio: ['ignore', 2, 2, 'ipc'],
    },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const next = <T>(read: (message: FromMocks) => T | undefined) =>
    new Promise<T>((resolve, reject) => {
      const hear = (message: unknown) => {
        const told = read(message as FromMocks);
        if (told === undefined) return;
        child.off('message', hear);
        resolve(told);
      };
      child.on('message', hear);
      void ended.then(() => reject(new Error('the mock exchanges ended')));
    });
  const send = (message: ToMocks) => void child.send(message);
  return {
    pid: child.pid ?? 0,
    ready: next((message) => ('ready' in message ? message.ready : undefined)),
    send,
    run: (order) => {
      const published = next((message) => ('published' in message ? message.published : undefined));
      const { seconds, window, perSecond, from } = order;
      send({ run: { seconds, window, from, ...(perSecond === undefined ? {} : { perSecond }) } });
      return published;
    },
    count: () => {
      const counted = next((message) => ('counted' in message ? message : undefined));
      send({ count: true });
      return counted;
    },
    stop: async () => {
      child.disconnect();
      await ended;
    },
  };
}
