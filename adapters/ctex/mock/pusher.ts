import { Agent, request } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import type { MockPorts } from '../../../src/contract/mock.ts';
import { dialGateway, openPeerCheck } from '../../mock-tls.ts';
import type { Books } from './books.ts';
import { signedHeaders } from './signature.ts';

export interface Push {
  readonly eventId: string;
  readonly body: Buffer;
  /** What `fail` calls it. */
  readonly kind: string;
}

/** Sends webhooks until the gateway has them: in order within a lane (a listing), several lanes at once. */
export interface Pusher {
  push(lane: string, push: Push): void;
  aim(gatewayUrl: string): void;
  idle(): boolean;
  stop(): Promise<void>;
}

const AT_ONCE = 32;
const TRIES_UNDER_NEW_SIGNATURE = 3;
const TARGET = '/exchanges/ctex/notify';

export function openPusher(ports: MockPorts, books: Books, isSpoilt: (kind: string) => boolean): Pusher {
  const lanes = new Map<string, Push[]>();
  const ready = new Set<string>();
  const pauses = new Set<() => void>();
  const agents = {
    http: new Agent({ keepAlive: true, maxSockets: AT_ONCE }),
    https: new TlsAgent({ keepAlive: true, maxSockets: AT_ONCE }),
  };
  const { network, tls } = ports;
  if (network !== undefined) {
    agents.http.createConnection = ({ host, port }) => network.dial(host ?? 'localhost', Number(port));
  }
  if (tls !== undefined) {
    const faultOfPeer = openPeerCheck(tls, 'server', ports.nowMs);
    agents.https.createConnection = ({ host, port }) =>
      dialGateway(tls, faultOfPeer, host ?? 'localhost', Number(port));
  }
  let gatewayUrl = ports.gatewayUrl;
  let active = 0;
  let isStopped = false;

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        pauses.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      pauses.add(done);
    });

  const post = (push: Push): Promise<{ code: string; msg: string; retryAfterMs: number }> => {
    const target = new URL((gatewayUrl ?? '').replace(/\/$/, '') + TARGET);
    const signed = signedHeaders(ports, 'POST', target.pathname, push.body, isSpoilt(push.kind));
    const isTls = target.protocol === 'https:';
    return new Promise((resolve, reject) => {
      const headers = {
        ...signed,
        'Content-Type': 'application/json; charset=utf-8',
        'Content-Length': push.body.byteLength,
      };
      const options = { method: 'POST', headers, agent: isTls ? agents.https : agents.http, timeout: 10_000 };
      const outgoing = (isTls ? tlsRequest : request)(target, options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          try {
            const { code, msg, data } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
            const seconds = Number(data?.retryAfter);
            resolve({ code: String(code), msg: String(msg), retryAfterMs: seconds > 0 ? seconds * 1000 : 1000 });
          } catch (error) {
            reject(error);
          }
        });
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')));
      outgoing.on('error', reject);
      outgoing.end(push.body);
    });
  };

  const deliver = async (push: Push): Promise<void> => {
    for (let tries = 1; !isStopped; tries++) {
      let waitMs = Math.min(100 * 2 ** Math.min(tries, 5), 2000);
      try {
        const { code, msg, retryAfterMs } = await post(push);
        if (code === '0000') return;
        const mayPass = code === '9001' || code === '9999';
        const mayPassSignedAfresh = (code === '1002' || code === '1003') && tries < TRIES_UNDER_NEW_SIGNATURE;
        if (!mayPass && !mayPassSignedAfresh) {
          books.turnedDown.push({ key: push.eventId, code, text: msg });
          return;
        }
        if (code === '9001') waitMs = Math.min(retryAfterMs, 2000);
      } catch {
        // Not there, or no answer that can be read: it goes out again under the same event id.
      }
      if (!isStopped) await pause(waitMs);
    }
  };

  const work = () => {
    while (active < AT_ONCE && gatewayUrl !== undefined && !isStopped) {
      const [lane] = ready;
      if (lane === undefined) return;
      ready.delete(lane);
      active += 1;
      const queue = lanes.get(lane)!;
      deliver(queue[0]!).finally(() => {
        active -= 1;
        queue.shift();
        if (queue.length > 0) ready.add(lane);
        else lanes.delete(lane);
        work();
      });
    }
  };

  return {
    push: (lane, push) => {
      const queue = lanes.get(lane);
      if (queue !== undefined) queue.push(push);
      else {
        lanes.set(lane, [push]);
        ready.add(lane);
      }
      work();
    },
    aim: (url) => {
      gatewayUrl = url;
      work();
    },
    idle: () => lanes.size === 0,
    stop: async () => {
      isStopped = true;
      for (const done of [...pauses]) done();
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}
