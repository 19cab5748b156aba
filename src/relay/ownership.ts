import type { Link, LinkState } from '../contract/adapter.ts';
import type { Exchange } from '../contract/exchange.ts';
import type { Database } from '../journal/database.ts';
import { beginTerm, endTerm, renewTerm, type Term } from '../journal/ownership.ts';

export interface HoldingParts {
  readonly database: Database;
  readonly exchange: Exchange;
  /** This gateway, among those on one database. */
  readonly holder: string;
  /** A term lasts so long unless it is renewed, every `beatMs`. */
  readonly termMs: number;
  readonly beatMs: number;
  /** A link that writes down what it does under that term; without one it is never started and only fetches. */
  open(term?: Term): Link;
  /** The line is ours now: what waits for it may go. */
  onHeld(): void;
  onFault(error: unknown): void;
  log(level: 'info' | 'warn' | 'error', event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** A link of which several gateways have one between them. */
export interface HeldLink extends Link {
  /** Whether it is this gateway that may use it. */
  isHeld(): boolean;
}

const ELSEWHERE: LinkState['detail'] = { zh: '由另一网关进程持有', en: 'held by another gateway' };

/**
 * Holds the line to one exchange while nobody else does: takes a term, opens a link under it, renews it by heartbeats,
 * and gives the line up as soon as it cannot be sure of it any more. That is politeness to the next holder; what keeps
 * two holders from doing harm is the term's token, which a late write is refused by (link-memory.ts).
 */
export function openHeldLink(parts: HoldingParts): HeldLink {
  const { database, exchange, holder, termMs, beatMs, log, onFault } = parts;
  let held: { readonly term: Term; readonly link: Link; untilMs: number } | undefined;
  let closing: Promise<void> = Promise.resolve();
  let isStopping = false;
  let deadline: NodeJS.Timeout | undefined;
  let beat: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();

  /** Counted from before the server was asked: it never thinks the term over before we do. */
  const holdUntil = (untilMs: number) => {
    if (held !== undefined) held.untilMs = untilMs;
    clearTimeout(deadline);
    deadline = setTimeout(() => lose('not renewed in time'), untilMs - performance.now());
    deadline.unref();
  };

  const lose = (reason: string) => {
    if (held === undefined) return;
    const { link, term } = held;
    held = undefined;
    clearTimeout(deadline);
    log('warn', 'line-given-up', { exchange, term: String(term.token), reason });
    closing = link.stop().catch(onFault);
  };

  const look = async () => {
    const askedAtMs = performance.now();
    if (held !== undefined) {
      const { term } = held;
      const isOurs = await renewTerm(database, term, termMs);
      if (held?.term !== term) return;
      if (isOurs) holdUntil(askedAtMs + termMs);
      else lose('taken over by another gateway');
      return;
    }
    if (isStopping) return;
    await closing;
    const begunAtMs = performance.now();
    const term = await beginTerm(database, exchange, holder, termMs);
    if (term === undefined) return;
    if (isStopping) return endTerm(database, term);
    log('info', 'line-held', { exchange, term: String(term.token) });
    const link = parts.open(term);
    held = { term, link, untilMs: 0 };
    holdUntil(begunAtMs + termMs);
    link.start().catch((error: unknown) => {
      log('error', 'link-start', { exchange, error });
      // It would never come up: whoever is next, perhaps we, begins anew.
      if (held?.link === link) lose('could not be started');
    });
    parts.onHeld();
  };

  const beatOn = () => {
    looking = look()
      .catch(onFault)
      .then(() => {
        beat = setTimeout(beatOn, beatMs);
      });
    return looking;
  };

  const isHeld = () => held !== undefined && !isStopping && performance.now() < held.untilMs;

  return {
    isHeld,
    /** Resolves after the first look. */
    start: beatOn,
    stop: async () => {
      isStopping = true;
      const last = held;
      // Renewed until the link has ended what it has under way.
      await last?.link.stop().catch(onFault);
      await closing;
      await looking;
      clearTimeout(beat);
      clearTimeout(deadline);
      if (held !== undefined) await endTerm(database, held.term).catch(onFault);
      held = undefined;
    },
    send: async (request) =>
      held?.link.send(request) ?? { outcome: 'retry', afterMs: 0, reason: ELSEWHERE.en, unanswered: true },
    ask: async (request) => held?.link.ask(request) ?? { outcome: 'ambiguous', reason: ELSEWHERE.en, unanswered: true },
    fetchStatement: async (date) => {
      if (held !== undefined) return held.link.fetchStatement(date);
      const link = parts.open();
      try {
        return await link.fetchStatement(date);
      } finally {
        await link.stop();
      }
    },
    state: () => held?.link.state() ?? { up: false, detail: ELSEWHERE },
  };
}
