import type { Json } from '../../src/contract/json.ts';
import { parseMessage } from '../../src/contract/parse.ts';

/** A copy of `message` with what the pointer names set, or (undefined) taken out. */
export function withPart(message: unknown, pointer: string, value: unknown): Json {
  const copy = structuredClone(message) as object;
  const steps = pointer.slice(1).split('/');
  let node = copy as Record<string, unknown>;
  for (const key of steps.slice(0, -1)) node = node[key] as Record<string, unknown>;
  if (value === undefined) delete node[steps.at(-1)!];
  else node[steps.at(-1)!] = value;
  return copy as Json;
}

/** `code pointer` of every refusal; both languages must say something. */
export function refusalsOf(message: unknown): readonly string[] {
  const parsed = parseMessage(message as Json);
  if (parsed.ok) return [];
  expect(parsed.refusals).not.toEqual([]);
  return parsed.refusals.map(({ code, pointer, zh, en }) => {
    expect(zh).toMatch(/\p{Script=Han}/u);
    expect(en).toMatch(/[a-z]/);
    return `${code} ${pointer}`;
  });
}
