import type { Link, LinkPorts, LinkSettings, LinkState } from '../../src/contract/adapter.ts';
import { type Agents, closeAgents, openAgents } from '../agents.ts';
import { request } from '../request.ts';
import { openArrivals } from './arrivals.ts';
import { openRequests } from './requests.ts';
import { openSession, type Session } from './session.ts';
import { openWatermark, type Watermark } from './session-incoming.ts';

/** Pause before the connection is tried again: doubled each time, with some chance in it. */
const PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 15_000;
/** Arrivals being made durable at once; beyond it nothing more is read until half of them are. */
const UNDER_WAY = 512;

/**
 * The session with SZSE: the gateway dials, keeps one connection up, and knows after any break what reached whom
 * (numbers of both directions are in LinkMemory). The day-end file comes over HTTP.
 */
export function openLink(settings: LinkSettings, ports: LinkPorts): Link {
  let session: Session | undefined;
  let isUp = false;
  let isStopping = false;
  let lastHeardAtMs: number | undefined;
  let lastEnd = '';
  let watermark: Watermark | undefined;
  let line: Promise<void> = Promise.resolve();
  let cutPause: () => void = () => undefined;

  const agents = openAgents(ports.tls, 1);
  const requests = openRequests(settings, () => (isUp && session !== undefined ? session.put : undefined));
  const arrivals = openArrivals(ports, () => {
    const count = arrivals.underWay();
    if (count >= UNDER_WAY) session?.hold(true);
    else if (count <= UNDER_WAY / 2) session?.hold(false);
  });

  const dial = async (known: Watermark, whenUp: () => void): Promise<boolean> => {
    let wasUp = false;
    const current = openSession({ ...addressOf(settings), ...settings }, ports, known, {
      up: () => {
        wasUp = true;
        isUp = true;
        ports.log('info', 'szse.up');
        whenUp();
      },
      heard: () => {
        lastHeardAtMs = ports.nowMs();
      },
      business: (frame, durable) => {
        if (frame.type !== 'UX' && frame.type !== 'j') return arrivals.take(frame, current.put, durable);
        const isGenuine = frame.signature !== undefined && ports.verifier.verify(frame.covered, frame.signature);
        if (!isGenuine) ports.log('warn', 'szse.answer-signed-wrongly', { seq: frame.seq });
        if (!requests.answered(frame, isGenuine)) ports.log('info', 'szse.late-answer', { seq: frame.seq });
        durable();
      },
      garbled: (bytes, why) => arrivals.garbled(bytes, why),
      rejected: (frame) => requests.rejected(frame),
    });
    session = current;
    lastEnd = await current.ended;
    isUp = false;
    session = undefined;
    requests.lost(lastEnd);
    ports.log(isStopping ? 'info' : 'warn', 'szse.down', { reason: lastEnd });
    return wasUp;
  };

  const pause = (attempt: number) =>
    new Promise<void>((resolve) => {
      const longest = Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** Math.min(attempt, 16));
      const chance = Number.parseInt(ports.nonce().slice(0, 4), 16) / 0xffff;
      const timer = setTimeout(resolve, longest * (0.5 + chance / 2));
      cutPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const keepLine = async (known: Watermark, firstAttempt: () => void) => {
    for (let attempt = 0; !isStopping; ) {
      attempt = (await dial(known, firstAttempt)) ? 0 : attempt + 1;
      firstAttempt();
      if (!isStopping) await pause(attempt);
    }
  };

  return {
    /** Resolves when the session is up, or when the first attempt has failed (it goes on trying). */
    start: async () => {
      watermark = await openWatermark(ports.memory, (cause) => {
        ports.log('warn', 'szse.watermark-not-kept', { cause: String(cause) });
      });
      const known = watermark;
      await new Promise<void>((resolve) => {
        line = keepLine(known, resolve);
      });
    },
    stop: async () => {
      isStopping = true;
      await atMost(settings.timeoutMs, Promise.all([requests.idle(), arrivals.idle()]));
      await session?.logout();
      cutPause();
      closeAgents(agents);
      await line;
      await watermark?.settle();
    },
    send: async (request) =>
      isStopping ? { outcome: 'retry', afterMs: 1_000, reason: 'stopping' } : requests.send(request),
    ask: async (request) => (isStopping ? { outcome: 'ambiguous', reason: 'stopping' } : requests.ask(request)),
    fetchStatement: (date) => fetchFile(settings, date, agents),
    state: (): LinkState => ({
      up: isUp,
      ...(lastHeardAtMs === undefined ? {} : { lastHeardAtMs }),
      detail: isUp
        ? { zh: '会话已建立', en: 'session established' }
        : { zh: `会话未建立${lastEnd && `：${lastEnd}`}`, en: `no session${lastEnd && `: ${lastEnd}`}` },
    }),
  };
}

/** Waits for it, but not longer. */
async function atMost(ms: number, done: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([done, over]);
  clearTimeout(timer);
}

/** The day-end file of a business date, one page. Throws a Fault where it cannot be had. */
async function fetchFile(settings: LinkSettings, date: string, agents: Agents): Promise<readonly Uint8Array[]> {
  const url = `${settings.url ?? ''}/files/statement/${date.replaceAll('-', '')}.txt`;
  try {
    const answer = await request(agents, {
      method: 'GET',
      url,
      headers: {},
      maxBytes: settings.maxStatementBytes ?? settings.maxAnswerBytes,
      timeoutMs: settings.timeoutMs,
    });
    if (answer.status !== 200) throw new Error(`the answer is ${answer.status}`);
    return [new Uint8Array(answer.data)];
  } catch (cause) {
    throw new Error(`szse: no statement for ${date}`, { cause });
  }
}

function addressOf({ address = '' }: LinkSettings): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  const port = Number(address.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port))
    throw new TypeError(`szse: the address must be host:port, not "${address}"`);
  return { host: address.slice(0, colon), port };
}
