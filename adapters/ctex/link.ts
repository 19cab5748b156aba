import type { Link, LinkPorts, LinkSettings, NativeRequest, Outcome } from '../../src/contract/adapter.ts';
import { closeAgents, openAgents, wasUnsent } from '../agents.ts';
import { request } from '../request.ts';
import { outcomeOf, outcomeOfQuery, readAnswer } from './answers.ts';
import { pathStep } from './paths.ts';
import { signedText } from './signature.ts';
import { openWebhook } from './webhook.ts';

const NOTHING = new Uint8Array(0);

/** How many pages the books of one day may have. */
const MAX_PAGES = 10_000;

/**
 * The connection to CTEX: signed requests out by HTTP, signed webhooks in. Its answers carry no signature (TLS alone
 * speaks for them), so whatever cannot be read as an answer is ambiguous, never a no.
 */
export function openLink(settings: LinkSettings, ports: LinkPorts): Link {
  if (settings.url === undefined) throw new Error('ctex: the link needs the base address of the exchange');
  const base = new URL(settings.url);
  const prefix = base.pathname.replace(/\/$/, '');
  const agents = openAgents(ports.tls, settings.concurrency);
  const underWay = new Set<Promise<unknown>>();
  let isRunning = false;
  let isFailing = false;
  let lastHeardAtMs: number | undefined;
  const heard = () => {
    lastHeardAtMs = ports.nowMs();
    isFailing = false;
  };

  const maxStatementBytes = settings.maxStatementBytes ?? settings.maxAnswerBytes;

  const call = async (
    method: string,
    path: string,
    body: Uint8Array,
    maxBytes = settings.maxAnswerBytes,
  ): Promise<Uint8Array> => {
    const pathWithQuery = prefix + path;
    const [timestamp, nonce] = [String(ports.nowMs()), ports.nonce()];
    const text = Buffer.from(signedText(method, pathWithQuery, timestamp, nonce, body), 'utf8');
    const { signer } = ports;
    // An RSA signature is the longest single piece of work here: another core makes it.
    const signature = await (signer.signElsewhere?.(text) ?? signer.sign(text));
    const headers: Record<string, string> = {
      'x-app-id': settings.member,
      'x-timestamp': timestamp,
      'x-nonce': nonce,
      'x-sign': Buffer.from(signature).toString('base64'),
      accept: 'application/json',
      'accept-encoding': 'identity',
    };
    if (method !== 'GET') headers['content-type'] = 'application/json; charset=utf-8';
    try {
      const response = await request(agents, {
        method,
        url: base.origin + pathWithQuery,
        headers,
        maxBytes,
        timeoutMs: settings.timeoutMs,
        body: method === 'GET' ? undefined : body,
      });
      heard();
      return response.data;
    } catch (error) {
      isFailing = true;
      throw error;
    }
  };

  const tracked = <T>(work: Promise<T>): Promise<T> => {
    underWay.add(work);
    const done = () => underWay.delete(work);
    work.then(done, done);
    return work;
  };

  const send = async (request: NativeRequest): Promise<Outcome> => {
    if (request.method === undefined || request.path === undefined) throw new Error(`ctex: ${request.id} has no path`);
    let bytes: Uint8Array;
    try {
      bytes = await call(request.method, request.path, request.bytes);
    } catch (error) {
      const reason = reasonOf(error);
      if (wasUnsent(error)) return { outcome: 'retry', afterMs: 1000, reason, unanswered: true };
      return { outcome: 'ambiguous', reason, unanswered: true };
    }
    const answer = readAnswer(bytes, settings.maxAnswerBytes);
    return answer === undefined
      ? { outcome: 'ambiguous', reason: 'the answer cannot be read' }
      : outcomeOf(answer, request.path, bytes);
  };

  const ask = async (request: NativeRequest): Promise<Outcome> => {
    const step = pathStep(request.id);
    if (step === undefined) throw new Error('ctex: this request id cannot stand in a path');
    let bytes: Uint8Array;
    try {
      bytes = await call('GET', `/openapi/v2/requests/${step}`, NOTHING);
    } catch (error) {
      return { outcome: 'ambiguous', reason: reasonOf(error), unanswered: true };
    }
    const answer = readAnswer(bytes, settings.maxAnswerBytes);
    return answer === undefined
      ? { outcome: 'ambiguous', reason: 'the answer cannot be read' }
      : outcomeOfQuery(answer, request.id, request.path ?? '', bytes);
  };

  const fetchStatement = async (date: string): Promise<readonly Uint8Array[]> => {
    const pages: Uint8Array[] = [];
    let count = 1;
    while (pages.length < count) {
      const path = `/openapi/v2/statements/${encodeURIComponent(date)}?page=${pages.length + 1}`;
      const bytes = await call('GET', path, NOTHING, maxStatementBytes);
      const answer = readAnswer(bytes, maxStatementBytes);
      const stated = answer?.data.pages;
      if (answer?.code !== '0000' || typeof stated !== 'number' || stated < 1 || stated > MAX_PAGES) {
        throw new Error(`ctex: no day-end books for ${date}: ${answer?.code ?? 'unreadable'} ${answer?.msg ?? ''}`);
      }
      count = stated;
      pages.push(bytes);
    }
    return pages;
  };

  return {
    start: async () => {
      isRunning = true;
    },
    stop: async () => {
      isRunning = false;
      await Promise.allSettled(underWay);
      closeAgents(agents);
    },
    send: (request) => tracked(send(request)),
    ask: (request) => tracked(ask(request)),
    fetchStatement: (date) => tracked(fetchStatement(date)),
    state: () => ({
      up: isRunning && !isFailing,
      ...(lastHeardAtMs === undefined ? {} : { lastHeardAtMs }),
      detail: detailOf(isRunning, isFailing, lastHeardAtMs !== undefined),
    }),
    webhook: openWebhook(ports, heard),
  };
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return [code, message].filter((part) => typeof part === 'string').join(': ');
}

function detailOf(isRunning: boolean, isFailing: boolean, wasHeard: boolean): { zh: string; en: string } {
  if (!isRunning) return { zh: '未启动', en: 'not started' };
  if (isFailing) return { zh: '上一次请求没有得到答复', en: 'the last request got no answer' };
  return wasHeard ? { zh: '通信正常', en: 'answering' } : { zh: '尚未通信', en: 'nothing heard yet' };
}
