import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { MockPorts } from '../../../src/contract/mock.ts';

/** STEX's side of the signature: SM2 over member, time, serial and the body's SM3. */
export interface Seals {
  /** The FHDM that turns the request down, or undefined when it is the gateway's own, fresh and new. */
  check(headers: IncomingHttpHeaders, body: Uint8Array, path: string | undefined): '11' | '12' | undefined;
  /** Headers of an answer. */
  sign(body: Uint8Array, wrongly: boolean): Record<string, string>;
}

const WINDOW = 1024;

export function openSeals(ports: MockPorts): Seals {
  // A clock value as the first serial: higher than every one of an earlier run.
  let own = ports.nowMs() * 1000;
  let seen = new Set<number>();
  let highest = 0;
  return {
    check(headers, body, path) {
      const [member, time, serial, signature] = ['member', 'time', 'serial', 'signature'].map((name) =>
        String(headers[`x-stex-${name}`] ?? ''),
      ) as [string, string, string, string];
      if (member !== ports.member) return '11';
      const text = `${member}|${time}|${serial}|${sm3(body)}${path === undefined ? '' : `|${path}`}`;
      if (!ports.verifier.verify(Buffer.from(text), Buffer.from(signature, 'base64'))) return '11';
      if (!/^\d{14}$/.test(time) || !(Math.abs(msOf(time) - ports.nowMs()) <= 300_000)) return '12';
      const number = Number(serial);
      if (!/^[1-9]\d{0,15}$/.test(serial) || seen.has(number) || number <= highest - WINDOW) return '12';
      seen.add(number);
      highest = Math.max(highest, number);
      if (seen.size > 4 * WINDOW) seen = new Set([...seen].filter((one) => one > highest - WINDOW));
      return undefined;
    },
    sign(body, wrongly) {
      const now = new Date(ports.nowMs() + 28_800_000).toISOString();
      const time = now.slice(0, 19).replaceAll(/\D/g, '');
      const serial = String(own++);
      const text = `STEX|${time}|${serial}|${sm3(body)}${wrongly ? '0' : ''}`;
      return {
        'X-STEX-Member': 'STEX',
        'X-STEX-Time': time,
        'X-STEX-Serial': serial,
        'X-STEX-Signature': Buffer.from(ports.signer.sign(Buffer.from(text))).toString('base64'),
      };
    },
  };
}

export function sm3(bytes: Uint8Array): string {
  return createHash('sm3').update(bytes).digest('hex');
}

function msOf(time: string): number {
  const [y, m, d, h, i, s] = /^(....)(..)(..)(..)(..)(..)$/.exec(time)!.slice(1).map(Number) as number[];
  return Date.UTC(y!, m! - 1, d, h! - 8, i, s);
}
