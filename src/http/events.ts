import type { ServerResponse } from 'node:http';
import { type EventKind, eventsAfter, eventsKept, type ToldEvent } from '../clearing/cycle-events.ts';
import { instantAt } from '../contract/dates.ts';
import type { Queryable } from '../journal/database.ts';
import type { View } from './route.ts';

export interface FeedLimits {
  /** How often it is looked whether there is something new, while anybody watches. */
  readonly eventPollMs: number;
  /** A line without meaning, so that proxies keep the connection. */
  readonly eventHeartbeatMs: number;
  /** Watchers at once. */
  readonly eventStreams: number;
}

export interface FeedParts {
  readonly database: Queryable;
  readonly limits: FeedLimits;
  onFault(error: unknown): void;
}

/** Who watches: reads as itself, and is asked at every heartbeat whether it may still. */
export interface Watcher {
  readonly view: View;
  mayStill(): Promise<boolean>;
  /** Last-Event-ID; absent: from now on. */
  readonly after: bigint | undefined;
}

/** Live progress of clearing as server-sent events (HTML, 9.2), the same rows for everybody, each seeing its own. */
export interface EventFeed {
  /** Answers with the stream; false: there are too many. */
  open(response: ServerResponse, watcher: Watcher): boolean;
  /** Ends every stream; they come again somewhere else, with the number of what they saw last. */
  stop(): void;
}

const PAGE = 200;

interface Stream {
  look(): Promise<void>;
  beat(): Promise<void>;
  end(): void;
}

export function openEventFeed({ database, limits, onFault }: FeedParts): EventFeed {
  const streams = new Set<Stream>();
  let newest = 0n;
  let looking = false;
  /** One look for all: streams are woken only where there is something new. */
  const look = async () => {
    if (looking) return;
    looking = true;
    try {
      const { last } = await eventsKept(database);
      if (last > newest) {
        newest = last;
        await Promise.all([...streams].map((one) => one.look()));
      }
    } catch (error) {
      onFault(error);
    } finally {
      looking = false;
    }
  };
  let timers: NodeJS.Timeout[] = [];
  const rest = () => {
    for (const timer of timers) clearInterval(timer);
    timers = [];
  };
  const wake = () => {
    if (timers.length > 0) return;
    timers = [
      setInterval(look, limits.eventPollMs),
      setInterval(() => {
        for (const one of streams) one.beat().catch(onFault);
      }, limits.eventHeartbeatMs),
    ];
  };

  return {
    open(response, watcher) {
      if (streams.size >= limits.eventStreams) return false;
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        // Proxies of the nginx family hold answers back otherwise.
        'x-accel-buffering': 'no',
      });
      const stream = streamTo(response, watcher, database, () => {
        streams.delete(stream);
        if (streams.size === 0) rest();
      });
      streams.add(stream);
      wake();
      stream.look().catch((error: unknown) => {
        onFault(error);
        stream.end();
      });
      return true;
    },
    stop() {
      for (const one of streams) one.end();
      rest();
    },
  };
}

function streamTo(response: ServerResponse, watcher: Watcher, database: Queryable, left: () => void): Stream {
  let after = watcher.after;
  let turn: Promise<void> = Promise.resolve();
  let open = true;
  const end = () => {
    if (!open) return;
    open = false;
    response.end();
    left();
  };
  response.on('close', end);
  response.on('error', end);
  /** Waits while the watcher does not take what it was given. */
  const write = async (text: string) => {
    if (open && !response.write(text)) {
      await new Promise<void>((resolve) => {
        response.once('drain', resolve);
        response.once('close', resolve);
      });
    }
  };
  const read = async () => {
    if (after === undefined) {
      after = (await eventsKept(database)).last;
      await write(`retry: 2000\nid: ${after}\nevent: begin\ndata: {}\n\n`);
      return;
    }
    const { first } = await eventsKept(database);
    // What it missed is no longer kept: it has to read the rows themselves again.
    if (after + 1n < first) await write(`id: ${first - 1n}\nevent: gap\ndata: {}\n\n`);
    for (;;) {
      const from: bigint = after;
      const page: readonly ToldEvent[] = await watcher.view((connection) => eventsAfter(connection, from, PAGE));
      for (const one of page) {
        after = one.no;
        await write(frameOf(one));
      }
      if (page.length < PAGE || !open) return;
    }
  };
  return {
    // One after the other: nothing is sent twice.
    look: () => {
      turn = turn.then(() => (open ? read() : undefined));
      return turn;
    },
    beat: async () => {
      if (await watcher.mayStill()) await write(': \n\n');
      else end();
    },
    end,
  };
}

function frameOf({ no, kind, cycle, detail, at }: ToldEvent): string {
  const event: EventKind = kind;
  return `id: ${no}\nevent: ${event}\ndata: ${JSON.stringify({ cycle, at: instantAt(at.getTime()), ...detail })}\n\n`;
}
