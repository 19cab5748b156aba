import type { RequestListener } from 'node:http';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import { sendProblem } from './answering.ts';
import { failed } from './failure.ts';
import { mountRoutes } from './mount.ts';
import { mountPages } from './pages.ts';
import type { Parts } from './parts.ts';
import { requestProblem } from './problem.ts';
import { routesOf } from './routes/all.ts';
import { webhookListener } from './webhook.ts';

/** The gateway's HTTP surface, with everything handed in. It listens nowhere yet: see server.ts. */
export function createApp(parts: Parts): RequestListener {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple');
  app.use(securityHeaders);
  mountRoutes(app, routesOf(parts), parts);
  mountPages(app, parts);
  for (const { path } of parts.webhooks) {
    app.all(path, (request, response, next) => {
      // A POST that comes here was for a path that only looks the same (case, a slash at the end).
      if (request.method === 'POST') return next();
      response.setHeader('allow', 'POST');
      sendProblem(request, response, requestProblem('method-not-allowed', '', 'POST'));
    });
  }
  app.use((request, response) => sendProblem(request, response, requestProblem('not-found')));
  const onError: ErrorRequestHandler = (error, request, response, _next) => failed(error, request, response, parts);
  app.use(onError);
  const pushed = webhookListener(parts);
  return (request, response) => {
    if (!pushed(request, response)) app(request, response);
  };
}

const securityHeaders: RequestHandler = (_, response, next) => {
  response.set({
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
  });
  next();
};
