import type { Json } from '../../../src/contract/json.ts';
import type { Message } from '../../../src/contract/message.ts';
import { putAt, type Tree } from '../../../src/contract/tree.ts';

/** A message without the frame of the event it came in. */
export function expressed(message: Message): unknown {
  const { extensions, ...rest } = message as unknown as Record<string, unknown>;
  return rest;
}

/** A message without the parts named by pointers. */
export function without(message: Json, pointers: readonly string[]): unknown {
  const tree = structuredClone(message) as Tree;
  for (const pointer of pointers) putAt(tree, pointer, undefined);
  return tree;
}
