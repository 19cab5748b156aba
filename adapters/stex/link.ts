import type { Link, LinkPorts, LinkSettings, LinkState, NativeRequest, Outcome } from '../../src/contract/adapter.ts';
import { outcomeOf, outcomeOfQuery, readReply } from './answers.ts';
import { type Answered, openLine, type Unanswered } from './line.ts';
import { type Outbox, openOutbox } from './outbox.ts';
import { serialWindow } from './seal.ts';
import { openSerials } from './serials.ts';

const RETRY_MS = 1000;

/** The connection to STEX: requests go to `/tep/inbox`, its documents are fetched from `/tep/outbox`. */
export function openStexLink(settings: LinkSettings, ports: LinkPorts): Link {
  const serial = openSerials(ports.memory);
  const serials = serialWindow();
  // Fetching has its own connection, so that a full queue of requests never holds it up.
  const line = openLine(settings, ports, serial, serials, settings.concurrency);
  const outboxLine = openLine(settings, ports, serial, serials, 2);
  const turns = openTurns(settings.concurrency);
  let outbox: Outbox | undefined;
  let state: LinkState = { up: false, detail: { zh: '尚未连接', en: 'not connected yet' } };

  const heard = (up: boolean, reason = '') => {
    if (up !== state.up) ports.log(up ? 'info' : 'warn', up ? 'stex.up' : 'stex.down', reason === '' ? {} : { reason });
    const lastHeardAtMs = up ? ports.nowMs() : state.lastHeardAtMs;
    const detail = up ? { zh: '已连接', en: 'connected' } : { zh: `未连接：${reason}`, en: `not connected: ${reason}` };
    state = { up, detail, ...(lastHeardAtMs === undefined ? {} : { lastHeardAtMs }) };
  };

  return {
    async start() {
      outbox ??= openOutbox(outboxLine, settings, ports, heard);
    },
    async stop() {
      await outbox?.stop();
      outbox = undefined;
      await turns.ended();
      line.close();
      outboxLine.close();
    },
    send: (request) =>
      turns.take(async () => read(request, await line.call(request.path ?? '/tep/inbox', request.bytes), outcomeOf)),
    ask: (request) =>
      turns.take(async () => {
        return read(request, await line.call(`/tep/wd/${encodeURIComponent(request.id)}`), outcomeOfQuery);
      }),
    async fetchStatement(date) {
      const answer = await turns.take(() =>
        line.call(`/tep/statement?date=${date.replaceAll('-', '')}`, undefined, undefined, settings.maxStatementBytes),
      );
      if ('why' in answer) throw new Error(`stex statement of ${date}: ${reasonOf(answer)}`);
      const reply = readReply(answer.body);
      if (reply !== undefined) throw new Error(`stex statement of ${date}: FHDM ${reply.code} ${reply.text}`);
      return [answer.body];
    },
    state: () => state,
  };
}

function read(
  request: NativeRequest,
  answer: Answered | Unanswered,
  outcome: (answer: Uint8Array, id: string) => Outcome,
): Outcome {
  if (!('why' in answer)) return outcome(answer.body, request.id);
  if (answer.why === 'unproven') return { outcome: 'ambiguous', reason: reasonOf(answer) };
  const { reason } = answer;
  if (answer.why === 'unsent') return { outcome: 'retry', afterMs: RETRY_MS, reason, unanswered: true };
  return { outcome: 'ambiguous', reason, unanswered: true };
}

function reasonOf(answer: Unanswered): string {
  return answer.why === 'unproven' ? `${answer.refusal.code}: ${answer.refusal.en}` : answer.reason;
}

/** At most so many at once; the time limit of each starts with its turn, not in the queue. */
function openTurns(limit: number) {
  let under = 0;
  const waiting: (() => void)[] = [];
  const idle: (() => void)[] = [];
  return {
    async take<T>(work: () => Promise<T>): Promise<T> {
      if (under >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
      else under++;
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next !== undefined) next();
        else if (--under === 0) for (const resolve of idle.splice(0)) resolve();
      }
    },
    ended: () => (under === 0 ? Promise.resolve() : new Promise<void>((resolve) => idle.push(resolve))),
  };
}
