import type { Break, Standing } from './break.ts';
import { type BreakAct, type BreakState, type ClosedAs, leadsTo } from './break-states.ts';

/** One step of the comparison's own: an act, and the state it leads to. */
export interface Step {
  readonly act: BreakAct;
  readonly from: BreakState | 'none';
  readonly to: BreakState;
  readonly version: number;
}

/** The break after it, and the steps there; undefined steps: nothing has changed. */
export interface Judged {
  readonly after: Break;
  readonly steps: readonly Step[];
}

/** Goes from state to state as the life cycle allows the comparison to; anything else is our bug. */
export class Walk {
  readonly #about: Break;
  readonly #booked: Standing | undefined;
  readonly #steps: Step[];
  #state: BreakState;
  #version: number;

  constructor(about: Break, booked: Standing | undefined, steps: readonly Step[] = []) {
    this.#about = about;
    this.#booked = booked;
    this.#steps = [...steps];
    this.#state = about.state;
    this.#version = about.version;
  }

  get state(): BreakState {
    return this.#state;
  }

  get isStill(): boolean {
    return this.#steps.length === 0;
  }

  go(act: BreakAct): void {
    const from = this.#state;
    const [to] = leadsTo(act, from, 'engine');
    if (to === undefined) throw new Error(`assertion: ${act} does not lead on from ${from}`);
    this.#version += 1;
    this.#state = to;
    this.#steps.push({ act, from, to, version: this.#version });
  }

  end(): Judged {
    const isUndone = this.#steps.some(({ act }) => act === 'relapse' || act === 'return');
    const after: Break = {
      ...this.#about,
      state: this.#state,
      version: this.#version,
      checker: isUndone ? null : this.#about.checker,
      closedAs: this.#state === 'closed' ? (this.#about.closedAs ?? this.#closing()) : null,
    };
    return { after, steps: this.#steps };
  }

  #closing(): ClosedAs {
    if (this.#steps.some(({ act }) => act === 'clear')) return 'cleared';
    return this.#booked?.action === 'write-off' ? 'written-off' : 'resolved';
  }
}
