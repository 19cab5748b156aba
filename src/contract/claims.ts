import { isObject, type Json, type JsonObject } from './json.ts';
import type { Mapping } from './mapping.ts';
import { step } from './refusal.ts';
import { get, isBlank, same, split } from './tree.ts';

/** `true`: claimed whole; a map: claimed key by key; `each`: an array whose members are claimed so. */
export type Trie = true | { readonly keys: Map<string, Trie>; each?: Trie };

/** Kept for each mapping: tables are module constants, so this never grows. */
const tries = new WeakMap<Mapping, { native: Trie; unified: Trie }>();

export function trieOf(mapping: Mapping, side: 'native' | 'unified'): Trie {
  let both = tries.get(mapping);
  if (both === undefined) {
    both = { native: buildTrie(mapping, 'native'), unified: buildTrie(mapping, 'unified') };
    tries.set(mapping, both);
  }
  return both[side];
}

function buildTrie(mapping: Mapping, side: 'native' | 'unified'): Trie {
  const root: Trie = { keys: new Map() };
  for (const row of mapping.rows) {
    if (!('each' in row)) claim(root, split(row[side]), true);
    else {
      const member: Trie = { keys: new Map() };
      for (const inner of row.each) claim(member, split(inner[side]), true);
      claim(root, split(row[side]), { keys: new Map(), each: member });
    }
  }
  if (side === 'unified') for (const { unified } of mapping.derived ?? []) claim(root, split(unified), true);
  return root;
}

/** A native object that rows reach into; `spelled`: where it is absent, some row's blank would make it. */
interface Holder {
  readonly path: string;
  readonly spelled: boolean;
}

const holders = new WeakMap<Mapping, readonly Holder[]>();

function holdersOf(mapping: Mapping): readonly Holder[] {
  let found = holders.get(mapping);
  if (found === undefined) {
    const spelled = new Map(Object.keys(mapping.blanks ?? {}).map((path) => [path, false]));
    for (const { native, blank } of mapping.rows) {
      const steps = split(native);
      for (let depth = 1; depth < steps.length; depth++) {
        const path = steps.slice(0, depth).join('.');
        spelled.set(path, spelled.get(path) === true || blank !== undefined);
      }
    }
    found = [...spelled].map(([path, any]) => ({ path, spelled: any })).sort((a, b) => a.path.length - b.path.length);
    holders.set(mapping, found);
  }
  return found;
}

/** The native objects with nothing inside that are not written as we would write them, outermost first. */
export function emptyHolders(mapping: Mapping, native: JsonObject): { path: string; sent: Json | undefined }[] {
  const found: { path: string; sent: Json | undefined }[] = [];
  for (const { path, spelled } of holdersOf(mapping)) {
    const sent = get(native, path);
    const blank = mapping.blanks?.[path];
    const inside = isObject(sent) ? Object.values(sent) : undefined;
    const differs =
      blank !== undefined
        ? (isBlank(sent) || inside?.every(isBlank) === true) && !same(sent, blank)
        : sent === undefined
          ? spelled
          : isBlank(sent) || inside?.length === 0;
    if (differs) found.push({ path, sent });
  }
  return found;
}

function claim(trie: Trie, path: readonly string[], leaf: Trie): void {
  if (trie === true) return;
  const [key, ...rest] = path;
  if (rest.length === 0) {
    trie.keys.set(key!, leaf);
    return;
  }
  if (!trie.keys.has(key!)) trie.keys.set(key!, { keys: new Map() });
  claim(trie.keys.get(key!)!, rest, leaf);
}

/** Calls `found` with the pointer of everything in `value` that no row claims. */
export function unclaimed(value: Json, trie: Trie, pointer: string, found: (pointer: string) => void): void {
  if (trie === true || isBlank(value)) return;
  if (Array.isArray(value)) {
    if (trie.each === undefined) found(pointer);
    else for (const [i, member] of value.entries()) unclaimed(member, trie.each, `${pointer}/${i}`, found);
  } else if (isObject(value)) {
    for (const key of Object.keys(value)) {
      const next = trie.keys.get(key);
      if (next === undefined) found(pointer + step(key));
      else if (next !== true) unclaimed(value[key]!, next, pointer + step(key), found);
    }
  } else found(pointer);
}
