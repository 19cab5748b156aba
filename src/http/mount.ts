import express, { type Express, type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { type Json, parseJson } from '../contract/json.ts';
import { send, sendProblem } from './answering.ts';
import { digestOfRequest, keyProblem, once } from './once.ts';
import { operatorProblem } from './operator.ts';
import type { Parts } from './parts.ts';
import { refusalProblem, requestProblem } from './problem.ts';
import type { Asked, GetRoute, PostRoute, Route } from './route.ts';

/** Puts the routes on the app; a known path with another method gets 405 and `Allow`. */
export function mountRoutes(app: Express, routes: readonly Route[], parts: Parts): void {
  const raw = express.raw({ type: 'application/json', limit: parts.limits.bodyLimitBytes, inflate: false });
  const methods = new Map<string, string[]>();
  for (const route of routes) {
    const timed = timing(route, parts);
    if (route.method === 'get') app.get(route.path, timed, getHandler(route));
    else app.post(route.path, timed, admission(route, parts), raw, postHandler(route, parts));
    methods.set(route.path, [...(methods.get(route.path) ?? []), route.method === 'get' ? 'GET, HEAD' : 'POST']);
  }
  for (const [path, allowed] of methods) {
    app.all(path, (request, response) => {
      response.set('allow', allowed.join(', '));
      sendProblem(request, response, requestProblem('method-not-allowed', '', allowed.join(', ')));
    });
  }
}

function timing(route: Route, parts: Parts): RequestHandler {
  return (request, response, next) => {
    const started = performance.now();
    response.once('finish', () => {
      parts.metrics.answered(route.path, request.method, response.statusCode, (performance.now() - started) / 1000);
    });
    next();
  };
}

function getHandler(route: GetRoute): RequestHandler {
  return async (request, response) => {
    const query = request.query as Record<string, unknown>;
    for (const [name, value] of Object.entries(query)) {
      // A name given twice arrives as an array; which one counts would be anybody's guess.
      if (!route.query.includes(name) || typeof value !== 'string') {
        const detail = route.query.includes(name) ? name : route.query.join(', ') || '(none)';
        return sendProblem(request, response, requestProblem('bad-query', `#query/${name.slice(0, 64)}`, detail));
      }
    }
    send(request, response, await route.answer(askedIn(request)));
  };
}

/** Who asks and under which key, before a byte of the body is read. */
function admission(route: PostRoute, parts: Parts): RequestHandler {
  return (request, response, next) => {
    const problem =
      (route.operator ? operatorProblem(parts.operatorToken, request.headers.authorization) : undefined) ??
      keyProblem(request.get('idempotency-key'));
    if (problem === undefined) next();
    else sendProblem(request, response, problem);
  };
}

function postHandler(route: PostRoute, parts: Parts) {
  return async (request: Request, response: Response, _next: NextFunction) => {
    const bytes: Uint8Array = Buffer.isBuffer(request.body) ? request.body : new Uint8Array();
    let body: Json = null;
    if (route.body) {
      if (!request.is('application/json')) {
        return sendProblem(request, response, requestProblem('unsupported-media-type', '#header/content-type'));
      }
      const parsed = parseJson(bytes);
      if (!parsed.ok) return sendProblem(request, response, refusalProblem(parsed.refusals));
      body = parsed.value;
    }
    const at = new Date(parts.nowMs());
    const keyed = {
      caller: route.operator ? 'operator' : 'public',
      key: request.get('idempotency-key') ?? '',
      digest: digestOfRequest(request.path, bytes),
      at,
    };
    const answer = await once(parts.database, keyed, (connection) =>
      route.answer({ ...askedIn(request), body, at }, connection),
    );
    send(request, response, answer);
  };
}

function askedIn(request: Request): Asked {
  return {
    params: request.params as Record<string, string>,
    query: request.query as Record<string, string>,
    path: request.path,
  };
}
