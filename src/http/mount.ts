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
import { type Problem, refusalProblem, requestProblem } from './problem.ts';
import {
  type Asked,
  type FileRoute,
  type GetRoute,
  type LiveRoute,
  type Posted,
  type PostRoute,
  type Route,
  turnedDown,
} from './route.ts';
import { takingFile } from './taken-file.ts';

/** Puts the routes on the app, each behind its line in permits.ts (without one it throws); a known path with another method gets 405 and `Allow`. */
export function mountRoutes(app: Express, routes: readonly Route[], parts: Parts): void {
  const raw = express.raw({ type: 'application/json', limit: parts.limits.bodyLimitBytes, inflate: false });
  const methods = new Map<string, string[]>();
  for (const route of routes) {
    const before = [timing(route, parts), admission(route, parts)];
    if ('live' in route) app.get(route.path, ...before, liveHandler(route, parts));
    else if (route.method === 'get') app.get(route.path, ...before, getHandler(route, parts));
    else if (route.body === 'file') app.post(route.path, ...before, fileHandler(route, parts));
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
    const problem = queryProblem(request, route.query);
    if (problem !== undefined) return sendProblem(request, response, problem);
    const asked = askedIn(request, response, parts);
    const viewer = viewerOf(asked.caller.actor);
    send(request, response, await route.answer(asked, (read) => viewing(parts.database, viewer, read)));
  };
}

/** Live progress: what is told from now on, or after what the caller has seen last. */
function liveHandler(route: LiveRoute, parts: Parts): RequestHandler {
  return (request, response) => {
    const problem = queryProblem(request, route.query);
    if (problem !== undefined) return sendProblem(request, response, problem);
    const seen = request.get('last-event-id') ?? '';
    if (!/^(0|[1-9]\d{0,17})?$/.test(seen)) {
      return sendProblem(request, response, requestProblem('bad-query', '#header/last-event-id', '0–9'));
    }
    if (request.method === 'HEAD') return void response.type('text/event-stream').end();
    const { actor, token } = response.locals.caller as Caller;
    const viewer = viewerOf(actor);
    const opened = parts.events.open(response, {
      view: (read) => viewing(parts.database, viewer, read),
      mayStill: async () => {
        const still = token === undefined ? undefined : await parts.access.sessions.actorOf(token, 'quietly');
        return still?.role === actor.role && still.exchange === actor.exchange;
      },
      after: seen === '' ? undefined : BigInt(seen),
    });
    if (!opened) sendProblem(request, response, requestProblem('too-many-watchers'));
  };
}

function queryProblem(request: Request, names: readonly string[]): Problem | undefined {
  const query = request.query as Record<string, unknown>;
  for (const [name, value] of Object.entries(query)) {
    // A name given twice arrives as an array; which one counts would be anybody's guess.
    if (names.includes(name) && typeof value === 'string') continue;
    const detail = names.includes(name) ? name : names.join(', ') || '(none)';
    return requestProblem('bad-query', `#query/${name.slice(0, 64)}`, detail);
  }
  return undefined;
}

/** Who asks and under which key, before a byte of the body is read. */
function admission(route: Route, parts: Parts): RequestHandler {
  const permit = permitOf(route);
  return async (request, response, next) => {
    const caller = await admit(request, permit, parts);
    if ('code' in caller) return sendProblem(request, response, caller);
    response.locals.caller = caller;
    const keyed = route.method === 'post' && route.keyed;
    const problem =
      (keyed ? keyProblem(request.get('idempotency-key')) : undefined) ??
      ('matched' in route && tagIn(request) === ''
        ? requestProblem('if-match-missing', '#header/if-match')
        : undefined);
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
    const asked = postedIn(request, response, parts, body);
    const effect = (connection: Queryable) => route.answer(asked, connection);
    const keyed = {
      caller: asked.caller.actor.name,
      key: request.get('idempotency-key') ?? '',
      digest: digestOfRequest(request.path, bytes),
      at: asked.at,
    };
    const answer = route.keyed ? await once(parts.database, keyed, effect) : await effect(parts.database);
    if (answer.afterwards !== undefined) parts.clearing.later(answer.afterwards);
    send(request, response, answer);
  };
}

/** A file is on disk, and known by its digest, before anything is done with it. */
function fileHandler(route: FileRoute, parts: Parts) {
  return async (request: Request, response: Response, _next: NextFunction) => {
    const type = request.is([...route.takes]);
    if (typeof type !== 'string' || request.get('content-encoding') !== undefined) {
      return sendProblem(
        request,
        response,
        requestProblem('file-type', '#header/content-type', route.takes.join(', ')),
      );
    }
    const answer = await takingFile(request, type, route.maxBytes, async (taken) => {
      if (taken === undefined) return turnedDown(requestProblem('file-too-large', '', String(route.maxBytes)));
      const file = taken;
      const asked = postedIn(request, response, parts, null);
      const keyed = {
        caller: asked.caller.actor.name,
        key: request.get('idempotency-key') ?? '',
        digest: digestOfRequest(request.path, Buffer.from(`${type} ${file.sha256}`)),
        at: asked.at,
      };
      return once(parts.database, keyed, (connection) => route.answer({ ...asked, file }, connection));
    });
    send(request, response, answer);
  };
}

function postedIn(request: Request, response: Response, parts: Parts, body: Json): Posted {
  return { ...askedIn(request, response, parts), body, at: new Date(parts.nowMs()), tag: tagIn(request) };
}

/** RFC 9110, 13.1.1: a strong tag, and one only; `*` would match whatever was seen. */
function tagIn(request: Request): string {
  return /^"([!#-~]{1,128})"$/.exec(request.get('if-match') ?? '')?.[1] ?? '';
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
