import { readFileSync } from 'node:fs';
import type { RefusalCode } from '../../src/contract/refusal.ts';

/** One-to-one: the native code and our word. */
export type CodeTable = Readonly<Record<string, string>>;

/** Shape of codes.json: the profile's code tables and its error map. */
interface Codes {
  readonly version: string;
  /** The exchange's own participant id, under which it signs. */
  readonly member: string;
  readonly exchange: CodeTable;
  readonly FX: CodeTable;
  readonly HTLX: CodeTable;
  readonly XKFS: CodeTable;
  readonly JYFS: CodeTable;
  readonly ZSCQ: CodeTable;
  /** In order of preference when written; `hundred`: every code of that hundred reads the same. */
  readonly XZ: readonly { readonly code: string; readonly nature: string; readonly hundred?: boolean }[];
  readonly JGFS: CodeTable;
  readonly ZFFS: CodeTable;
  readonly FJ: CodeTable;
  readonly CKGZ: CodeTable;
  readonly 'XM/ZT': readonly { readonly code: string; readonly status: string }[];
  readonly JG: CodeTable;
  readonly 'CJ/ZT': CodeTable;
  readonly LB: CodeTable;
  readonly 'DZD/ZT': CodeTable;
  readonly JS: CodeTable;
  readonly ZJZT: CodeTable;
  readonly FHDM: Readonly<Record<string, AnswerMeaning>>;
}

export interface AnswerMeaning {
  readonly outcome: 'accepted' | 'refused' | 'retry' | 'ambiguous';
  readonly refusal?: RefusalCode;
}

export const codes = JSON.parse(readFileSync(new URL('./codes.json', import.meta.url), 'utf8')) as Codes;
