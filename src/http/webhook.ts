import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Webhook } from '../contract/adapter.ts';
import { refuse } from '../contract/refusal.ts';
import { pathOf, sendProblem } from './answering.ts';
import { failed } from './failure.ts';
import type { Parts } from './parts.ts';
import { refusalProblem, requestProblem } from './problem.ts';

/**
 * Answers what exchanges push; false when the request is not one of these. The hot path: it stands before express, and
 * nothing but reading the body stands before the link. The body is never inflated: what is signed is what is on the
 * wire. The link's answer goes out as it is.
 */
export function webhookListener(parts: Parts): (request: IncomingMessage, response: ServerResponse) => boolean {
  const webhooks = new Map(parts.webhooks.map((webhook) => [webhook.path, webhook]));
  return (request, response) => {
    const webhook = request.method === 'POST' ? webhooks.get(pathOf(request)) : undefined;
    if (webhook === undefined) return false;
    receive(webhook, request, response, parts).catch((error: unknown) => failed(error, request, response, parts));
    return true;
  };
}

async function receive(webhook: Webhook, request: IncomingMessage, response: ServerResponse, parts: Parts) {
  const started = performance.now();
  const encoding = request.headers['content-encoding'];
  const body = await readBody(request, parts.limits.bodyLimitBytes);
  if (body === 'cut') return response.destroy();
  if (body === 'too-large') sendProblem(request, response, refusalProblem([refuse('too-large')]));
  else if (encoding !== undefined && encoding !== 'identity') {
    sendProblem(request, response, requestProblem('unsupported-media-type', '#header/content-encoding'));
  } else {
    const pathWithQuery = request.url ?? webhook.path;
    const answer = await webhook.receive({ method: 'POST', pathWithQuery, headers: request.headers, body });
    response.writeHead(answer.status, {
      'content-type': answer.contentType,
      'content-length': answer.body.byteLength,
      ...answer.headers,
    });
    response.end(answer.body);
  }
  parts.metrics.answered(webhook.path, 'POST', response.statusCode, (performance.now() - started) / 1000);
}

/** How much beyond the limit is still read and thrown away, so that an honest sender gets to see the refusal. */
const DISCARDED = 8;

function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array | 'too-large' | 'cut'> {
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.byteLength;
      if (length <= limit) chunks.push(chunk);
      else chunks = [];
      if (length > DISCARDED * limit) request.destroy();
    });
    request.once('end', () => {
      if (length > limit) resolve('too-large');
      else resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length));
    });
    request.once('close', () => resolve('cut'));
    request.once('error', () => resolve('cut'));
  });
}
