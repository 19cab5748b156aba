import type { Mapping } from '../../src/contract/mapping.ts';
import type { Refusal } from '../../src/contract/refusal.ts';
import { pointerOf } from '../../src/contract/tree.ts';

/** The same refusals pointing into what CTEX sent instead of into our reading of it. */
export function pointingAtNative(refusals: readonly Refusal[], mapping: Mapping): readonly Refusal[] {
  return refusals.map((refusal) => ({ ...refusal, pointer: nativePointer(refusal.pointer, mapping) }));
}

/** Where a unified field, or the first part of one, stands in the native message; '' for what only the whole implies. */
function nativePointer(pointer: string, mapping: Mapping): string {
  const within = mapping.rows.find(({ unified }) => pointerOf(unified).startsWith(`${pointer}/`));
  let best = pointer === '' || within === undefined ? '' : pointerOf(within.native);
  let length = 0;
  const consider = (unified: string, native: string, extra = '') => {
    if (unified.length > length && (pointer === unified || pointer.startsWith(`${unified}/`))) {
      best = native + extra;
      length = unified.length;
    }
  };
  for (const row of mapping.rows) {
    const [unified, native] = [pointerOf(row.unified), pointerOf(row.native)];
    const member = /^\/\d+/.exec(pointer.slice(unified.length))?.[0] ?? '';
    consider(unified, native, member);
    if (!('each' in row) || member === '') continue;
    for (const inner of row.each) {
      consider(unified + member + pointerOf(inner.unified), native + member + pointerOf(inner.native));
    }
  }
  return best;
}
