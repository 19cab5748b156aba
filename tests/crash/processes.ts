import { type ChildProcess, fork } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exchange } from '../../src/contract/exchange.ts';
import type { MockAddress } from '../../src/contract/mock.ts';
import type { Books, ExchangeArguments, FromExchange, ToExchange } from './exchange-process.ts';
import type { FromGateway, GatewayArguments, ToGateway } from './gateway-process.ts';

/** A mock exchange in its own process. */
export interface ExchangeProcess {
  readonly exchange: Exchange;
  readonly address: MockAddress;
  say(message: ToExchange): void;
  look(): Promise<Extract<FromExchange, { said: 'looked' }>>;
  books(): Promise<Books>;
  stop(): Promise<void>;
}

export async function startExchange(built: string, given: ExchangeArguments): Promise<ExchangeProcess> {
  const child = forkScript(built, 'exchange-process.js', given, 'inherit');
  const ended = endOf(child);
  const hear = <Said extends FromExchange['said']>(said: Said) =>
    new Promise<Extract<FromExchange, { said: Said }>>((resolve, reject) => {
      const onMessage = (message: FromExchange) => {
        if (message.said !== said) return;
        child.off('message', onMessage);
        resolve(message as Extract<FromExchange, { said: Said }>);
      };
      child.on('message', onMessage);
      void ended.then(() => reject(new Error(`the mock of ${given.exchange} ended`)));
    });
  const { address } = await hear('up');
  const say = (message: ToExchange) => void child.send(message);
  return {
    exchange: given.exchange,
    address,
    say,
    look: () => {
      const heard = hear('looked');
      say({ say: 'look' });
      return heard;
    },
    books: async () => {
      const heard = hear('books');
      say({ say: 'books' });
      return (await heard).books;
    },
    stop: async () => {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

/** A gateway that is started again whenever it ends, as a service manager would. */
export interface GatewayProcess {
  /** Its address while it is up. */
  url(): string | undefined;
  kill(): void;
  die(table: string, statements: number): void;
  pause(ms: number): Promise<void>;
  /** Killed; its clock is off from then on, until it ends again. */
  setClock(aheadMs: number): void;
  /** No death on its way any more, and the right clock: one with a wrong clock is killed once more. */
  mend(): void;
  /** Resolves when it is up. */
  whenUp(): Promise<void>;
  readonly crashes: number;
  /** From each crash to being up again, ms. */
  readonly outagesMs: readonly number[];
  /** In order; false when something had to be cut. */
  stop(): Promise<boolean>;
}

const AGAIN_MS = 200;

export function keepGateway(built: string, given: GatewayArguments, logFolder: string, name: string): GatewayProcess {
  const log = openSync(join(logFolder, `${name}.log`), 'a');
  const outagesMs: number[] = [];
  const waiting: (() => void)[] = [];
  let child: ChildProcess | undefined;
  let url: string | undefined;
  let crashes = 0;
  let isStopping = false;
  let aheadMs = 0;
  let endedAt: number | undefined;
  let isPaused = false;
  let inTime = true;

  const start = () => {
    const started = forkScript(built, 'gateway-process.js', { ...given, aheadMs: given.aheadMs + aheadMs }, log);
    child = started;
    started.on('message', (message: FromGateway) => {
      if (message.said === 'ended') inTime = message.inTime;
      else {
        url = message.url;
        if (endedAt !== undefined) outagesMs.push(performance.now() - endedAt);
        endedAt = undefined;
        for (const tell of waiting.splice(0)) tell();
      }
    });
  };
  /** One crash, however it is learnt of; a start that fails is none. */
  const noteEnd = () => {
    if (url === undefined || isStopping) return;
    crashes += 1;
    endedAt = performance.now();
    url = undefined;
  };
  const run = async () => {
    while (!isStopping) {
      start();
      await endOf(child!);
      noteEnd();
      if (!isStopping) await sleep(AGAIN_MS);
    }
  };
  const running = run();
  const kill = () => {
    if (url === undefined) return;
    aheadMs = 0;
    noteEnd();
    child?.kill('SIGKILL');
  };
  return {
    url: () => url,
    kill,
    die: (table, statements) => {
      if (url !== undefined && child?.connected)
        child.send({ say: 'die', table, statements } satisfies ToGateway, () => {});
    },
    pause: async (ms) => {
      const paused = child;
      if (isPaused || url === undefined) return;
      isPaused = true;
      paused?.kill('SIGSTOP');
      await sleep(ms);
      paused?.kill('SIGCONT');
      isPaused = false;
    },
    setClock: (ms) => {
      kill();
      aheadMs = ms;
    },
    mend: () => {
      if (url !== undefined && child?.connected) {
        child.send({ say: 'die', table: '', statements: 0 } satisfies ToGateway, () => {});
      }
      if (aheadMs !== 0) kill();
      aheadMs = 0;
    },
    whenUp: () => (url !== undefined ? Promise.resolve() : new Promise((resolve) => void waiting.push(resolve))),
    get crashes() {
      return crashes;
    },
    outagesMs,
    stop: async () => {
      isStopping = true;
      if (url === undefined || !child?.connected) child?.kill('SIGKILL');
      else child.send({ say: 'stop' } satisfies ToGateway, () => {});
      const last = child;
      const cut = setTimeout(() => last?.kill('SIGKILL'), 30_000);
      await running;
      clearTimeout(cut);
      return inTime;
    },
  };
}

function forkScript(built: string, script: string, given: object, output: number | 'inherit'): ChildProcess {
  const out = output === 'inherit' ? 2 : output;
  return fork(join(built, 'tests/crash', script), [JSON.stringify(given)], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // Nothing of our own settings: a DATABASE_URL of this shell is none of theirs.
    env: { PATH: process.env.PATH, TZ: process.env.TZ, NODE_ENV: 'development' },
    stdio: ['ignore', out, out, 'ipc'],
  });
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve()).once('error', () => resolve());
  });
}
