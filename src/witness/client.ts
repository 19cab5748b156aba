/** The log's side of a witness over HTTP: one request, bounded in time and length. */

import { Agent, type IncomingMessage, request as requestHttp } from 'node:http';
import type { TlsPort } from '../contract/adapter.ts';
import { type AddCheckpoint, writeAddCheckpoint } from './request.ts';

export interface WitnessReply {
  readonly status: number;
  /** Media type, without parameters. */
  readonly type: string;
  readonly body: string;
}

export interface WitnessLine {
  readonly exchange: string;
  /** Resolves with what the witness answers. @throws when there is no answer in time, or one too long */
  addCheckpoint(request: AddCheckpoint, signal: AbortSignal): Promise<WitnessReply>;
  close(): void;
}

/** Longer than any answer a witness has reason to give. */
const ANSWER_LIMIT_BYTES = 65_536;

/**
 * @param url base address, `http:` or `https:`; the latter needs `tls`
 * @throws TypeError when it is `https:` without it
 */
export function openWitnessLine(exchange: string, url: string, tls?: TlsPort): WitnessLine {
  const base = new URL(url);
  const secure = base.protocol === 'https:';
  if (secure && tls === undefined) throw new TypeError(`assertion: no TLS for the witness of ${exchange}`);
  const host = base.hostname.replace(/^\[|\]$/g, '');
  const port = base.port === '' ? (secure ? 443 : 80) : Number(base.port);
  // One connection is enough: a witness takes one checkpoint after the other.
  const agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: 120_000 });
  if (secure) agent.createConnection = () => tls!.connect(host, port);
  return {
    exchange,
    addCheckpoint: (request, signal) =>
      new Promise((resolve, reject) => {
        const body = writeAddCheckpoint(request);
        const path = `${base.pathname.replace(/\/$/, '')}/add-checkpoint`;
        const headers = { 'content-type': 'text/plain; charset=utf-8', 'content-length': body.length };
        const sent = requestHttp({ agent, host, port, path, method: 'POST', headers, signal }, (response) => {
          read(response).then(resolve, reject);
        });
        sent.once('error', reject);
        sent.end(body);
      }),
    close: () => agent.destroy(),
  };
}

async function read(response: IncomingMessage): Promise<WitnessReply> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > ANSWER_LIMIT_BYTES) throw new Error(`the witness's answer is longer than ${ANSWER_LIMIT_BYTES} bytes`);
    chunks.push(chunk);
  }
  const type = (response.headers['content-type'] ?? '').split(';')[0]!.trim();
  return { status: response.statusCode ?? 0, type, body: Buffer.concat(chunks).toString('utf8') };
}
