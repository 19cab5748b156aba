import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import type { NativeSigner } from '../../src/contract/adapter.ts';
import type { Journey } from '../journeys/federation.ts';

/** A push as CTEX signs it, which whoever overheard it can send again as it is. */
export interface Push {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Pushed {
  readonly status: number;
  /** CTEX's own code: 0000 accepted, 1002 signature, 1003 time or replay, 2002 conflict, 9001 busy. */
  readonly code: string;
  readonly data: {
    readonly messageId?: string;
    readonly errors?: readonly { readonly code: string }[];
    readonly retryAfter?: number;
  };
}

/** CTEX with its real keys, or somebody who has them, at the port for exchanges. */
export interface Pusher {
  sign(event: object | Buffer, changes?: { atMs?: number; nonce?: string; signer?: NativeSigner; path?: string }): Push;
  send(push: Push): Promise<Pushed>;
  close(): void;
}

const PATH = '/exchanges/ctex/notify';

/** @param participant whose certificate is shown */
export function openPusher(journey: Journey, participant = 'ctex'): Pusher {
  const folder = join(journey.keys.root, 'participants', participant);
  const agent = new Agent({
    key: readFileSync(join(folder, 'tls.key.pem')),
    cert: readFileSync(join(folder, 'tls.chain.pem')),
    rejectUnauthorized: false,
    keepAlive: true,
  });
  return {
    sign: (
      event,
      { atMs = journey.clock.nowMs(), nonce = randomBytes(16).toString('hex'), signer, path = PATH } = {},
    ) => {
      const body = Buffer.isBuffer(event) ? event : Buffer.from(JSON.stringify(event));
      const digest = createHash('sha256').update(body).digest('hex');
      const text = Buffer.from(['POST', path, atMs, nonce, digest].join('\n'));
      const sign = Buffer.from((signer ?? journey.keys.mock('ctex').signer).sign(text)).toString('base64');
      const headers = { 'x-app-id': 'ctex', 'x-timestamp': String(atMs), 'x-nonce': nonce, 'x-sign': sign };
      return { path, headers, body };
    },
    send: ({ path, headers, body }) =>
      new Promise((resolve, reject) => {
        const sent = request(journey.gateway.exchangeUrl + path, { method: 'POST', agent, headers }, (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
          answer.on('end', () => {
            const told = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Omit<Pushed, 'status'>;
            resolve({ ...told, status: answer.statusCode ?? 0 });
          });
        });
        sent.on('error', reject).end(body);
      }),
    close: () => agent.destroy(),
  };
}

const sample = JSON.parse(
  readFileSync(new URL('../../adapters/ctex/samples/project-published.json', import.meta.url), 'utf8'),
) as { readonly data: Readonly<Record<string, unknown>> };

/** The event that publishes a project of that number; content as in the sample. */
export function projectEvent(number: string, changes: Readonly<Record<string, unknown>> = {}, eventId = `e-${number}`) {
  return { ...sample, eventId, data: { ...sample.data, projectNo: number, ...changes } };
}

export const reasonsOf = ({ data }: Pushed): readonly string[] => (data.errors ?? []).map(({ code }) => code);
