import { isObject, type Json, type JsonObject } from './json.ts';
import { step } from './refusal.ts';

/** A JSON object being built. Dotted paths address objects only; arrays are reached by pointers. */
export type Tree = { [key: string]: Json };

const splits = new Map<string, readonly string[]>();

export function split(path: string): readonly string[] {
  let parts = splits.get(path);
  if (parts === undefined) {
    parts = path.split('.');
    splits.set(path, parts);
  }
  return parts;
}

const pointers = new Map<string, string>();

/** The pointer of a dotted path; paths are those of the tables, so what is kept never grows. */
export function pointerOf(path: string): string {
  let pointer = pointers.get(path);
  if (pointer === undefined) {
    pointer = split(path).map(step).join('');
    pointers.set(path, pointer);
  }
  return pointer;
}

export function get(from: JsonObject, path: string): Json | undefined {
  return reach(from, split(path));
}

export function put(to: Tree, path: string, value: Json): void {
  place(to, split(path), value);
}

/** What a path leads to, its steps taken apart ({@link split}). */
export function reach(from: JsonObject, steps: readonly string[]): Json | undefined {
  let node: Json | undefined = from;
  for (const key of steps) {
    if (!isObject(node) || !Object.hasOwn(node, key)) return undefined;
    node = node[key];
  }
  return node;
}

/** Sets what a path leads to, making objects on the way. */
export function place(to: Tree, steps: readonly string[], value: Json): void {
  let node = to;
  for (let i = 0; i < steps.length - 1; i++) {
    const key = steps[i]!;
    const inner = node[key];
    if (isObject(inner)) node = inner as Tree;
    else {
      const made: Tree = {};
      node[key] = made;
      node = made;
    }
  }
  node[steps.at(-1)!] = value;
}

/** Sets (`undefined`: deletes) what a pointer names, making objects on the way; a pointer into nowhere does nothing. */
export function putAt(tree: Tree, pointer: string, value: Json | undefined): void {
  const parts = pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  // The pointers come from a message: they must reach neither a prototype nor an array's length.
  let node: Tree = tree;
  for (const key of parts.slice(0, -1)) {
    if (!Object.hasOwn(node, key) || node[key] === null || typeof node[key] !== 'object') {
      if (value === undefined || key === '__proto__' || Array.isArray(node)) return;
      node[key] = {};
    }
    node = node[key] as Tree;
  }
  const last = parts.at(-1)!;
  if (last === '__proto__' || (Array.isArray(node) && (last === 'length' || !Object.hasOwn(node, last)))) return;
  if (value !== undefined) node[last] = value;
  else if (!Array.isArray(node)) delete node[last];
}

export function isBlank(value: Json | undefined): boolean {
  return value === undefined || value === null || value === '';
}

export function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [keysA, keysB] = [Object.keys(a), Object.keys(b)];
  return (
    keysA.length === keysB.length &&
    keysA.every((key) => Object.hasOwn(b, key) && same((a as JsonObject)[key], (b as JsonObject)[key]))
  );
}
