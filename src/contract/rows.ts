import type { Json, JsonObject } from './json.ts';
import type { Codec, Group, Mapping, Row } from './mapping.ts';
import { isBlank, reach, split } from './tree.ts';

interface Ready {
  readonly native: string;
  readonly unified: string;
  readonly nativeSteps: readonly string[];
  readonly unifiedSteps: readonly string[];
  readonly blank: Json | undefined;
  /** The objects among the mapping's `blanks` that the native field lies in. */
  readonly holders: readonly (readonly string[])[];
}

/** A row made ready: whatever does not depend on the message is worked out, once for each table. */
export interface ReadyRow extends Ready {
  readonly codec: Codec;
  readonly need: boolean;
  readonly each: undefined;
}

export interface ReadyGroup extends Ready {
  readonly each: readonly ReadyRow[];
  readonly always: boolean;
}

/** Kept for each mapping: tables are module constants, so this never grows. Another list of rows is another table. */
const kept = new WeakMap<
  Mapping,
  { readonly of: Mapping['rows']; readonly ready: readonly (ReadyRow | ReadyGroup)[] }
>();

export function rowsOf(mapping: Mapping): readonly (ReadyRow | ReadyGroup)[] {
  const known = kept.get(mapping);
  if (known?.of === mapping.rows) return known.ready;
  const blanks = Object.keys(mapping.blanks ?? {});
  const ready = mapping.rows.map((row) => ('each' in row ? readyGroup(row, blanks) : readyRow(row, blanks)));
  kept.set(mapping, { of: mapping.rows, ready });
  return ready;
}

function readyRow(row: Row, blanks: readonly string[]): ReadyRow {
  return { ...pathsOf(row, blanks), codec: row.codec, need: row.need === true, each: undefined };
}

function readyGroup(group: Group, blanks: readonly string[]): ReadyGroup {
  // Paths inside a member begin in the member: no holder of the message is around them.
  const each = group.each.map((row) => readyRow(row, []));
  return { ...pathsOf(group, blanks), each, always: group.always === true };
}

function pathsOf({ native, unified, blank }: Row | Group, blanks: readonly string[]): Ready {
  const holders = blanks.filter((holder) => native.startsWith(`${holder}.`)).map(split);
  return { native, unified, nativeSteps: split(native), unifiedSteps: split(unified), blank, holders };
}

/** True when the native field lies inside an object that the mapping lists under `blanks` and that is blank here. */
export function hasBlankHolder({ holders }: Ready, native: JsonObject): boolean {
  return holders.some((steps) => isBlank(reach(native, steps)));
}
