import type { NativeRequest, Outcome } from '../../src/contract/adapter.ts';
import { refuse } from '../../src/contract/refusal.ts';
import type { Program, World } from './outbox-model-world.ts';

/**
 * What befalls one call. answered: as it should be. busy: turned away for now. refused: its rules say no, for good.
 * lost: done, and the answer does not come back. swallowed: it never arrives. garbled: done, the answer cannot be believed.
 * broken: the link itself throws.
 */
export const fates = ['answered', 'busy', 'refused', 'lost', 'swallowed', 'garbled', 'broken'] as const;
export type Fate = (typeof fates)[number];

/** An exchange as every profile has it: a request is known by its id, done at most once, and can be asked about. */
export interface Host {
  /** What was done, in order, by request id. */
  readonly done: readonly string[];
  readonly refused: ReadonlySet<string>;
  /** What nobody may see: other bytes under a known id, something sent again without having asked. */
  readonly complaints: readonly string[];
  /** While it is so, no answer about that request comes back. */
  readonly poisoned: Set<string>;
  /** From now on every call goes well. */
  calm(): void;
  /** It has leased that request's delivery. */
  leased(by: Program, id: string): void;
  send(by: Program, request: NativeRequest): Promise<Outcome>;
  ask(by: Program, request: NativeRequest): Promise<Outcome>;
}

const answer = Buffer.from('answer');
const AFTER_MS = 2_000;

export function openHost(world: World, fated: readonly Fate[]): Host {
  const left = [...fated];
  let isCalm = false;
  const bytesOf = new Map<string, string>();
  const done: string[] = [];
  const refused = new Set<string>();
  const complaints: string[] = [];
  const poisoned = new Set<string>();
  /** Sends that may be there for all their senders know, and nobody has asked about. */
  const unsure = new Map<string, Set<{ readonly begun: number }>>();
  const leasedAt = new Map<string, number>();
  let tick = 0;
  const unsureOf = (id: string) => {
    const known = unsure.get(id) ?? new Set();
    unsure.set(id, known);
    return known;
  };

  const verdictOn = (id: string): Outcome | undefined => {
    if (refused.has(id)) return { outcome: 'refused', refusals: [refuse('host-refused', '', id)], answer };
    return done.includes(id) ? { outcome: 'accepted', number: `N-${id}`, answer } : undefined;
  };

  const call = async (
    by: Program,
    which: 'send' | 'ask',
    { id }: NativeRequest,
    arrive: (fate: Fate) => Outcome,
  ): Promise<Outcome> => {
    const fate = poisoned.has(id) ? 'garbled' : ((isCalm ? undefined : left.shift()) ?? 'answered');
    // A request on its way arrives also when its sender dies.
    await world.step(undefined, `${which} ${id} ${fate}`);
    const said = fate === 'swallowed' ? undefined : arrive(fate);
    await world.step(by, `answer to ${which} ${id}`);
    if (fate === 'broken') throw new Error('the link broke its promise');
    if (said === undefined || fate === 'lost') return { outcome: 'ambiguous', reason: 'cut', unanswered: true };
    if (fate === 'garbled') return { outcome: 'ambiguous', reason: 'signed wrongly' };
    return said;
  };

  return {
    ...{ done, refused, complaints, poisoned },
    calm: () => {
      isCalm = true;
    },
    leased: (by, id) => void leasedAt.set(`${by.name} ${id}`, tick++),
    send: async (by, request) => {
      const { id, bytes } = request;
      const doubtful = unsureOf(id);
      // What another has begun since its lease, it cannot know of: then the id alone makes it harmless.
      const since = leasedAt.get(`${by.name} ${id}`) ?? 0;
      if ([...doubtful].some(({ begun }) => begun < since)) {
        complaints.push(`${by.name} sent ${id} again without having asked`);
      }
      const own = { begun: tick++ };
      doubtful.add(own);
      const told = await call(by, 'send', request, (fate) => {
        const text = Buffer.from(bytes).toString('base64');
        if ((bytesOf.get(id) ?? text) !== text) complaints.push(`${id} came with other bytes`);
        bytesOf.set(id, text);
        const verdict = verdictOn(id);
        if (verdict !== undefined) return verdict;
        if (fate === 'busy') return { outcome: 'retry', afterMs: AFTER_MS, reason: 'busy' };
        if (fate === 'refused') refused.add(id);
        else done.push(id);
        return verdictOn(id)!;
      });
      if (told.outcome === 'retry') doubtful.delete(own);
      return told;
    },
    ask: async (by, request) => {
      const told = await call(by, 'ask', request, (fate) => {
        if (fate === 'busy') return { outcome: 'retry', afterMs: AFTER_MS, reason: 'busy' };
        return verdictOn(request.id) ?? { outcome: 'absent' };
      });
      if (told.outcome === 'absent') unsureOf(request.id).clear();
      return told;
    },
  };
}
