import { mutants as crashMutants } from '../crash/mutants/mutants.ts';

/** A defect that seeds must find: texts of the sources, each there exactly once, and what is put in their place. */
export interface Mutant {
  readonly name: string;
  readonly zh: string;
  readonly en: string;
  readonly patches: readonly { readonly file: string; readonly replace: string; readonly by: string }[];
}

/** What shows only where programs run in one of many possible orders, beside what the crash harness must find. */
const own: readonly Mutant[] = [
  {
    name: 'duplicates-not-looked-up',
    zh: '重复来文不查',
    en: 'a repeat is taken for something new',
    patches: [
      {
        file: 'src/journal/inbox.ts',
        replace: "if (row === undefined) return { known: 'new' };",
        by: "return { known: 'new' };",
      },
    ],
  },
  {
    name: 'asked-nothing',
    zh: '存疑不问',
    en: 'what is in doubt is taken for done',
    patches: [
      {
        file: 'src/relay/lane.ts',
        replace: 'const asked = await parts.breaker.call(() => parts.link.ask(request));',
        by: "const asked = { outcome: 'accepted', answer: NO_ANSWER } as Outcome;",
      },
    ],
  },
  {
    name: 'window-by-clock',
    zh: '以时钟定期限',
    en: 'what comes later than its clock says is left out',
    patches: [
      {
        file: 'src/journal/outbox.ts',
        replace: 'order by ${longestDue',
        by: "and d.created_at > $3::timestamptz - interval '4 s' order by ${longestDue",
      },
    ],
  },
  {
    name: 'szse-numbers-not-kept',
    zh: '会话序号不落库',
    en: 'the numbers of the session begin anew with every session',
    patches: [
      {
        file: 'adapters/szse/session-outgoing.ts',
        replace: 'const first = await ports.memory.reserve(COUNTER, batch.length);',
        by: 'const first = lastSeq + 1;',
      },
    ],
  },
];

export const mutants: readonly Mutant[] = [...crashMutants, ...own];
