import type { FrontDesk, MockBook, MockExchange, MockFault, MockPorts } from '../../src/contract/mock.ts';
import { listenOn } from '../mock-listen.ts';
import { type Books, openBooks } from './mock/books.ts';
import { openCounter } from './mock/counter.ts';
import { openDesk } from './mock/desk.ts';
import { openPusher, type Pusher } from './mock/pusher.ts';
import { openServer } from './mock/server.ts';
import { pagesSince } from './mock/statement.ts';

const NOTHING = new Uint8Array();

/** The exchange itself, as its profile describes it, on a port of 127.0.0.1. */
export function openCtexMock(): MockExchange {
  let books: Books = openBooks(0);
  let pusher: Pusher | undefined;
  let desk: FrontDesk | undefined;
  let stop: () => Promise<void> = async () => {};
  const faults = new Map<string, { fault: MockFault; count: number; isAbout: (request: Uint8Array) => boolean }[]>();

  /** The next fault of that operation, used up; only such as `fits`. */
  const nextFault = (
    operation: string,
    request: Uint8Array,
    fits: (fault: MockFault) => boolean,
  ): MockFault | undefined => {
    for (const name of [operation, '*']) {
      const found = faults.get(name)?.find(({ fault, count, isAbout }) => count > 0 && fits(fault) && isAbout(request));
      if (found !== undefined) {
        found.count -= 1;
        return found.fault;
      }
    }
    return undefined;
  };

  const start = async (ports: MockPorts) => {
    books = openBooks(ports.nowMs());
    // Answers of CTEX carry no signature, so a wrong one can only be that of a push.
    pusher = openPusher(
      ports,
      books,
      (kind) => nextFault(kind, NOTHING, (fault) => fault === 'bad-signature') !== undefined,
    );
    desk = openDesk(ports, books, pusher);
    const counter = openCounter(ports, books, (kind, request) =>
      nextFault(kind, request, (fault) => fault !== 'bad-signature'),
    );
    const server = openServer(ports, counter);
    const port = await listenOn(server, ports.port, ports);
    const pushing = pusher;
    stop = async () => {
      await pushing.stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    };
    return {
      url: `${ports.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    };
  };

  return {
    exchange: 'ctex',
    start,
    stop: () => stop(),
    get desk() {
      if (desk === undefined) throw new Error('the mock exchange has not been started');
      return desk;
    },
    get book(): MockBook {
      return books;
    },
    booksSince: (since) => pagesSince(books, since),
    fail: (operation, fault, count, isAbout = () => true) => {
      faults.set(operation, [...(faults.get(operation) ?? []), { fault, count, isAbout }]);
    },
  };
}
