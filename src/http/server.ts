import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Participant } from '../contract/exchange.ts';
import { openPort } from '../trust/open-port.ts';
import type { TlsSide } from '../trust/tls.ts';

export interface Listening {
  readonly url: string;
  readonly server: Server | TlsServer;
  /** Takes no new request, lets those under way end, and cuts what is left after `drainMs`. */
  stop(drainMs: number): Promise<void>;
}

export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** Mutual TLS, and who may come in by it; absent: plain HTTP. */
  readonly tls?: {
    readonly side: TlsSide;
    readonly expected: readonly Participant[];
    readonly handshakeTimeoutMs: number;
    readonly maxConnections: number;
  };
}

export async function listen(app: RequestListener, options: ListenOptions): Promise<Listening> {
  const server = open(app, options.tls);
  server.headersTimeout = options.headersTimeoutMs;
  server.requestTimeout = options.requestTimeoutMs;
  server.keepAliveTimeout = options.keepAliveTimeoutMs;
  server.maxRequestsPerSocket = 0;
  const url = await openPort(server, options.host, options.port);
  return {
    url,
    server,
    stop: (drainMs) =>
      new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), drainMs);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

function open(app: RequestListener, tls: ListenOptions['tls']): Server | TlsServer {
  const settings = { maxHeaderSize: 16_384, connectionsCheckingInterval: 5_000 };
  if (tls === undefined) return createServer(settings, app);
  const { side, expected, handshakeTimeoutMs: handshakeTimeout, maxConnections } = tls;
  const server = createTlsServer({ ...settings, ...side.serverOptions(), handshakeTimeout }, app);
  server.maxConnections = maxConnections;
  side.guard(server, expected);
  return server;
}
