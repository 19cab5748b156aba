import type { Exchange } from '../contract/exchange.ts';
import type { Tolerances } from '../contract/generated/messages.ts';
import type { Json } from '../contract/json.ts';
import { formatFen, parseFen } from '../contract/money.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import { malformationsBy } from '../contract/validation.ts';

/** How far two amounts of one pair of exchanges may differ and still be let pass: the larger of both bounds. */
export interface Tolerance {
  /** In either order. */
  readonly pair: readonly [Exchange, Exchange];
  /** ISO 4217. */
  readonly currency: string;
  readonly absoluteFen: bigint;
  /** Hundredths of a per cent of the journal's amount. */
  readonly bps: bigint;
  readonly basis: { readonly zh: string; readonly en: string };
  readonly provenance: 'agreement' | 'published' | 'assumption';
}

/** Unknown JSON → what the pairs have agreed to let pass, each pair and currency once, or every reason why not. */
export function readTolerances(json: unknown): Checked<readonly Tolerance[]> {
  const wrong = malformationsBy('tolerances', json);
  if (wrong.length > 0) return refused(...wrong);
  const written = json as Tolerances;
  const names = written.map(({ pair, currency }) => [...[...pair].sort(), currency].join(' '));
  const twice = names.findIndex((name, at) => names.indexOf(name) < at);
  if (twice >= 0) return refused(refuse('inconsistent', `/${twice}/pair`, names[twice]));
  return accepted(
    written.map(({ pair: [one, other], absolute, bps, ...rest }) => {
      const fen = parseFen(absolute, 'yuan');
      if (!fen.ok) throw new Error(`the schema let ${absolute} pass`);
      return { ...rest, pair: [one, other], absoluteFen: fen.value, bps: BigInt(bps) };
    }),
  );
}

/** The same as it is written, for a record that others read. */
export function writeTolerances(tolerances: readonly Tolerance[]): Json {
  return tolerances.map(({ pair, currency, absoluteFen, bps, basis, provenance }) => ({
    ...{ pair: [...pair], currency, absolute: formatFen(absoluteFen, 'yuan'), bps: Number(bps) },
    ...{ basis: { ...basis }, provenance },
  }));
}

/** What amounts in CNY of a pair may differ by, in fen, rounded down: 0n where nothing is agreed. */
export function toleratedBy(
  tolerances: readonly Tolerance[],
  home: Exchange,
  host: Exchange,
): (amountFen: bigint) => bigint {
  const agreed = tolerances.find(
    ({ pair, currency }) => currency === 'CNY' && pair.includes(home) && pair.includes(host),
  );
  if (agreed === undefined) return nothing;
  return (amountFen) => {
    const relative = (amountFen * agreed.bps) / 10_000n;
    return relative > agreed.absoluteFen ? relative : agreed.absoluteFen;
  };
}

const nothing = () => 0n;
