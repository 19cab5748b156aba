import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Problem } from './problem.ts';
import { type Answer, turnedDown } from './route.ts';

/** Sends an answer as JSON (a problem as problem JSON), with a strong ETag; a copy the caller has already gets 304. */
export function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const problem = answer.status >= 400 && isProblem(answer.body);
  const body = problem ? { ...answer.body, instance: pathOf(request) } : answer.body;
  const { file } = answer;
  const bytes = file
    ? Buffer.from(file.bytes)
    : Buffer.from(JSON.stringify(body, (_, part) => (typeof part === 'bigint' ? part.toString() : part)));
  for (const [name, value] of Object.entries(answer.headers ?? {}))
    response.setHeader(name, value as string | string[]);
  if (answer.status === 200) {
    const tag = answer.tag === undefined ? tagOf(bytes) : `"${answer.tag}"`;
    if (sendsNothingNew(request, response, tag, 'private, no-cache')) return;
  } else response.setHeader('cache-control', 'no-store');
  // What somebody uploaded or an exchange wrote is never shown as a page of ours.
  if (file) response.setHeader('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`);
  response.writeHead(answer.status, {
    'content-type': file ? file.type : problem ? 'application/problem+json' : 'application/json; charset=utf-8',
    'content-length': bytes.byteLength,
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

export function sendProblem(request: IncomingMessage, response: ServerResponse, problem: Problem): void {
  if (problem.status === 401) response.setHeader('www-authenticate', 'Bearer realm="qiao"');
  send(request, response, turnedDown(problem));
}

/** A strong ETag of these bytes. */
export function tagOf(bytes: Uint8Array): string {
  return `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`;
}

/** Sets ETag and Cache-Control; true when the caller has this very copy and 304 has gone out. */
export function sendsNothingNew(
  request: IncomingMessage,
  response: ServerResponse,
  tag: string,
  cacheControl: string,
): boolean {
  response.setHeader('etag', tag);
  response.setHeader('cache-control', cacheControl);
  const known = (request.headers['if-none-match'] ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''));
  if (!known.includes(tag) && !known.includes('*')) return false;
  response.writeHead(304).end();
  return true;
}

/** The path as asked, without its query. */
export function pathOf(request: IncomingMessage): string {
  // Express rewrites `url` while it routes, and keeps the original aside.
  const url = (request as { originalUrl?: string }).originalUrl ?? request.url ?? '/';
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'errors' in body && 'type' in body;
}
