import express, { type Express, type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { viewerOf } from '../access/actor.ts';
import { type Json, parseJson } from '../contract/json.ts';
import type { Queryable } from '../journal/database.ts';
import { viewing } from '../journal/viewing.ts';
import { send, sendProblem } from './answering.ts';
import { admit, type Caller } from './caller.ts';
import { readCookie } from './cookies.ts';
import { digestOfRequest, keyProblem, once } from './once.ts';
import type { Parts } from './parts.ts';
import { permitOf } from './permits.ts';
import { refusalProblem, requestProblem } from './problem.ts';
import type { Asked, GetRoute, PostRoute, Route } from './route.ts';

/** Puts the routes on the app, each behind its line in permits.ts (without one it throws); a known path with another method gets 405 and `Allow`. */
export function mountRoutes(app: Express, routes: readonly Route[], parts: Parts): void {
  const raw = express.raw({ type: 'application/json', limit: parts.limits.bodyLimitBytes, inflate: false });
  const methods = new Map<string, string[]>();
  for (const route of routes) {
    const before = [timing(route, parts), admission(route, parts)];
    if (route.method === 'get') app.get(route.path, ...before, getHandler(route, parts));
    else app.post(route.path, ...before, raw, postHandler(route, parts));
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

function getHandler(route: GetRoute, parts: Parts): RequestHandler {
  return async (request, response) => {
    const query = request.query as Record<string, unknown>;
    for (const [name, value] of Object.entries(query)) {
      // A name given twice arrives as an array; which one counts would be anybody's guess.
      if (!route.query.includes(name) || typeof value !== 'string') {
        const detail = route.query.includes(name) ? name : route.query.join(', ') || '(none)';
        return sendProblem(request, response, requestProblem('bad-query', `#query/${name.slice(0, 64)}`, detail));
      }
    }
    const asked = askedIn(request, response, parts);
    const viewer = viewerOf(asked.caller.actor);
    send(request, response, await route.answer(asked, (read) => viewing(parts.database, viewer, read)));
  };
}

/** Who asks and under which key, before a byte of the body is read. */
function admission(route: Route, parts: Parts): RequestHandler {
  const permit = permitOf(route);
  return async (request, response, next) => {
    const caller = await admit(request, permit, parts);
    if ('code' in caller) return sendProblem(request, response, caller);
    response.locals.caller = caller;
    const keyed = route.method === 'post' && route.keyed;
    const problem = keyed ? keyProblem(request.get('idempotency-key')) : undefined;
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
    const asked = { ...askedIn(request, response, parts), body, at: new Date(parts.nowMs()) };
    const effect = (connection: Queryable) => route.answer(asked, connection);
    const keyed = {
      caller: asked.caller.actor.name,
      key: request.get('idempotency-key') ?? '',
      digest: digestOfRequest(request.path, bytes),
      at: asked.at,
    };
    const answer = route.keyed ? await once(parts.database, keyed, effect) : await effect(parts.database);
    send(request, response, answer);
  };
}

function askedIn(request: Request, response: Response, { publicUrl }: Pick<Parts, 'publicUrl'>): Asked {
  return {
    caller: response.locals.caller as Caller,
    params: request.params as Record<string, string>,
    query: request.query as Record<string, string>,
    path: request.path,
    cookie: (name) => readCookie(request, name, publicUrl),
  };
}
