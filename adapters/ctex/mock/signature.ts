import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { MockPorts } from '../../../src/contract/mock.ts';

/** CTEX's side of the signature: the same five lines for either direction, written from the profile. */
function lines(method: string, target: string, timestamp: string, nonce: string, body: Buffer): Buffer {
  const hash = createHash('sha256').update(body).digest('hex');
  return Buffer.from([method, target, timestamp, nonce, hash].join('\n'));
}

/** Headers of a push; `isWrong` signs something else. */
export function signedHeaders(ports: MockPorts, method: string, target: string, body: Buffer, isWrong: boolean) {
  const [timestamp, nonce] = [String(ports.nowMs()), ports.nonce()];
  const covered = lines(method, isWrong ? `${target}?` : target, timestamp, nonce, body);
  return {
    'X-App-Id': 'ctex',
    'X-Timestamp': timestamp,
    'X-Nonce': nonce,
    'X-Sign': Buffer.from(ports.signer.sign(covered)).toString('base64'),
  };
}

export interface Doorkeeper {
  /** '0000', or the code the request is turned away with. */
  check(method: string, target: string, headers: IncomingHttpHeaders, body: Buffer): '0000' | '1002' | '1003';
}

const WINDOW_MS = 300_000;

/** Checks requests of the gateway; remembers nonces for as long as their timestamps are taken. */
export function openDoorkeeper(ports: MockPorts): Doorkeeper {
  // Two generations, each a whole window long: what is forgotten is stale by then.
  let [young, old] = [new Set<string>(), new Set<string>()];
  let turnsAtMs = ports.nowMs() + 2 * WINDOW_MS;
  return {
    check: (method, target, headers, body) => {
      const [app, timestamp, nonce, sign] = ['x-app-id', 'x-timestamp', 'x-nonce', 'x-sign'].map((name) =>
        String(headers[name] ?? ''),
      ) as [string, string, string, string];
      if (app !== ports.member || !/^\d{13}$/.test(timestamp) || !/^[0-9a-f]{32}$/i.test(nonce)) return '1002';
      const signature = Buffer.from(sign, 'base64');
      if (!ports.verifier.verify(lines(method, target, timestamp, nonce, body), signature)) return '1002';
      const nowMs = ports.nowMs();
      if (Math.abs(nowMs - Number(timestamp)) > WINDOW_MS) return '1003';
      if (young.has(nonce) || old.has(nonce)) return '1003';
      if (nowMs > turnsAtMs) {
        [young, old] = [new Set(), young];
        turnsAtMs = nowMs + 2 * WINDOW_MS;
      }
      young.add(nonce);
      return '0000';
    },
  };
}
