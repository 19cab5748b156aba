import { randomBytes } from 'node:crypto';
import type { ToleratedFen } from './clearing/standing-difference.ts';
import type { Look } from './clearing/standing-keep.ts';
import { openStandingLine, type StandingLine } from './clearing/standing-line.ts';
import { type LookParts, lookAtBook, lookBetween } from './clearing/standing-look.ts';
import { SECRET_BYTES } from './clearing/standing-row.ts';
import type { Config } from './config.ts';
import type { TlsPort } from './contract/adapter.ts';
import { addDays, dateAt } from './contract/dates.ts';
import { type Exchange, exchanges } from './contract/exchange.ts';
import type { Faults } from './faults.ts';
import type { Log } from './gateway.ts';
import { repeat } from './gateway-timing.ts';
import type { Alarm } from './http/parts.ts';
import type { Database } from './journal/database.ts';
import { type Opened, StartFailure } from './start-failure.ts';

/** The standing check between closes: looks at every pair whose books can be asked, again and again. */
export interface StandingCheck {
  /** The last look at each pair. */
  looks(): readonly Look[];
  alarms(): readonly Alarm[];
  /** One look at every pair, now. */
  look(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

export interface StandingGround {
  readonly config: Config;
  readonly database: Database;
  readonly toleratedFen: ToleratedFen;
  readonly faults: Faults;
  readonly opened: Opened;
  readonly log: Log;
  nowMs(): number;
  /** Dials an exchange under mutual TLS; absent: plain addresses only. */
  readonly tls?: (exchange: Exchange) => TlsPort;
}

/** Throws {@link StartFailure} where an address asks for TLS and there are no certificates. */
export function openStanding(ground: StandingGround): StandingCheck {
  const { config, database, toleratedFen, faults, opened, nowMs } = ground;
  const { limits } = config;
  const lines = linesOf(ground);
  const parts: LookParts = {
    database,
    toleratedFen,
    limits: {
      cells: limits.standingCells,
      rows: limits.standingRows,
      patienceMs: limits.standingPatienceMs,
      leaves: limits.standingLeaves,
    },
    nowMs,
    secret: () => randomBytes(SECRET_BYTES),
  };
  const last = new Map<string, Look>();
  // An open difference stays one while a side is silent; the time is that of the first look that found it.
  const open = new Map<string, { readonly look: Look; readonly sinceMs: number }>();
  const keep = (look: Look) => {
    const pair = `${look.one} ${look.other}`;
    last.set(pair, look);
    if (look.outcome === 'equal') open.delete(pair);
    if (look.outcome === 'different') open.set(pair, { look, sinceMs: open.get(pair)?.sinceMs ?? nowMs() });
  };
  // Between two exchanges there is a session a day, as with each of them.
  let session = { since: '', secret: parts.secret() };
  const look = async () => {
    const since = addDays(dateAt(nowMs()), -limits.standingDays);
    if (session.since !== since) session = { since, secret: parts.secret() };
    // One pair after the other: the gateway has other work, and a silent exchange only makes the next look later.
    for (const [exchange, line] of lines) keep(await lookAtBook(parts, exchange, since, line));
    const reached = [...lines];
    for (const [i, [one, ofOne]] of reached.entries()) {
      for (const [other, ofOther] of reached.slice(i + 1)) {
        keep(await lookBetween(parts, { exchanges: [one, other], ...session }, [ofOne, ofOther]));
      }
    }
  };
  let timer: () => Promise<void> = async () => {};
  const stop = async () => {
    await timer();
    for (const line of lines.values()) line.close();
  };
  opened.add(stop);
  return {
    looks: () => [...last.values()],
    alarms: () => [...open.values()].map(({ look, sinceMs }) => openAlarm(look, sinceMs)),
    look,
    start: () => {
      if (lines.size > 0) timer = repeat(look, limits.standingIntervalMs, faults.of('standing'));
    },
    stop,
  };
}

const ADDRESSES = {
  ctex: ['ctexStandingUrl', 'QIAO_CTEX_STANDING_URL'],
  stex: ['stexStandingUrl', 'QIAO_STEX_STANDING_URL'],
  szse: ['szseStandingUrl', 'QIAO_SZSE_STANDING_URL'],
} as const;

function linesOf({ config, tls, log }: StandingGround): ReadonlyMap<Exchange, StandingLine> {
  const { limits } = config;
  const lines = new Map<Exchange, StandingLine>();
  for (const exchange of exchanges) {
    const [setting, variable] = ADDRESSES[exchange];
    const url = config.exchanges[setting];
    if (url === undefined) log('info', 'standing-not-configured', { exchange, variable });
    else if (url.startsWith('https:') && tls === undefined) {
      throw new StartFailure(
        `${variable} 为 https，但密钥库没有 participants/qiao/tls.*（qiao certs）`,
        `${variable} is https, but the key store has no participants/qiao/tls.* (qiao certs)`,
      );
    } else {
      const bounds = { timeoutMs: limits.standingTimeoutMs, answerBytes: limits.standingAnswerBytes };
      lines.set(exchange, openStandingLine(url, bounds, tls?.(exchange)));
    }
  }
  return lines;
}

function openAlarm({ one, other, open, unread }: Look, sinceMs: number): Alarm {
  const [zh, en] = other === 'journal' ? ['网关流水', 'the journal'] : [other, other];
  return {
    code: 'standing-difference',
    at: `${one}/${other}, ${new Date(sinceMs).toISOString()}`,
    zh: `${one} 的账簿与${zh}有 ${open + unread} 笔不符`,
    en: `the books of ${one} and ${en} differ in ${open + unread} deals`,
  };
}
