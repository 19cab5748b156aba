import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Express, RequestHandler } from 'express';
import type { JsonObject } from '../contract/json.ts';
import { sendProblem, sendsNothingNew, tagOf } from './answering.ts';
import { docsPage } from './docs-page.ts';
import { landingPage } from './landing-page.ts';
import { bundleOpenApi } from './openapi.ts';
import { STYLE } from './page.ts';
import type { Parts } from './parts.ts';
import { requestProblem } from './problem.ts';

/** Paths that are no JSON routes of the contract; described in schemas/openapi.json all the same. */
export const PAGE_PATHS = ['/', '/docs', '/openapi.json', '/metrics'] as const;

/** The pages for people and machines. They load nothing from outside and run no script. */
export function mountPages(app: Express, parts: Parts): void {
  const document: JsonObject = bundleOpenApi();
  const style = createHash('sha256').update(STYLE).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${style}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`;
  const fixed = (type: string, text: string): RequestHandler => {
    const bytes = Buffer.from(text);
    const tag = tagOf(bytes);
    return (request, response) => {
      if (type === 'text/html') response.set('content-security-policy', policy);
      if (!sendsNothingNew(request, response, tag, 'public, max-age=60')) response.type(type).send(bytes);
    };
  };
  app.get('/', fixed('text/html', landingPage(parts.access.openId !== undefined)));
  app.get('/docs', fixed('text/html', docsPage(document)));
  app.get('/openapi.json', fixed('application/json', JSON.stringify(document)));
  app.get('/metrics', async (request, response) => {
    if (parts.metricsFor === 'loopback' && !isFromHere(request)) {
      return sendProblem(request, response, requestProblem('loopback-only'));
    }
    response.type(parts.metrics.registry.contentType).send(await parts.metrics.registry.metrics());
  });
}

/** From this very machine; a proxy on it speaks for others, and says so. */
function isFromHere({ socket, headers }: IncomingMessage): boolean {
  const address = socket.remoteAddress ?? '';
  const isLoopback = address === '::1' || /^(::ffff:)?127\./.test(address);
  return isLoopback && headers['x-forwarded-for'] === undefined && headers.forwarded === undefined;
}
