import { createHash } from 'node:crypto';
import type { Server } from 'node:http';
import { MISPOSTED_FEN, type MockExchange, type MockFault, type MockPorts } from '../../src/contract/mock.ts';
import { listenOn } from '../mock-listen.ts';
import { openMockHttp } from '../mock-tls.ts';
import { openAcceptor } from './mock/acceptor.ts';
import { dayEndFile } from './mock/books.ts';
import { openFrontDesk } from './mock/desk.ts';
import { openFloor } from './mock/floor.ts';
import { fieldIn, type Said, say, type Told } from './mock/message.ts';
import { rules } from './mock/requests.ts';
import { readShape } from './mock/shapes.ts';

/** Messages to the gateway that may be unanswered at once. */
const WINDOW = 256;

interface Posted {
  readonly about: string;
  readonly id: string;
  readonly said: Said;
}

/** 深交所科交中心 itself, from its profile alone: session acceptor, floor, front desk, day-end file. */
export function openSzseMock(): MockExchange {
  const floor = openFloor();
  const numbers = { inNext: 1, outNext: 1, sent: new Map() };
  const faults: {
    readonly operation: string;
    readonly fault: MockFault;
    readonly isAbout: (request: Uint8Array) => boolean;
    left: number;
  }[] = [];
  /** What is still to go, in order for each thing; the first of each may be under way. */
  const queues = new Map<string, Posted[]>();
  const ready: string[] = [];
  const unanswered = new Map<string, Posted>();
  const batches = new Map<string, { batch: number; content: string }>();
  const timers = new Set<NodeJS.Timeout>();
  const putOff = new Set<string>();
  let ports: MockPorts | undefined;
  let acceptor: ReturnType<typeof openAcceptor> | undefined;
  let files: Server | undefined;

  const known = (): MockPorts => {
    if (ports === undefined) throw new Error('the mock exchange is not started');
    return ports;
  };

  const pump = () => {
    while (unanswered.size < WINDOW && ready.length > 0) {
      const posted = queues.get(ready[0]!)![0]!;
      if (acceptor?.send(posted.said) === undefined) return;
      ready.shift();
      unanswered.set(posted.id, posted);
    }
  };
  const post = (about: string, id: string, said: Said) => {
    const queue = queues.get(about);
    if (queue !== undefined) {
      queue.push({ about, id, said });
      return;
    }
    queues.set(about, [{ about, id, said }]);
    ready.push(about);
    pump();
  };
  const answered = (id: string) => {
    const posted = unanswered.get(id);
    if (posted === undefined) return;
    unanswered.delete(id);
    const queue = queues.get(posted.about)!;
    queue.shift();
    if (queue.length === 0) queues.delete(posted.about);
    else ready.push(posted.about);
    pump();
  };
  const onReject = (told: Told) => {
    const id = fieldIn(told, 379) ?? '';
    const posted = unanswered.get(id);
    const reason = fieldIn(told, 380) ?? '';
    if (posted === undefined) return;
    if (reason !== '7') {
      floor.turnedDown.push({ key: id, code: reason, text: fieldIn(told, 58) ?? '' });
      return answered(id);
    }
    // Told twice that the other is busy, or heard after all meanwhile: it goes again once, or not at all.
    if (putOff.has(id)) return;
    putOff.add(id);
    const timer = setTimeout(
      () => {
        timers.delete(timer);
        putOff.delete(id);
        if (!unanswered.delete(id)) return;
        ready.push(posted.about);
        pump();
      },
      Math.max(1, Number(fieldIn(told, 20092)) || 1) * 1000,
    );
    timers.add(timer);
  };

  const faultFor = (type: string, request = ''): MockFault | undefined => {
    const one = faults.find(
      ({ operation, left, isAbout }) =>
        left > 0 &&
        (operation === type || (operation === '*' && type !== 'UQ' && type !== 'statement')) &&
        isAbout(Buffer.from(request)),
    );
    if (one !== undefined) one.left--;
    return one?.fault;
  };
  const rejected = (told: Told, reason: number, text: string, more: Parameters<typeof say>[1] = []): Said =>
    say('j', [[45, told.seq], [379, fieldIn(told, 11)], [380, reason], [58, text], ...more]);

  /** Does what is asked, once for each id, and says what came of it. */
  const rule = (told: Told): Said => {
    const id = fieldIn(told, 11) ?? '';
    const digest = createHash('sha1').update(`${told.type}\n${told.content}`).digest('base64');
    const before = floor.answers.get(id);
    if (before !== undefined) {
      if (before.digest !== digest) return rejected(told, 4, 'same id, other content');
      if (before.reply.type === 'j') return before.reply;
      return rejected(told, 6, 'duplicate', [[20091, numberIn(before.reply) ?? '0']]);
    }
    const fields = readShape(told.type, told.pairs);
    if (typeof fields === 'string') return rejected(told, 4, fields);
    const ruling = rules[told.type]!(floor, fields, told.type);
    const reply =
      'reason' in ruling
        ? rejected(told, ruling.reason, ruling.text)
        : say('UX', [
            [11, id],
            [20093, 0],
            [20094, ruling.number],
          ]);
    if (reply.type === 'UX') floor.effects.set(id, (floor.effects.get(id) ?? 0) + 1);
    floor.answers.set(id, { digest, reply, seq: told.seq });
    return reply;
  };

  const query = (told: Told): Said => {
    const id = fieldIn(told, 11) ?? '';
    return floor.answers.get(id)?.reply ?? rejected(told, 1, `unknown ${id}`);
  };

  const onBusiness = (told: Told) => {
    const { verifier } = known();
    const isGenuine = told.signature !== undefined && verifier.verify(told.covered, told.signature);
    if (told.type === 'UX') return isGenuine ? answered(fieldIn(told, 11) ?? '') : undefined;
    if (told.type === 'j') return isGenuine ? onReject(told) : undefined;
    if (!isGenuine) return void acceptor?.send(rejected(told, 5, 'signature'));
    const fault = faultFor(told.type, told.content);
    if (fault === 'dropped') return acceptor?.cut();
    if (fault === 'busy') return void acceptor?.send(rejected(told, 7, 'busy', [[20092, 1]]));
    if (fault === 'refuse') return void acceptor?.send(rejected(told, 3, 'rule', [[20090, 'SZSE-MOCK-REFUSE']]));
    const reply = told.type === 'UQ' ? query(told) : rule(told);
    if (fault === 'system-error') return;
    acceptor?.send(reply, { spoilt: fault === 'bad-signature', unwritten: fault === 'lost-answer' });
    if (fault === 'lost-answer') acceptor?.cut();
  };

  const statement = (day: string): Buffer => {
    const last = batches.get(day) ?? { batch: 1, content: '' };
    const slipFen = faultFor('statement') === 'misposted' ? MISPOSTED_FEN : 0n;
    const content = dayEndFile(floor, day, 0, slipFen).toString('base64');
    const batch = last.content === '' || last.content === content ? last.batch : last.batch + 1;
    batches.set(day, { batch, content });
    return dayEndFile(floor, day, batch, slipFen);
  };

  return {
    exchange: 'szse',
    start: async (given) => {
      ports = given;
      acceptor = openAcceptor(given, numbers, { business: onBusiness, up: () => setImmediate(pump) });
      const port = await acceptor.start(given.port);
      const server = openMockHttp(given.tls, given.nowMs, (request, response) => {
        const match = /^\/files\/statement\/(\d{8})\.txt$/.exec(request.url ?? '');
        if (request.method !== 'GET' || match === null) return void response.writeHead(404).end();
        response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(statement(match[1]!));
      });
      files = server;
      const filePort = await listenOn(server, given.filePort ?? 0, given);
      return {
        address: `${given.tls === undefined ? '' : 'tls://'}127.0.0.1:${port}`,
        url: `${given.tls === undefined ? 'http' : 'https'}://127.0.0.1:${filePort}`,
      };
    },
    stop: async () => {
      for (const timer of timers) clearTimeout(timer);
      await acceptor?.stop();
      files?.closeAllConnections();
      await new Promise<void>((resolve) => (files === undefined ? resolve() : files.close(() => resolve())));
    },
    desk: openFrontDesk(floor, known, post, () => queues.size === 0),
    book: floor,
    booksSince: (since) => {
      const days = [...floor.dealsOfDay.keys()].filter((day) => day >= since.replaceAll('-', '')).sort();
      return days.map((day) => [dayEndFile(floor, day, 1)]);
    },
    fail: (operation, fault, count, isAbout = () => true) => {
      faults.push({ operation, fault, left: count, isAbout });
    },
  };
}

function numberIn(reply: Said): string | undefined {
  const field = reply.content.split('\u0001').find((one) => one.startsWith('20094='));
  return field?.slice('20094='.length);
}
