import axios, { AxiosHeaders, type AxiosResponse, type InternalAxiosRequestConfig } from 'axios';
import type { Agents } from './agents.ts';

/** A request of a link: its bytes were made by encode and signed. */
export interface LinkRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Of the answer, bytes. */
  readonly maxBytes: number;
  /** Until its last byte, ms. */
  readonly timeoutMs: number;
  /** Ends it before. */
  readonly stop?: AbortSignal;
}

/** The bytes were made by encode and signed: nothing may touch them on the way, nor what comes back. */
const UNTOUCHED = {
  proxy: false,
  maxRedirects: 0,
  responseType: 'arraybuffer',
  decompress: false,
  validateStatus: () => true,
} as const;

/**
 * axios' own HTTP adapter, without the instance around it: merging configurations and running transforms that do
 * nothing took a quarter of the time of a request.
 */
const adapter = axios.getAdapter('http');

/**
 * Sends it; whatever status comes back is an answer. Rejects with an AxiosError when none does, in time.
 *
 * The limit has a timer and a controller of its own: of `AbortSignal.any`, Node 20 may forget a time limit when it
 * collects garbage (nodejs/node#57736), and a request on a line that has gone dead would then never end.
 */
export async function request(agents: Agents, asked: LinkRequest): Promise<AxiosResponse<Uint8Array>> {
  const { method, url, headers, body, maxBytes, timeoutMs, stop } = asked;
  const limit = new AbortController();
  const end = () => limit.abort();
  const timer = setTimeout(end, timeoutMs);
  stop?.addEventListener('abort', end);
  if (stop?.aborted === true) end();
  const config: InternalAxiosRequestConfig = {
    ...agents,
    ...UNTOUCHED,
    method,
    url,
    headers: new AxiosHeaders({ ...headers }),
    maxContentLength: maxBytes,
    signal: limit.signal,
    ...(body === undefined ? {} : { data: body }),
  };
  try {
    return await adapter(config);
  } finally {
    clearTimeout(timer);
    stop?.removeEventListener('abort', end);
  }
}
