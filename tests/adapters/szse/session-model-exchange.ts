import {
  fieldIn,
  openReader,
  type Pair,
  type Said,
  say,
  seal,
  stamp,
  type Told,
} from '../../../adapters/szse/mock/message.ts';
import type { NativeSigner, NativeVerifier } from '../../../src/contract/adapter.ts';
import type { End, Room } from './session-model-room.ts';
import { isAdmin, openWatch } from './session-model-watch.ts';

/** SZSE's end as its profile has it ("Session"), and what it sees that must not be. */
export interface Exchange {
  /** The ids of its own messages, in the order of their numbers. */
  readonly said: readonly string[];
  /** Which of them were answered by UX. */
  readonly answered: ReadonlySet<string>;
  /** The ids of requests done, in order. */
  readonly done: readonly string[];
  readonly complaints: readonly string[];
  readonly isUp: boolean;
  /** A connection has come. */
  accept(end: End): void;
  /** One of its own messages; unwritten: it has its number, and the bytes got lost. */
  say(unwritten: boolean): void;
  /** One of them again, though nobody asked (43=Y). */
  repeat(nth: number): void;
  /** Wants everything again from there to there; 0: to the end. */
  askAgain(from: number, to: number): void;
  /** Another message under a number that is behind the gateway, not marked as sent again. */
  sayTooLow(): void;
  /** What the profile does not know: a reset of numbers that fills no gap. */
  reset(to: number): void;
  sayNoise(bytes: Buffer): void;
  logout(): void;
  /** The next logon is turned down. */
  turnDown(): void;
  /** Its messages that have a number below that. */
  saidBefore(seq: number): readonly string[];
  /** Under how many numbers a request was sent; once, unless its sender was told that it never had. */
  timesSent(id: string): number;
}

interface Session {
  readonly end: End;
  write(bytes: Buffer): void;
  logout(): void;
  /** Numbers of what went out over this connection, by id; those answered over it are certainly behind the gateway. */
  readonly sentHere: Map<string, number>;
  behind?: number;
  /** When a number too low was said. */
  tooLowMs?: number;
  /** A goodbye was heard or said. */
  isLeft: boolean;
}

const LENIENT = 'a number too low was not refused';
/** A tenth of the heartbeat interval: who waits for a gap to be filled may ask again after so long. */
const PATIENCE_MS = 3_000;
const GOODBYE_MS = 1_000;

const idIn = ({ content }: Said) => content.split('\u0001')[0]!.replace('11=', '');
const isOwn = (id: string) => id.startsWith('S-');

export function openExchange(room: Room, signer: NativeSigner, verifier: NativeVerifier): Exchange {
  const member = 'QIAO';
  const said: string[] = [];
  const answered = new Set<string>();
  const done: string[] = [];
  const complaints: string[] = [];
  const watch = openWatch(verifier, complaints);
  const sent = new Map<number, { readonly said: Said; readonly at: string }>();
  const unsaid: (readonly [Said, boolean])[] = [];
  let inNext = 1;
  let outNext = 1;
  let isTurningDown = false;
  let active: Session | undefined;

  const now = () => stamp(room.nowMs());
  const admin = (type: string, pairs: Parameters<typeof say>[1] = []) =>
    active?.write(seal(say(type, pairs), { member, seq: outNext++, now: now() }));
  const business = (message: Said, unwritten = false) => {
    if (active === undefined) return void unsaid.push([message, unwritten]);
    const seq = outNext++;
    sent.set(seq, { said: message, at: now() });
    if (unwritten) return;
    active.sentHere.set(idIn(message), seq);
    active.write(seal(message, { member, seq, now: now(), signer }));
  };
  const again = (seq: number) => {
    const kept = sent.get(seq)!;
    active?.write(seal(kept.said, { member, seq, now: now(), first: kept.at, signer }));
  };
  const sendAgain = (from: number, asked: number) => {
    const to = asked === 0 ? outNext - 1 : Math.min(asked, outNext - 1);
    let next = from;
    const fill = (before: number) => {
      const gap: readonly Pair[] = [
        [36, String(before)],
        [123, 'Y'],
      ];
      if (before > next) active?.write(seal(say('4', gap), { member, seq: next, now: now(), first: now() }));
    };
    for (let seq = from; seq <= to; seq++) {
      if (!sent.has(seq)) continue;
      fill(seq);
      again(seq);
      next = seq + 1;
    }
    fill(to + 1);
  };

  const act = (told: Told) => {
    const id = fieldIn(told, 11) ?? '';
    if (told.type === '1') admin('0', [[112, fieldIn(told, 112)]]);
    else if (told.type === '5') active?.logout();
    else if (told.type === 'UX') {
      answered.add(id);
      const seq = active?.sentHere.get(id);
      if (seq !== undefined) active!.behind = seq;
    } else if (told.type === 'j') complaints.push(`turned down: ${told.content}`);
    else if (!isAdmin(told)) {
      const known = done.indexOf(id);
      if (told.type !== 'UQ' && known < 0) done.push(id);
      const nth = done.indexOf(id);
      if (nth < 0)
        business(
          say('j', [
            [45, told.seq],
            [379, id],
            [380, 1],
            [58, 'unknown'],
          ]),
        );
      else if (told.type !== 'UQ' && known >= 0) {
        business(
          say('j', [
            [45, told.seq],
            [379, id],
            [380, 6],
            [58, 'again'],
            [20091, `N${nth}`],
          ]),
        );
      } else
        business(
          say('UX', [
            [11, id],
            [20093, 0],
            [20094, `N${nth}`],
          ]),
        );
    }
  };

  const accept = (end: End) => {
    const read = openReader();
    end.other.onWritten = watch.line();
    const ahead = new Map<number, Told>();
    const asked: string[] = [];
    const openedMs = room.nowMs();
    const write = (bytes: Buffer) => void (end.destroyed || end.write(bytes));
    const logout = () => {
      session.isLeft = true;
      admin('5');
      if (active === session) active = undefined;
      end.end();
    };
    const session: Session = { end, write, logout, sentHere: new Map(), isLeft: false };
    let askedTo = 0;
    const logon = (told: Told) => {
      const refusal = (why: string) => {
        write(seal(say('5', [[58, why]]), { member, seq: outNext, now: now() }));
        end.end();
      };
      if (told.type !== 'A') return refusal('logon expected');
      if (active !== undefined) return refusal('one session per member');
      if (told.seq < inNext) return refusal(`sequence ${told.seq} is too low`);
      if (isTurningDown) {
        isTurningDown = false;
        return refusal('not now');
      }
      active = session;
      admin('A', [[108, 30]]);
      take(told);
      for (const [message, unwritten] of unsaid.splice(0)) business(message, unwritten);
    };
    const take = (told: Told) => {
      if (told.type === '5') session.isLeft = true;
      if (told.type === '2') {
        const gap = `${fieldIn(told, 7)}–${fieldIn(told, 16)}`;
        asked.push(gap);
        const times = asked.filter((one) => one === gap).length;
        if (times > 1 + (room.nowMs() - openedMs) / PATIENCE_MS) complaints.push(`asked ${times} times for ${gap}`);
        sendAgain(Number(fieldIn(told, 7)), Number(fieldIn(told, 16)));
      }
      if (told.seq < inNext && !told.again) complaints.push(`${told.type} came under ${told.seq}, expected ${inNext}`);
      if (told.seq < inNext) return;
      ahead.set(told.seq, told);
      for (let one = ahead.get(inNext); one !== undefined; one = ahead.get(inNext)) {
        ahead.delete(one.seq);
        inNext = one.type === '4' ? Number(fieldIn(one, 36)) : one.seq + 1;
        if (one.type !== '4') act(one);
      }
      for (const seq of ahead.keys()) if (seq < inNext) ahead.delete(seq);
      if (ahead.size === 0 || inNext <= askedTo) return;
      askedTo = Math.min(...ahead.keys()) - 1;
      admin('2', [
        [7, inNext],
        [16, askedTo],
      ]);
    };
    end.on('data', (chunk: Buffer) => {
      for (const told of read(chunk)) {
        if (active === session) take(told);
        else if (!end.writableEnded) logon(told);
      }
    });
    end.once('end', () => end.end());
    end.once('close', () => {
      if (active === session) active = undefined;
      // Who leaves does not wait for long until its goodbye is through.
      const isAtOnce = room.nowMs() - (session.tooLowMs ?? 0) < GOODBYE_MS;
      if (isAtOnce && !session.isLeft && !end.isCut) complaints.push(LENIENT);
    });
  };

  return {
    ...{ said, answered, done, accept, sayNoise: (bytes: Buffer) => active?.write(bytes) },
    get complaints() {
      return active?.tooLowMs !== undefined ? [...complaints, LENIENT] : complaints;
    },
    get isUp() {
      return active !== undefined;
    },
    saidBefore: (before) => [...sent].flatMap(([seq, { said: one }]) => (seq < before ? idIn(one) : [])).filter(isOwn),
    timesSent: watch.timesSent,
    say: (unwritten) => {
      const id = `S-${said.length + 1}`;
      said.push(id);
      business(
        say('US', [
          [11, id],
          [20001, 'KJ1'],
          [20004, 2],
        ]),
        unwritten,
      );
    },
    repeat: (nth) => {
      const known = [...sent.keys()];
      if (known.length > 0) again(known[nth % known.length]!);
    },
    askAgain: (from, to) => {
      const first = 1 + (from % Math.max(1, inNext - 1));
      admin('2', [
        [7, first],
        [16, to === 0 ? 0 : first + to],
      ]);
    },
    sayTooLow: () => {
      if (active?.behind === undefined) return;
      active.tooLowMs = room.nowMs();
      active.write(seal(say('US', [[11, 'LOW']]), { member, seq: active.behind, now: now(), signer }));
    },
    reset: (to) => void admin('4', [[36, outNext + to]]),
    logout: () => void active?.logout(),
    turnDown: () => {
      isTurningDown = true;
    },
  };
}
