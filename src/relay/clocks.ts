import type { Exchange } from '../contract/exchange.ts';

/** How far an exchange's clock is from ours, by the times it signs. */
export interface ClockState {
  readonly exchange: Exchange;
  /** Theirs minus ours, ms: the median of the last times heard, the way here included. */
  readonly offMs: number;
  /** Since when it has been further off than it may be, ms; undefined: it is not. */
  readonly sinceMs: number | undefined;
}

/** Like the alarms of the other rooms, for people. */
export interface ClockAlarm {
  readonly code: 'clock-skew';
  readonly atMs: number;
  readonly zh: string;
  readonly en: string;
}

export interface Clocks {
  /** A time that the exchange has signed, as it came in; `undefined` (unreadable) is passed over. */
  heard(exchange: Exchange, theirMs: number | undefined): void;
  states(): readonly ClockState[];
  alarmed(exchange: Exchange): boolean;
  alarms(): readonly ClockAlarm[];
}

/** One message may have been long on its way; most of nine have not. */
const KEPT = 9;
const ENOUGH = 3;

/**
 * Notices clocks that are off, ours among them. It only tells: what is decided goes by the journal's time whatever
 * a clock says, and what is signed too far from it is refused where it comes in (trust.md threat 30).
 */
export function openClocks(parts: {
  readonly alarmMs: number;
  nowMs(): number;
  onAlarm(state: ClockState): void;
}): Clocks {
  const offs = new Map<Exchange, number[]>();
  const since = new Map<Exchange, number>();

  const heard = (exchange: Exchange, theirMs: number | undefined) => {
    if (theirMs === undefined || !Number.isFinite(theirMs)) return;
    const ours = parts.nowMs();
    const last = [...(offs.get(exchange) ?? []), theirMs - ours].slice(-KEPT);
    offs.set(exchange, last);
    if (last.length < ENOUGH) return;
    const offMs = median(last);
    if (Math.abs(offMs) <= parts.alarmMs) since.delete(exchange);
    else if (!since.has(exchange)) {
      since.set(exchange, ours);
      parts.onAlarm({ exchange, offMs, sinceMs: ours });
    }
  };
  const states = () =>
    [...offs].map(([exchange, last]) => ({ exchange, offMs: median(last), sinceMs: since.get(exchange) }));
  return { heard, states, alarmed: (exchange) => since.has(exchange), alarms: () => alarmsOf(states()) };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[sorted.length >> 1]!;
}

function alarmsOf(states: readonly ClockState[]): readonly ClockAlarm[] {
  const off = states.filter(({ sinceMs }) => sinceMs !== undefined);
  // Several exchanges off the same way: rather it is we who are.
  const ours = off.length > 1 && (off.every(({ offMs }) => offMs > 0) || off.every(({ offMs }) => offMs < 0));
  return off.map(({ exchange, offMs, sinceMs }) => {
    const seconds = Math.round(Math.abs(offMs) / 1000);
    const [zh, en] = offMs > 0 ? ['快', 'ahead of'] : ['慢', 'behind'];
    return {
      code: 'clock-skew',
      atMs: sinceMs!,
      zh: `${exchange} 的时钟比本网关${zh} ${seconds} 秒${ours ? '；多家交易所同向偏差，请先检查本机时钟（NTP）' : '，请通知该所检查时钟'}`,
      en: `the clock of ${exchange} is ${seconds} s ${en} this gateway's${
        ours
          ? ': several are off the same way, check the clock of this machine first (NTP)'
          : ': ask it to check its clock'
      }`,
    };
  });
}
