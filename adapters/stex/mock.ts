import type { IncomingMessage, ServerResponse } from 'node:http';
import { MISPOSTED_FEN, type MockExchange, type MockFault, type MockPorts } from '../../src/contract/mock.ts';
import { listenOn } from '../mock-listen.ts';
import { openMockHttp } from '../mock-tls.ts';
import { openBooks } from './mock/books.ts';
import { openFrontDesk } from './mock/desk.ts';
import { openFaults } from './mock/faults.ts';
import { take } from './mock/inbox.ts';
import { openLedger } from './mock/ledger.ts';
import { openMockOutbox } from './mock/outbox.ts';
import { replyOf } from './mock/reply.ts';
import { openSeals, sm3 } from './mock/seal.ts';
import { gb18030, parseXml, textOf, XML_DECLARATION } from './mock/xml.ts';

/** The first answer to a document, by its WDBH. */
interface Kept {
  readonly digest: string;
  readonly reply: Reply;
}
type Reply = Parameters<typeof replyOf>[0];

const MAX_BODY = 1_048_576;
/** First answers kept; older ones are forgotten, as any exchange would. */
const MAX_KEPT = 200_000;

/** The mock STEX, written from the profile alone. */
export function openStexMock(): MockExchange {
  const faults = openFaults();
  const effects = new Map<string, number>();
  const kept = new Map<string, Kept>();
  let ports: MockPorts | undefined;
  const nowMs = () => ports?.nowMs() ?? Date.now();
  const ledger = openLedger(() => new Date(nowMs()).getUTCFullYear().toString());
  const books = openBooks(ledger);
  const outbox = openMockOutbox(() => nowMs() * 1000);
  const desk = openFrontDesk(ledger, outbox, nowMs);
  let stopServer: () => Promise<void> = async () => {};

  const onDocument = (body: Uint8Array): { reply: Reply; fault: MockFault | undefined } => {
    const document = parseXml(body);
    const id = document?.attributes.WDBH ?? '';
    if (document === undefined || id === '') return { reply: { code: '10', text: '报文格式错误' }, fault: undefined };
    const digest = sm3(body);
    const first = kept.get(id);
    if (first !== undefined) return { reply: again(first, digest, id), fault: undefined };
    const fault = faults.next(document.attributes.LX ?? '', body);
    if (fault === 'dropped') return { reply: { code: '99', text: '未知' }, fault };
    if (fault === 'busy') return { reply: { code: '80', text: '系统繁忙', document: id }, fault };
    const rule = { code: 'GZ-001', text: '规则不符' };
    const reply: Reply =
      fault === 'refuse'
        ? { code: '30', text: '规则不符', document: id, rules: [rule] }
        : { ...take(document, ledger), document: id };
    if (reply.code === '00') effects.set(id, (effects.get(id) ?? 0) + 1);
    kept.set(id, { digest, reply });
    if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value!);
    return { reply: fault === 'system-error' ? { code: '99', text: '未知', document: id } : reply, fault };
  };

  const question = (id: string): Reply => kept.get(id)?.reply ?? { code: '20', text: '无此文档' };

  const acknowledge = (body: Uint8Array): Reply => {
    const request = parseXml(body);
    const done = request?.name === 'QR' && outbox.acknowledge(textOf(request, 'YB'));
    return done ? { code: '00', text: '成功' } : { code: '10', text: '报文格式错误：YB' };
  };

  const statement = (day: string, fault?: MockFault): Uint8Array | Reply => {
    const today = new Date(nowMs() + 28_800_000).toISOString().slice(0, 10).replaceAll('-', '');
    if (!/^\d{8}$/.test(day)) return { code: '10', text: '报文格式错误：date' };
    return day > today
      ? { code: '21', text: '状态不符：尚未日切' }
      : books.statement(day, fault === 'misposted' ? MISPOSTED_FEN : 0n);
  };

  /** What a request gets, and the fault it meets. */
  const answer = (method: string, url: URL, body: Uint8Array): { content: Uint8Array | Reply; fault?: MockFault } => {
    const path = url.pathname;
    if (method === 'POST' && path === '/tep/inbox') {
      const { reply, fault } = onDocument(body);
      return { content: reply, ...(fault === undefined ? {} : { fault }) };
    }
    const operation = operationOf(method, path);
    if (operation === undefined) return { content: { code: '10', text: '无此接口' } };
    const fault = faults.next(operation, body);
    if (fault === 'dropped') return { content: { code: '99', text: '未知' }, fault };
    if (fault === 'busy') return { content: { code: '80', text: '系统繁忙' } };
    if (fault === 'system-error') return { content: { code: '99', text: '未知' } };
    const met = fault === undefined ? {} : { fault };
    if (operation === 'ack') return { content: acknowledge(body), ...met };
    if (operation === 'query') return { content: question(decodeURIComponent(path.slice(8))), ...met };
    if (operation === 'statement') return { content: statement(url.searchParams.get('date') ?? '', fault), ...met };
    const limit = Number(url.searchParams.get('limit') ?? '200');
    if (!Number.isInteger(limit) || limit < 1 || limit > 200) return { content: { code: '10', text: 'limit' } };
    return { content: outbox.page(url.searchParams.get('after') ?? '', limit), ...met };
  };

  return {
    exchange: 'stex',
    desk,
    book: { received: ledger.received, effects, turnedDown: [] },
    // With batches of their own: looking in between makes no batch of the day-end books.
    booksSince: (since) => openBooks(ledger).since(since.replaceAll('-', '')),
    fail: faults.order,
    async start(given) {
      ports = given;
      const seals = openSeals(given);
      const server = openMockHttp(given.tls, nowMs, async (request, response) => {
        const body = await bodyOf(request);
        if (body === undefined) return void response.destroy();
        const [method, path] = [request.method ?? '', request.url ?? '/'];
        const turnedDown = seals.check(request.headers, body, method === 'GET' ? path : undefined);
        const { content, fault } =
          turnedDown === undefined
            ? answer(method, new URL(path, 'http://stex'), body)
            : { content: { code: turnedDown, text: turnedDown === '11' ? '签名错误' : '时间或序号错误' } };
        if (fault === 'lost-answer' || fault === 'dropped') return void response.destroy();
        const bytes = content instanceof Uint8Array ? content : gb18030(XML_DECLARATION + replyOf(content));
        send(response, bytes, seals.sign(bytes, fault === 'bad-signature'));
      });
      server.keepAliveTimeout = 65_000;
      const port = await listenOn(server, given.port, given);
      stopServer = () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        });
      return {
        url: `${given.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
      };
    },
    stop: () => stopServer(),
  };
}

/** 01 repeats the first success, a refusal is repeated as it was; the same id with other content is malformed. */
function again({ digest, reply }: Kept, now: string, document: string): Reply {
  if (digest !== now) return { code: '10', text: '文档编号已用于其他内容', document };
  return reply.code === '00' ? { ...reply, code: '01', text: '重复' } : reply;
}

function operationOf(method: string, path: string): 'outbox' | 'ack' | 'query' | 'statement' | undefined {
  if (method === 'POST') return path === '/tep/ack' ? 'ack' : undefined;
  if (method !== 'GET') return undefined;
  if (path.startsWith('/tep/wd/')) return 'query';
  return path === '/tep/outbox' ? 'outbox' : path === '/tep/statement' ? 'statement' : undefined;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > MAX_BODY) return undefined;
      parts.push(part);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(parts);
}

function send(response: ServerResponse, bytes: Uint8Array, headers: Record<string, string>): void {
  response.writeHead(200, {
    ...headers,
    'Content-Type': 'application/xml; charset=GB18030',
    'Content-Length': bytes.length,
  });
  response.end(bytes);
}
