import type { Arrival, LinkPorts, LinkSettings } from '../../src/contract/adapter.ts';
import { refuse } from '../../src/contract/refusal.ts';
import { readReply } from './answers.ts';
import type { Line } from './line.ts';
import { readPage } from './pages.ts';
import { sm3 } from './seal.ts';

/** Documents asked for at a time; the profile's highest. */
const PAGE = 200;
/** An idle outbox is asked less and less often, down to this many times the usual pause. */
const IDLE_FACTOR = 4;
const IDLE_AFTER = 20;

export interface Outbox {
  /** Ends at once when nothing is under way, else when that is durable. */
  stop(): Promise<void>;
}

/** Fetches documents, hands them in, and acknowledges them once every one is durable; again and again. */
export function openOutbox(
  line: Line,
  settings: LinkSettings,
  ports: LinkPorts,
  heard: (up: boolean, reason?: string) => void,
): Outbox {
  const stopping = new AbortController();
  const { signal } = stopping;
  let empty = 0;
  let limit = PAGE;

  /** How long to wait before the next turn, ms. */
  const turn = async (): Promise<number> => {
    const cursor = (await ports.memory.get('cursor')) ?? '';
    const answer = await line.call(`/tep/outbox?after=${encodeURIComponent(cursor)}&limit=${limit}`, undefined, signal);
    if ('why' in answer) {
      if (signal.aborted) return 0;
      // Large documents: fewer of them fit into one answer.
      if (answer.why === 'lost' && answer.reason.includes('maxContentLength')) limit = Math.ceil(limit / 4);
      if (answer.why === 'unproven') await keepUnproven(answer.body, answer.headers, answer.refusal);
      heard(false, answer.why === 'unproven' ? answer.refusal.en : answer.reason);
      return pause(IDLE_FACTOR);
    }
    const page = readPage(answer, ports.nowMs());
    if (page === undefined) {
      heard(false, readReply(answer.body)?.text ?? 'the answer is no WDLB');
      return pause(IDLE_FACTOR);
    }
    heard(true);
    if (page.garbage !== undefined) {
      // A broken document hides those behind it: fetched one by one, it stands alone.
      if (limit > 1) {
        limit = 1;
        return 0;
      }
      await keepUnproven(page.garbage, JSON.stringify(answer.seal), refuse('not-xml'));
    }
    if (page.arrivals.length === 0 && page.garbage === undefined) {
      empty++;
      return pause(empty < IDLE_AFTER ? 1 : Math.min(IDLE_FACTOR, empty / IDLE_AFTER));
    }
    empty = 0;
    // Before anything that rests on it is durable.
    if (page.whole !== undefined) await ports.memory.keepWhole(page.whole);
    const busyMs = await handIn(page.arrivals);
    if (busyMs > 0) return busyMs;
    if (!(await acknowledge(page.cursor))) return pause(1);
    const full = limit < PAGE || page.arrivals.length >= limit;
    limit = Math.min(PAGE, 2 * limit);
    return full ? 0 : pause(1);
  };

  const pause = (factor: number) => Math.round(settings.pollIntervalMs * factor);

  /** 0: every document is durable, a refused one too, whose refusal is kept. */
  const handIn = async (arrivals: readonly Arrival[]): Promise<number> => {
    const answers = await Promise.all(arrivals.map((arrival) => ports.receive(arrival)));
    return Math.max(0, ...answers.map((answer) => (answer.outcome === 'busy' ? Math.max(1, answer.retryAfterMs) : 0)));
  };

  const acknowledge = async (cursor: string): Promise<boolean> => {
    const body = Buffer.from(`<?xml version="1.0" encoding="GB18030"?>\n<QR><YB>${cursor}</YB></QR>`, 'latin1');
    const answer = await line.call('/tep/ack', body);
    const done = !('why' in answer) && readReply(answer.body)?.code === '00';
    if (done) await ports.memory.set('cursor', cursor);
    else ports.log('warn', 'stex.ack-failed', { cursor });
    return done;
  };

  const keepUnproven = (body: Uint8Array, proof: string, refusal: Parameters<LinkPorts['keepRefused']>[1]) =>
    ports.keepRefused(
      { exchange: 'stex', key: `outbox:${sm3(body)}`, bytes: body, proof, arrivedAtMs: ports.nowMs() },
      refusal,
    );

  const run = async () => {
    while (!signal.aborted) {
      let waitMs: number;
      try {
        waitMs = await turn();
      } catch (error) {
        // A Fault of what lies behind the ports (the database, say): nothing was acknowledged, it all comes again.
        ports.log('error', 'stex.outbox-fault', { reason: String(error) });
        heard(false, String(error));
        waitMs = pause(IDLE_FACTOR);
      }
      if (waitMs > 0) await sleep(waitMs, signal);
    }
  };
  const running = run();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
