import express, { type Express } from 'express';
import type { WebhookAnswer } from '../contract/adapter.ts';
import { sendProblem } from './answering.ts';
import type { Parts } from './parts.ts';
import { requestProblem } from './problem.ts';

/**
 * The routes that exchanges push to. The hot path: nothing but the raw body stands before the link, and its answer
 * goes out as it is. The body is never inflated: what is signed is what is on the wire.
 */
export function mountWebhooks(app: Express, parts: Parts): void {
  const raw = express.raw({ type: () => true, limit: parts.limits.bodyLimitBytes, inflate: false });
  for (const webhook of parts.webhooks) {
    app.post(webhook.path, raw, (request, response, next) => {
      const started = performance.now();
      const body = Buffer.isBuffer(request.body) ? request.body : new Uint8Array();
      const asked = { method: 'POST', pathWithQuery: request.originalUrl, headers: request.headers, body };
      webhook.receive(asked).then((answer: WebhookAnswer) => {
        response.writeHead(answer.status, {
          'content-type': answer.contentType,
          'content-length': answer.body.byteLength,
          ...answer.headers,
        });
        response.end(answer.body);
        parts.metrics.answered(webhook.path, 'POST', answer.status, (performance.now() - started) / 1000);
      }, next);
    });
    app.all(webhook.path, (request, response) => {
      response.set('allow', 'POST');
      sendProblem(request, response, requestProblem('method-not-allowed', '', 'POST'));
    });
  }
}
