import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Problem } from './problem.ts';
import { type Answer, turnedDown } from './route.ts';

/** Sends an answer as JSON (a problem as problem JSON), with a strong ETag; a copy the caller has already gets 304. */
export function send(request: Request, response: Response, answer: Answer): void {
  const problem = answer.status >= 400 && isProblem(answer.body);
  const body = problem ? { ...answer.body, instance: request.path } : answer.body;
  const text = JSON.stringify(body, (_, part) => (typeof part === 'bigint' ? part.toString() : part));
  if (answer.headers !== undefined) response.set(answer.headers);
  if (answer.status === 200) {
    response.set('etag', `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`);
    response.set('cache-control', 'private, no-cache');
    if (request.fresh) return void response.status(304).end();
  } else response.set('cache-control', 'no-store');
  response
    .status(answer.status)
    .type(problem ? 'application/problem+json' : 'application/json')
    .send(Buffer.from(text));
}

export function sendProblem(request: Request, response: Response, problem: Problem): void {
  if (problem.status === 401) response.set('www-authenticate', 'Bearer realm="qiao"');
  send(request, response, turnedDown(problem));
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'errors' in body && 'type' in body;
}
