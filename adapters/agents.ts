import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { BAD_PEER, type TlsPort } from '../src/contract/adapter.ts';

/** Kept-alive connections of a link, under the names that axios takes. */
export interface Agents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

/** Errors of looking up, connecting and greeting: not a byte of the request had left. */
const UNSENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', BAD_PEER]);

/** Agents for one exchange: plain for `http:`, mutual TLS for `https:`. */
export function openAgents(tls: TlsPort | undefined, maxSockets: number): Agents {
  const options = { keepAlive: true, maxSockets };
  const httpsAgent = new HttpsAgent(options);
  httpsAgent.createConnection = ({ host, port }) => {
    if (tls === undefined) throw Object.assign(new Error('no certificates for https'), { code: BAD_PEER });
    return tls.connect(host ?? 'localhost', Number(port));
  };
  return { httpAgent: new HttpAgent(options), httpsAgent };
}

export function closeAgents({ httpAgent, httpsAgent }: Agents): void {
  httpAgent.destroy();
  httpsAgent.destroy();
}

/** Whether a request that failed so certainly never left. */
export function wasUnsent(error: unknown): boolean {
  return UNSENT.has(String((error as { code?: unknown }).code));
}
