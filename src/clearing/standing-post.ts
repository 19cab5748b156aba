import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { type Exchange, exchanges, isExchange, type Participant } from '../contract/exchange.ts';
import { openPort } from '../trust/open-port.ts';
import type { TlsSide } from '../trust/tls.ts';
import { SetForgotten } from './standing-book.ts';
import type { StandingSet, StandingSide } from './standing-side.ts';
import { type QuestionLimits, readQuestion, writeRows, writeSketch, writeSymbols } from './standing-wire.ts';

export interface PostLimits extends QuestionLimits {
  readonly bodyBytes: number;
  /** From the first byte of a request to its last. */
  readonly requestTimeoutMs: number;
  readonly connections: number;
}

export interface StandingPost {
  readonly exchange: Exchange;
  readonly side: StandingSide;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly limits: PostLimits;
  /** The exchange's side; absent: plain HTTP, where whoever gets through is taken for the gateway. */
  readonly tls?: TlsSide;
  log(level: 'info' | 'warn' | 'error', event: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface StartedPost {
  /** Without a slash at its end. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts an exchange's standing post: `POST /standing/sketch`, `/standing/symbols` and `/standing/rows` over its books. The
 * gateway may ask for all of them; another exchange for the terms of the deals with itself, so that the two can compare
 * their books without the gateway.
 */
export async function startStandingPost(post: StandingPost): Promise<StartedPost> {
  const { exchange, host, port, limits, tls, log } = post;
  const peerOf = (request: IncomingMessage): Participant | undefined =>
    tls === undefined ? 'qiao' : tls.participantOf(request.socket as TLSSocket);
  const listener: RequestListener = (request, response) => {
    answer(post, peerOf(request), request, response).catch((error: unknown) => {
      log('error', 'standing-fault', { exchange, error });
      say(response, 503, '账簿暂不可用 / the books cannot be read now\n');
    });
  };
  const server = tls === undefined ? createServer(listener) : guarded(tls, exchange, listener);
  server.requestTimeout = limits.requestTimeoutMs;
  server.headersTimeout = limits.requestTimeoutMs;
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

function guarded(tls: TlsSide, exchange: Exchange, listener: RequestListener) {
  const server = createSecureServer(tls.serverOptions(), listener);
  tls.guard(server, ['qiao', ...exchanges.filter((one) => one !== exchange)]);
  return server;
}

async function answer(
  { exchange, side, limits }: StandingPost,
  peer: Participant | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Cut off a moment ago.
  if (peer === undefined) return;
  const act = /^\/standing\/(sketch|symbols|rows)$/.exec(request.url ?? '')?.[1];
  if (act === undefined) return say(response, 404, '没有此资源 / no such resource\n');
  if (request.method !== 'POST') return say(response, 405, '只接受 POST / POST only\n');
  const body = await readBody(request, limits.bodyBytes);
  if (body === undefined) return say(response, 413, '请求过大 / the request is too large\n', true);
  const read = readQuestion(act, body, limits);
  if (!read.ok) {
    const { pointer, zh, en } = read.refusals[0]!;
    return say(response, 400, `${pointer} ${zh} / ${en}\n`);
  }
  const { value: question } = read;
  if (!mayAsk(peer, exchange, question.set)) {
    return say(response, 403, '只可查询与本方之间的成交条款 / only the terms of your own deals with this exchange\n');
  }
  try {
    if (question.act === 'sketch') {
      say(response, 200, writeSketch(await side.sketch(question.set, question.from, question.to)));
    } else if (question.act === 'symbols') say(response, 200, writeSymbols(await side.symbols(question.set)));
    else say(response, 200, writeRows(await side.rows(question.set, question.symbols)));
  } catch (error) {
    if (!(error instanceof SetForgotten)) throw error;
    say(response, 409, '该集合已不在，请从头再问 / the set is not kept any more: begin again from cell 0\n');
  }
}

function mayAsk(peer: Participant, exchange: Exchange, { form, counter }: StandingSet): boolean {
  if (!isExchange(peer)) return true;
  return peer !== exchange && form === 'terms' && counter === peer;
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

function say(response: ServerResponse, status: number, body: string | Uint8Array, end = false): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, {
    'content-type': typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(end ? { connection: 'close' } : {}),
  });
  response.end(body);
}
