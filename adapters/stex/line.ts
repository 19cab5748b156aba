import { isAxiosError } from 'axios';
import type { LinkPorts, LinkSettings } from '../../src/contract/adapter.ts';
import type { Refusal } from '../../src/contract/refusal.ts';
import { closeAgents, openAgents, wasUnsent } from '../agents.ts';
import { request } from '../request.ts';
import { codes } from './codes.ts';
import { openSeal, type Seal, type SerialWindow, sealRequest } from './seal.ts';

/** An answer of STEX whose signature is right. */
export interface Answered {
  readonly body: Uint8Array;
  readonly seal: Seal;
}

/** Why there is no such answer. */
export type Unanswered =
  /** Certainly never sent. */
  | { readonly why: 'unsent'; readonly reason: string }
  /** Sent, or perhaps sent; what became of it is unknown. */
  | { readonly why: 'lost'; readonly reason: string }
  /** Something came that STEX did not sign, or not now. */
  | { readonly why: 'unproven'; readonly refusal: Refusal; readonly body: Uint8Array; readonly headers: string };

/** Signed requests to STEX over kept-alive connections. */
export interface Line {
  call(path: string, body?: Uint8Array, stop?: AbortSignal, maxBytes?: number): Promise<Answered | Unanswered>;
  close(): void;
}

export function openLine(
  settings: LinkSettings,
  ports: LinkPorts,
  serial: () => Promise<number>,
  serials: SerialWindow,
  maxSockets: number,
): Line {
  const agents = openAgents(ports.tls, maxSockets);
  const base = (settings.url ?? '').replace(/\/$/, '');
  return {
    async call(path, body, stop, maxBytes = settings.maxAnswerBytes) {
      const asked = { member: settings.member, serial: await serial(), nowMs: ports.nowMs() };
      const headers = await sealRequest({ ...asked, ...(body === undefined ? { path } : { body }) }, ports.signer);
      if (body !== undefined) headers['Content-Type'] = 'application/xml; charset=GB18030';
      try {
        const response = await request(agents, {
          method: body === undefined ? 'GET' : 'POST',
          url: base + path,
          headers,
          body,
          maxBytes,
          timeoutMs: settings.timeoutMs,
          stop,
        });
        const answer = response.data;
        const seal = await openSeal(response.headers as Record<string, unknown>, answer, {
          member: codes.member,
          nowMs: ports.nowMs(),
          ...(ports.heardClock === undefined ? {} : { heardClock: ports.heardClock }),
          verifier: ports.verifier,
          serials,
        });
        if (!('code' in seal)) return { body: answer, seal };
        const shown = JSON.stringify({ status: response.status, ...pick(response.headers) });
        return { why: 'unproven', refusal: seal, body: answer, headers: shown };
      } catch (error) {
        if (!isAxiosError(error)) throw error;
        const reason = `${error.code ?? ''} ${error.message}`.trim();
        return { why: wasUnsent(error) ? 'unsent' : 'lost', reason };
      }
    },
    close: () => closeAgents(agents),
  };
}

function pick(headers: object): Record<string, unknown> {
  const entries = Object.entries(headers).filter(([name]) => name.startsWith('x-stex-'));
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value).slice(0, 300)]));
}
