import { createHash } from 'node:crypto';
import { MISPOSTED_FEN, type MockFault, type MockPorts } from '../../../src/contract/mock.ts';
import { bodies } from './bodies.ts';
import type { Books } from './books.ts';
import { errorsIn, type Fields } from './checks.ts';
import { routes } from './operations.ts';
import { openStatements } from './statement.ts';

export interface Reply {
  readonly code: string;
  readonly data?: Fields | null;
}

export const MESSAGES: Readonly<Record<string, string>> = {
  '0000': '成功',
  '1001': '参数错误',
  '1002': '签名错误',
  '1003': '请求过期或重放',
  '2001': '不存在',
  '2002': '状态不允许',
  '2003': '重复请求',
  '3001': '不符合交易规则',
  '9001': '系统繁忙',
  '9999': '系统错误',
};

/** `cut`: no answer, and the line goes dead. */
export type Counter = (method: string, target: string, body: Buffer) => Reply | 'cut';

/** Takes the gateway's requests whose signature holds. */
export function openCounter(
  ports: MockPorts,
  books: Books,
  faultOf: (kind: string, request: Uint8Array) => MockFault | undefined,
): Counter {
  const requests = new Map<string, { readonly digest: string; readonly reply: Reply }>();
  const statement = openStatements(books);

  const query = (id: string): Reply => {
    const known = requests.get(id)?.reply;
    if (known === undefined) return { code: '2001' };
    return {
      code: '0000',
      data: { requestId: id, code: known.code, msg: MESSAGES[known.code], data: known.data ?? null },
    };
  };

  const dayEnd = (date: string, page: number, fault?: MockFault): Reply => {
    const cutOffMs = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(`${date}T17:00:00+08:00`) : Number.NaN;
    if (Number.isNaN(cutOffMs))
      return { code: '1001', data: { errors: [{ pointer: '/date', code: '1001', msg: '日期错误' }] } };
    if (ports.nowMs() < cutOffMs) return { code: '2002' };
    const data = statement(date, page, fault === 'misposted' ? MISPOSTED_FEN : 0n);
    return data === undefined ? { code: '2001' } : { code: '0000', data };
  };

  const read = (path: string, search: string): Reply | 'cut' => {
    const [kind, value = ''] = path.split('/');
    const operation = kind === 'requests' ? 'query' : 'statement';
    const fault = faultOf(operation, Buffer.from(path));
    if (fault === 'lost-answer' || fault === 'dropped') return 'cut';
    if (fault !== undefined && fault !== 'misposted') return faulty(fault);
    if (kind === 'requests') return query(decodeURIComponent(value));
    if (kind === 'statements') return dayEnd(value, Number(new URLSearchParams(search).get('page') ?? '1'), fault);
    return { code: '2001' };
  };

  const write = (method: string, path: string, body: Buffer): Reply | 'cut' => {
    const route = routes.find((one) => one.method === method && one.path.test(path));
    if (route === undefined) return { code: '2001' };
    const fault = faultOf(route.kind, Buffer.concat([Buffer.from(path), body]));
    if (fault === 'dropped') return 'cut';
    if (fault === 'busy') return faulty(fault);
    const parsed = parse(body);
    const requestId = parsed?.requestId;
    if (parsed === undefined || typeof requestId !== 'string' || !/^[\x21-\x7e]{1,64}$/.test(requestId)) {
      return { code: '1001', data: { errors: [{ pointer: '/requestId', code: '1001', msg: '格式错误' }] } };
    }
    const digest = createHash('sha256').update(`${method} ${path}\n`).update(body).digest('base64');
    const before = requests.get(requestId);
    if (before !== undefined) {
      const errors = [{ pointer: '/requestId', code: '1001', msg: '同一请求号内容不同' }];
      if (before.digest !== digest) return { code: '1001', data: { errors } };
      return before.reply.code === '0000' ? { code: '2003', data: before.reply.data ?? null } : before.reply;
    }
    if (fault === 'refuse') {
      const reply = faulty(fault);
      requests.set(requestId, { digest, reply });
      return reply;
    }
    const { requestId: _, ...fields } = parsed;
    const number = decodeURIComponent(route.path.exec(path)?.[1] ?? '');
    const errors = [...errorsIn(fields, bodies[route.kind] ?? {})];
    if (route.repeats !== undefined && fields[route.repeats] !== number) {
      errors.push({ pointer: `/${route.repeats}`, code: '1001', msg: '与路径不符' });
    }
    if (errors.length > 0) return { code: '1001', data: { errors: errors.slice(0, 50) } };
    const { effect, ...reply } = route.run(fields, books, number);
    if (effect !== undefined) {
      effect();
      books.effects.set(requestId, (books.effects.get(requestId) ?? 0) + 1);
    }
    requests.set(requestId, { digest, reply });
    if (fault === 'lost-answer') return 'cut';
    return fault === 'system-error' ? faulty(fault) : reply;
  };

  return (method, target, body) => {
    const [path = '', search = ''] = target.split('?');
    const match = /^\/openapi\/v2\/(.+)$/.exec(path);
    if (match === null) return { code: '2001' };
    return method === 'GET' ? read(match[1]!, search) : write(method, match[1]!, body);
  };
}

function faulty(fault: MockFault): Reply {
  if (fault === 'busy') return { code: '9001', data: { retryAfter: 1 } };
  if (fault === 'refuse') return { code: '3001', data: { rules: ['CTEX-GZ-001 演示规则：不予受理'] } };
  return { code: '9999' };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parse(body: Buffer): Fields | undefined {
  try {
    const value = JSON.parse(utf8.decode(body)) as unknown;
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}
