import type { RequestListener } from 'node:http';
import { listen } from '../../src/http/server.ts';

export interface WireAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** An app behind a real socket; bytes go out as they are, whatever their type claims. */
export interface Wire {
  readonly url: string;
  post(path: string, bytes: Uint8Array, headers?: Readonly<Record<string, string>>): Promise<WireAnswer>;
  close(): Promise<void>;
}

export async function openWire(app: RequestListener): Promise<Wire> {
  const { url, stop } = await listen(app, {
    host: '127.0.0.1',
    port: 0,
    headersTimeoutMs: 5_000,
    requestTimeoutMs: 5_000,
    keepAliveTimeoutMs: 5_000,
  });
  return {
    url,
    post: async (path, bytes, headers = {}) => {
      const answer = await fetch(url + path, { method: 'POST', body: Buffer.from(bytes), headers });
      return { status: answer.status, headers: answer.headers, text: await answer.text() };
    },
    close: () => stop(0),
  };
}
