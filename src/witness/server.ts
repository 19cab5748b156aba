/** A witness over HTTP: `POST /add-checkpoint` as C2SP tlog-witness has it, and `GET /checkpoint`, its last one. */

import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { openPort } from '../trust/open-port.ts';
import type { Witness, WitnessParts } from './witness.ts';

export interface WitnessLimits {
  readonly bodyLimitBytes: number;
  /** From the first byte of a request to its last. */
  readonly requestTimeoutMs: number;
  readonly connections: number;
}

export interface ListeningWitness {
  /** Without a slash at its end. */
  readonly url: string;
  close(): Promise<void>;
}

export interface WitnessListening {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly limits: WitnessLimits;
  readonly log: WitnessParts['log'];
  /** Makes the server; absent: plain HTTP. With mutual TLS whoever gets through is the gateway. */
  readonly secure?: (listener: RequestListener) => Server;
}

const KEEP_ALIVE_MS = 65_000;

export async function listenWitness(witness: Witness, listening: WitnessListening): Promise<ListeningWitness> {
  const { host, port, limits, log, secure } = listening;
  const listener: RequestListener = (request, response) => {
    answer(witness, request, response, limits).catch((error: unknown) => {
      log('error', 'witness-fault', { error });
      say(response, 503, 'text/plain; charset=utf-8', '见证方暂时无法签署 / the witness cannot cosign now\n');
    });
  };
  const server = secure?.(listener) ?? createHttpServer(listener);
  server.requestTimeout = limits.requestTimeoutMs;
  server.headersTimeout = limits.requestTimeoutMs;
  // Longer than the time between two checkpoints: the next one finds the connection open.
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.maxConnections = limits.connections;
  const url = await openPort(server, host, port);
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  witness: Witness,
  request: IncomingMessage,
  response: ServerResponse,
  limits: WitnessLimits,
): Promise<void> {
  const plain = 'text/plain; charset=utf-8';
  if (request.method === 'GET' && request.url === '/checkpoint') {
    const head = await witness.head();
    if (head === undefined) say(response, 404, plain, '尚未见证任何检查点 / nothing cosigned yet\n');
    else say(response, 200, plain, head);
    return;
  }
  if (request.url !== '/add-checkpoint') return say(response, 404, plain, '没有此资源 / no such resource\n');
  if (request.method !== 'POST') return say(response, 405, plain, '只接受 POST / POST only\n');
  const body = await readBody(request, limits.bodyLimitBytes);
  if (body === undefined) return say(response, 413, plain, '请求过大 / the request is too large\n', true);
  const { status, type, body: text } = await witness.addCheckpoint(body);
  say(response, status, type, text);
}

/** Undefined when it is longer than that; the rest is not read. */
async function readBody(request: IncomingMessage, limitBytes: number): Promise<Uint8Array | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limitBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function say(response: ServerResponse, status: number, type: string, body: string | Uint8Array, end = false): void {
  if (response.destroyed || response.headersSent) return;
  const length = Buffer.byteLength(body);
  response.writeHead(status, {
    'content-type': type,
    'content-length': length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(end ? { connection: 'close' } : {}),
  });
  response.end(body);
}
