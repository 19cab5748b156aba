import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { refuse } from '../contract/refusal.ts';
import { sendProblem } from './answering.ts';
import { mountRoutes } from './mount.ts';
import { mountPages } from './pages.ts';
import type { Parts } from './parts.ts';
import { type Problem, refusalProblem, requestProblem } from './problem.ts';
import { routesOf } from './routes/all.ts';
import { mountWebhooks } from './webhook.ts';

/** The gateway's HTTP surface, with everything handed in. It listens nowhere yet: see server.ts. */
export function createApp(parts: Parts): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple').set('strict routing', false);
  mountWebhooks(app, parts);
  app.use(securityHeaders);
  mountRoutes(app, routesOf(parts), parts);
  mountPages(app, parts);
  app.use((request, response) => sendProblem(request, response, requestProblem('not-found')));
  app.use(errorHandler(parts));
  return app;
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

/** Nothing of an error goes out but its kind; the rest is for the log, under the id that the answer carries. */
function errorHandler(parts: Parts): ErrorRequestHandler {
  return (error, request, response, _next) => {
    if (response.headersSent) return void response.destroy();
    const problem = problemOf(error);
    if (problem.status < 500) return sendProblem(request, response, problem);
    const id = parts.newId();
    parts.log('error', 'http-failed', { id, method: request.method, path: request.path, error });
    if (problem.status === 503) response.set('retry-after', '5');
    sendProblem(request, response, { ...problem, detail: `${problem.detail} (${id})` });
  };
}

function problemOf(error: unknown): Problem {
  const { status, type, code } = error as { status?: unknown; type?: unknown; code?: unknown };
  // body-parser and the router mark what the caller did wrong with a status.
  if (type === 'entity.too.large') return refusalProblem([refuse('too-large')]);
  if (status === 415) return requestProblem('unsupported-media-type', '#header/content-encoding');
  if (error instanceof URIError || (status === 400 && type === undefined)) return requestProblem('bad-path');
  if (typeof status === 'number' && status >= 400 && status < 500) return refusalProblem([refuse('bad-length')]);
  return requestProblem(isSurroundings(code) ? 'unavailable' : 'internal');
}

/** The database is away, overloaded or shutting down: worth another try. Anything else is our bug. */
function isSurroundings(code: unknown): boolean {
  return typeof code === 'string' && /^(08...|53...|57...|55P03|40001|40P01|E[A-Z]+)$/.test(code);
}
