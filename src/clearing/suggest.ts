/** What people might do about a leftover: never done by itself. */
export interface Suggestion {
  /** REF: the same deal under another number. SPL: several rows are one deal. DUP~: a known deal under a second number. */
  readonly kind: 'REF' | 'SPL' | 'DUP~';
  /** From 1, at most 3. */
  readonly rank: number;
  /** AMB 多候选: another candidate is as good. */
  readonly ambiguous: boolean;
  /** The other deal ids concerned. */
  readonly deals: readonly string[];
  readonly reasons: readonly { readonly zh: string; readonly en: string }[];
}
