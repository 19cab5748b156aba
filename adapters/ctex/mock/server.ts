import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { MockPorts } from '../../../src/contract/mock.ts';
import { openMockHttp } from '../../mock-tls.ts';
import { type Counter, MESSAGES, type Reply } from './counter.ts';
import { type Doorkeeper, openDoorkeeper } from './signature.ts';

const MAX_BYTES = 1_048_576;

/** CTEX's HTTP side: reads a request, checks its signature, answers HTTP 200 with a code. */
export function openServer(ports: MockPorts, counter: Counter): Server {
  const door = openDoorkeeper(ports);
  const server = openMockHttp(ports.tls, ports.nowMs, (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size <= MAX_BYTES) chunks.push(chunk);
    });
    incoming.on('error', () => outgoing.destroy());
    incoming.on('end', () => {
      const reply = size > MAX_BYTES ? { code: '1001' } : replyTo(incoming, Buffer.concat(chunks), door, counter);
      if (reply === 'cut') incoming.socket.destroy();
      else write(outgoing, reply, ports.nonce());
    });
  });
  server.keepAliveTimeout = 60_000;
  return server;
}

function replyTo(incoming: IncomingMessage, body: Buffer, door: Doorkeeper, counter: Counter): Reply | 'cut' {
  const { method = '', url = '', headers } = incoming;
  const code = door.check(method, url, headers, body);
  if (code !== '0000') return { code };
  try {
    return counter(method, url, body);
  } catch (error) {
    // A path that is no text; nothing has been done.
    if (error instanceof URIError) return { code: '1001' };
    throw error;
  }
}

function write(outgoing: ServerResponse, { code, data }: Reply, traceId: string): void {
  const text = JSON.stringify({ code, msg: MESSAGES[code] ?? '', data: data ?? null, traceId });
  outgoing.writeHead(200, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
  });
  outgoing.end(text);
}
