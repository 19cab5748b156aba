import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import axios, { AxiosHeaders, type AxiosResponse, type GenericAbortSignal } from 'axios';
import type { Agents } from './agents.ts';

/** A request of a link: its bytes were made by encode and signed. */
export interface LinkRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  /** Of the answer, bytes. */
  readonly maxBytes: number;
  /** Until its last byte, ms. */
  readonly timeoutMs: number;
  /** Ends it before. */
  readonly stop?: AbortSignal | undefined;
}

/**
 * axios' own HTTP adapter, without the instance around it: merging configurations and running transforms that do
 * nothing took a quarter of the time of a request.
 */
const adapter = axios.getAdapter('http');

/** Node gets what it needs and no more: it copies all options twice for each request. */
const transport = {
  request(options: RequestOptions, heard: (answer: IncomingMessage) => void) {
    const { protocol, method, hostname, port, path, headers, agent, insecureHTTPParser } = options;
    const needed = { method, hostname, port, path, headers, agent, insecureHTTPParser } as RequestOptions;
    return (protocol === 'https:' ? requestHttps : requestHttp)(needed, heard);
  },
};

/** Whatever status comes back is an answer. */
const validateStatus = () => true;

/**
 * Sends it. Rejects with an AxiosError when no answer comes, in time. The bytes were made by encode and signed: nothing
 * touches them on the way, nor what comes back.
 *
 * The limit has a timer of its own: of `AbortSignal.any`, Node 20 may forget a time limit when it collects garbage
 * (nodejs/node#57736), and a request on a line that has gone dead would then never end.
 */
export async function request(agents: Agents, asked: LinkRequest): Promise<AxiosResponse<Uint8Array>> {
  const { method, url, headers, body, maxBytes, timeoutMs, stop } = asked;
  let abort: (() => void) | undefined;
  const end = () => abort?.();
  /** As much of an AbortSignal as axios asks for; a real one for each request costs more than all else here. */
  const signal: GenericAbortSignal = {
    aborted: stop?.aborted === true,
    addEventListener: (_: 'abort', listener: () => void) => {
      abort = listener;
    },
    removeEventListener: () => {
      abort = undefined;
    },
  };
  const timer = setTimeout(end, timeoutMs);
  stop?.addEventListener('abort', end);
  try {
    return await adapter({
      httpAgent: agents.httpAgent,
      httpsAgent: agents.httpsAgent,
      transport,
      proxy: false,
      maxRedirects: 0,
      responseType: 'arraybuffer',
      decompress: false,
      validateStatus,
      method,
      url,
      headers: new AxiosHeaders(headers),
      maxContentLength: maxBytes,
      signal,
      data: body,
    });
  } finally {
    clearTimeout(timer);
    stop?.removeEventListener('abort', end);
  }
}
