import { Agent, type IncomingMessage, request as requestHttp } from 'node:http';
import type { TlsPort } from '../contract/adapter.ts';
import type { StandingSide } from './standing-side.ts';
import { readRows, readSketch, readSymbols, type StandingQuestion, writeQuestion } from './standing-wire.ts';

export interface LineLimits {
  readonly timeoutMs: number;
  readonly answerBytes: number;
}

export interface StandingLine extends StandingSide {
  close(): void;
}

/**
 * The standing post of an exchange (standing-post.ts), over HTTP: each question bounded in time and its answer in length.
 *
 * @param url base address, `http:` or `https:`; the latter needs `tls`
 * @throws TypeError when it is `https:` without it
 */
export function openStandingLine(url: string, limits: LineLimits, tls?: TlsPort): StandingLine {
  const base = new URL(url);
  const secure = base.protocol === 'https:';
  if (secure && tls === undefined) throw new TypeError('assertion: no TLS for a standing post');
  const host = base.hostname.replace(/^\[|\]$/g, '');
  const port = base.port === '' ? (secure ? 443 : 80) : Number(base.port);
  // The questions of one look come one after the other.
  const agent = new Agent({ keepAlive: true, maxSockets: 2, timeout: 120_000 });
  if (secure) agent.createConnection = () => tls!.connect(host, port);
  const ask = (question: StandingQuestion): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const body = writeQuestion(question);
      const path = `${base.pathname.replace(/\/$/, '')}/standing/${question.act}`;
      const headers = { 'content-type': 'application/json', 'content-length': body.length };
      const signal = AbortSignal.timeout(limits.timeoutMs);
      const sent = requestHttp({ agent, host, port, path, method: 'POST', headers, signal }, (response) => {
        read(response, limits.answerBytes).then(resolve, reject);
      });
      sent.once('error', reject);
      sent.end(body);
    });
  return {
    sketch: async (set, from, to) => readSketch(await ask({ act: 'sketch', set, from, to })),
    symbols: async (set) => readSymbols(await ask({ act: 'symbols', set })),
    rows: async (set, symbols) => readRows(await ask({ act: 'rows', set, symbols })),
    close: () => agent.destroy(),
  };
}

async function read(response: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limitBytes) throw new Error(`the answer is longer than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${body.toString('utf8', 0, 200).trim()}`);
  return body;
}
