import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler, type Response } from 'express';
import { MAX_BYTES, parseJson } from '../src/contract/json.ts';
import type { MockExchange } from '../src/contract/mock.ts';
import { type Refusal, refuse } from '../src/contract/refusal.ts';
import { deskOrders } from './desk-orders.ts';

/** A mock exchange's front desk within reach of other processes. */
export interface Desk {
  /** `http://127.0.0.1:<port>/desk` */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Serves the desk of a running mock over HTTP, on 127.0.0.1 only: `POST /desk/<order>` with a JSON body,
 * `POST /desk/send` with a native message that goes out as it is, `GET /desk/book` for what the exchange holds of
 * others. It has no login: it is a mock's.
 */
export async function openDesk(mock: MockExchange, port = 0): Promise<Desk> {
  const app = express().disable('x-powered-by').disable('etag');

  app.get('/desk/book', (_, response) => {
    const { received, effects, turnedDown } = mock.book;
    reply(response, 200, {
      exchange: mock.exchange,
      idle: mock.desk.idle(),
      received: [...received.values()],
      effects: Object.fromEntries(effects),
      turnedDown,
    });
  });

  app.post(
    '/desk/:order',
    express.raw({ type: () => true, limit: MAX_BYTES, inflate: false }),
    (request, response, next) => {
      const name = String(request.params.order);
      if (name === 'send') {
        mock.desk.send(Buffer.isBuffer(request.body) ? request.body : new Uint8Array());
        return reply(response, 202, { done: name });
      }
      const act = Object.hasOwn(deskOrders, name) ? deskOrders[name] : undefined;
      if (act === undefined) return next();
      const body = parseJson(Buffer.isBuffer(request.body) ? request.body : new Uint8Array());
      const refusals = body.ok ? act(mock, body.value) : body.refusals;
      if (refusals.length > 0) return turnDown(response, 422, refusals);
      reply(response, 202, { done: name });
    },
  );

  app.use((_, response) => {
    reply(response, 404, {
      orders: ['send', ...Object.keys(deskOrders)].map((name) => `POST /desk/${name}`),
      book: 'GET /desk/book',
    });
  });

  const onError: ErrorRequestHandler = (error, _request, response, _next) => {
    const status = typeof error.status === 'number' && error.status < 500 ? error.status : 409;
    // 413 and 415 are the reader's own; anything else is the mock saying that it does not know what was named.
    turnDown(response, status, [refuse(status === 413 ? 'too-large' : 'state-forbids', '', String(error.message))]);
  };
  app.use(onError);

  const server = app.listen(port, '127.0.0.1');
  await new Promise<void>((resolve, reject) => server.once('listening', resolve).once('error', reject));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/desk`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function turnDown(response: Response, status: number, refusals: readonly Refusal[]): void {
  const errors = refusals.map(({ code, pointer, zh, en }) => ({ pointer, code, message_zh: zh, message_en: en }));
  reply(response, status, { status, code: refusals[0]!.code, errors }, 'application/problem+json');
}

function reply(response: Response, status: number, content: unknown, type = 'application/json'): void {
  const text = JSON.stringify(content, (_, part) => (typeof part === 'bigint' ? part.toString() : part));
  response.status(status).type(type).send(text);
}
