import type { IncomingMessage, ServerResponse } from 'node:http';
import { Unavailable } from '../access/unavailable.ts';
import { refuse } from '../contract/refusal.ts';
import { isAway } from '../journal/away.ts';
import { pathOf, sendProblem } from './answering.ts';
import type { Parts } from './parts.ts';
import { type Problem, refusalProblem, requestProblem } from './problem.ts';

/**
 * Answers for something thrown. Nothing of an error goes out but its kind; the rest is for the log, under the id that
 * the answer carries.
 */
export function failed(
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  parts: Pick<Parts, 'newId' | 'log'>,
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const problem = problemOf(error);
  if (problem.status < 500) {
    sendProblem(request, response, problem);
    return;
  }
  const id = parts.newId();
  parts.log('error', 'http-failed', { id, method: request.method, path: pathOf(request), error });
  if (problem.status === 503) response.setHeader('retry-after', '5');
  sendProblem(request, response, { ...problem, detail: `${problem.detail} (${id})` });
}

function problemOf(error: unknown): Problem {
  if (error instanceof Unavailable) return requestProblem('unavailable');
  const { status, type } = (error ?? {}) as { status?: unknown; type?: unknown };
  // body-parser and the router mark what the caller did wrong with a status.
  if (type === 'entity.too.large') return refusalProblem([refuse('too-large')]);
  if (status === 415) return requestProblem('unsupported-media-type', '#header/content-encoding');
  if (error instanceof URIError || (status === 400 && type === undefined)) return requestProblem('bad-path');
  if (typeof status === 'number' && status >= 400 && status < 500) return refusalProblem([refuse('bad-length')]);
  // The database is away, overloaded or shutting down: worth another try. Anything else is our bug.
  return requestProblem(isAway(error) ? 'unavailable' : 'internal');
}
