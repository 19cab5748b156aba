import type { KeyEntry } from './faults.ts';

/** What an engine says: the members of its output that the key speaks of. */
export interface FoundBreak {
  readonly dealId: string;
  /** `AMT+` and `AMT-` are counted as `AMT`; the sign is judged with the delta. */
  readonly code: string;
  readonly exchange?: string | null;
  /** Signed yuan, `-0.01`. */
  readonly delta?: string | null;
}

export interface Score {
  readonly recall: number;
  readonly precision: number;
  readonly missed: readonly string[];
  readonly invented: readonly string[];
  /** Keyed breaks that were found with another amount. */
  readonly wrongDeltas: readonly string[];
}

/** Judges by (deal, code, side); an empty key is found completely by an empty answer. */
export function scoreOf(found: readonly FoundBreak[], key: readonly KeyEntry[]): Score {
  const wanted = new Map(key.map((entry) => [nameOf(entry), entry]));
  const given = new Map(found.map((one) => [nameOf({ ...one, code: one.code.replace(/^AMT[+-]$/, 'AMT') }), one]));
  const missed = [...wanted.keys()].filter((name) => !given.has(name));
  const invented = [...given.keys()].filter((name) => !wanted.has(name));
  // The same break said twice is invented once.
  const repeated = found.length - given.size;
  const wrongDeltas = [...wanted]
    .filter(([name, { delta }]) => {
      const said = given.get(name);
      return said !== undefined && delta !== null && fenOf(said.delta) !== delta;
    })
    .map(([name]) => name);
  const right = wanted.size - missed.length;
  return {
    recall: wanted.size === 0 ? 1 : right / wanted.size,
    precision: found.length === 0 ? 1 : right / (right + invented.length + repeated),
    missed,
    invented,
    wrongDeltas,
  };
}

function nameOf({ dealId, code, exchange }: { dealId: string; code: string; exchange?: string | null }): string {
  return `${dealId} ${code} ${exchange ?? '-'}`;
}

function fenOf(yuan: string | null | undefined): bigint | undefined {
  const parts = /^([+-]?)(\d+)\.(\d{2})$/.exec(yuan ?? '');
  return parts === null ? undefined : BigInt(`${parts[1]}${parts[2]}${parts[3]}`.replace('+', ''));
}
