import { type Problem, requestProblem } from './problem.ts';
import type { Asked } from './route.ts';

/** What a filter may hold: one of these words, or any id. */
export type Allowed = readonly string[] | 'id';

/** The filters given, or the first that is not as required. A filter that nothing matches is not an error. */
export function readFilters<Name extends string>(
  asked: Asked,
  allowed: Readonly<Record<Name, Allowed>>,
): { readonly filter: { readonly [Key in Name]?: string } } | Problem {
  const filter: { [Key in Name]?: string } = {};
  for (const [name, words] of Object.entries(allowed) as [Name, Allowed][]) {
    const value = asked.query[name];
    if (value === undefined) continue;
    if (words === 'id' ? !isId(value) : !words.includes(value)) {
      return requestProblem('bad-query', `#query/${name}`, words === 'id' ? '<exchange>:<number>' : words.join(', '));
    }
    filter[name] = value;
  }
  return { filter };
}

/** `<exchange>:<native id>`, as in schemas/common.schema.json. */
export function isId(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is excluded
  return /^(ctex|stex|szse):[^\u0000-\u001f\u007f]{1,64}$/.test(text);
}
