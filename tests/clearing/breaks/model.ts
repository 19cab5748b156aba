const TWO_CHECKERS = 100_000_000;

/**
 * The life of one break told a second time, in the words of clearing.md §3 and not from the program's own tables: what
 * may be done next, and where it leads. One amount of one book, as `AMT+`.
 */
export class Model {
  state = 'open';
  /** What the last comparison found, in fen; 0: nothing. */
  gap: number;
  /** What stands booked against the book, and what lies in suspense. */
  booked = 0;
  suspense = 0;
  /** Whether something stands booked at all. */
  stands = false;
  proposal: { action: string; maker: string; checkers: string[]; needed: number } | undefined;

  constructor(gap: number) {
    this.gap = gap;
  }

  /** What a person does: the state it leads to, or undefined where it must be refused. */
  act(by: { name: string; role: string }, act: string, action = ''): string | undefined {
    const to = this.#next(by, act, action);
    if (to === undefined) return undefined;
    this.state = to;
    return to;
  }

  #next({ name, role }: { name: string; role: string }, act: string, action: string): string | undefined {
    const isChecker = role === 'checker' || role === 'supervisor';
    switch (act) {
      case 'take':
        return role === 'maker' && ['open', 'returned', 'reopened'].includes(this.state) ? 'working' : undefined;
      case 'propose':
        return role === 'maker' && this.#mayPropose(action) ? this.#proposed(name, action) : undefined;
      case 'withdraw':
        return role === 'maker' && this.state === 'proposed' && this.proposal!.maker === name ? 'returned' : undefined;
      case 'return':
        return isChecker && ['proposed', 'approved'].includes(this.state) ? 'returned' : undefined;
      case 'approve':
        return isChecker && this.state === 'proposed' ? this.#approved(name) : undefined;
      case 'post':
        return this.state === 'approved' && (isChecker || role === 'maker') ? this.#posted() : undefined;
      case 'reopen':
        return this.state === 'closed' && ['maker', 'supervisor'].includes(role) ? 'reopened' : undefined;
      default:
        return undefined;
    }
  }

  #mayPropose(action: string): boolean {
    const isDone = ['posted', 'written-off', 'closed'].includes(this.state);
    if (isDone) return action === 'reverse' && this.stands;
    if (!['open', 'working', 'returned', 'reopened', 'suspended'].includes(this.state)) return false;
    if (action === 'reverse') return this.stands;
    if (action === 'refund') return this.gap > 0;
    if (action === 'claim') return this.gap < 0;
    return true;
  }

  #proposed(maker: string, action: string): string {
    // What stands is reversed first, and counts.
    const moved = Math.max(action === 'reverse' ? 0 : this.gap, Math.abs(this.booked));
    const needed = action === 'write-off' || moved >= TWO_CHECKERS ? 2 : 1;
    this.proposal = { action, maker, checkers: [], needed };
    return 'proposed';
  }

  #approved(checker: string): string | undefined {
    const { maker, checkers, needed } = this.proposal!;
    if (maker === checker || checkers.includes(checker)) return undefined;
    checkers.push(checker);
    return checkers.length === needed ? 'approved' : 'proposed';
  }

  #posted(): string {
    const { action } = this.proposal!;
    [this.booked, this.suspense, this.stands] = action === 'reverse' ? [0, 0, false] : [-this.gap, 0, true];
    if (action === 'suspend') this.suspense = this.gap;
    if (action === 'reverse') return 'reopened';
    return action === 'suspend' ? 'suspended' : action === 'write-off' ? 'written-off' : 'posted';
  }

  /** The next comparison finds this; it never does what people have to do. */
  compare(gap: number): void {
    const isNew = gap !== this.gap;
    this.gap = gap;
    const isZero = gap + this.booked === 0 && this.suspense === 0;
    const becomes = this.#compared(isZero, isNew);
    if (becomes !== undefined) this.state = becomes;
  }

  #compared(isZero: boolean, isNew: boolean): string | undefined {
    switch (this.state) {
      case 'posted':
      case 'written-off':
      case 'closed':
        return isZero ? 'closed' : 'reopened';
      case 'returned':
        return isZero && (this.stands || this.gap === 0) ? 'closed' : undefined;
      case 'suspended':
        if (isNew && this.suspense !== 0) return 'reopened';
        return isZero && this.gap === 0 ? 'closed' : undefined;
      default:
        if (isZero && this.gap === 0) return 'closed';
        return isNew && ['proposed', 'approved'].includes(this.state) ? 'returned' : undefined;
    }
  }
}
