import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { accepted, type Checked, type Refusal, refuse, refused } from '../contract/refusal.ts';
import type { Queryable } from '../journal/database.ts';
import { type Break, breakColumns } from './break.ts';
import { propose, type Wish } from './proposal.ts';
import { evidenceThere } from './proposal-kept.ts';
import { cellOf, type FilledRow, filledRowsIn } from './round-trip-read.ts';
import { type SheetKey, sealOf, workable } from './round-trip-sheet.ts';
import { type By, type Task, type WorkParts, work } from './work.ts';

/** What becomes of one row of a sheet that came back. */
export interface PreviewRow {
  /** Its row in the sheet, from 2. */
  readonly row: number;
  readonly breakId: string;
  /** As it was given out. */
  readonly version: number;
  /** `unchanged`: nothing was filled in. `stale`: the break has changed since. `invalid`: the reasons name the cells. */
  readonly outcome: 'changed' | 'unchanged' | 'stale' | 'invalid';
  /** Pointers are cells: `/M7`. */
  readonly refusals: readonly Refusal[];
  /** What would be proposed; only of what is `changed`. */
  readonly wish: Wish | undefined;
  readonly amountFen?: bigint;
  /** How many must approve. */
  readonly needed?: 1 | 2;
}

export interface Preview {
  readonly rows: readonly PreviewRow[];
  /** SHA-256, hex, of all that would be proposed: what is sent in must come to the same. */
  readonly sha256: string;
  /** What `work` is asked to do; one for each row that is `changed`. */
  readonly tasks: readonly Task[];
}

/**
 * Reads a sheet that came back and says row by row what would come of it; nothing is done. Refused as a whole: no such
 * workbook (`bad-format`), other columns than were given out (`sheet-altered`), more filled in than may be proposed at
 * once (`too-many`).
 */
export async function previewSheet(
  connection: Queryable,
  bytes: Buffer,
  by: Pick<By, 'name'>,
  { limits, nowMs }: Pick<WorkParts, 'limits' | 'nowMs'>,
): Promise<Checked<Preview>> {
  const filled = filledRowsIn(bytes);
  if (!filled.ok) return filled;
  const wishes = filled.value.flatMap(({ wish }) => (wish === undefined ? [] : [wish]));
  if (wishes.length > limits.breaksAtOnce) return refused(refuse('too-many', '', String(limits.breaksAtOnce)));
  const about: About = {
    evidence: await evidenceThere(
      connection,
      wishes.flatMap((wish) => (wish.ok ? wish.value.evidence : [])),
    ),
    breaks: await breaksNamed(
      connection,
      filled.value.map(({ breakId }) => breakId),
    ),
    by: { maker: by.name, at: new Date(nowMs()), thresholdFen: BigInt(limits.twoCheckersFen) },
  };
  const seen = new Set<string>();
  const rows = filled.value.map((row): PreviewRow => {
    const isAgain = seen.has(row.breakId);
    seen.add(row.breakId);
    return isAgain ? bad(row, refuse('id-conflict', cellOf(row.row, 'break'), row.breakId)) : preview(row, about);
  });
  const tasks = rows.flatMap(({ breakId, version, wish }): readonly Task[] =>
    wish === undefined ? [] : [{ breakId, version, order: { act: 'propose', wish } }],
  );
  const sha256 = createHash('sha256').update(canonicalize(tasks)!).digest('hex');
  return accepted({ rows, tasks, sha256 });
}

/**
 * Proposes just what was previewed, as its maker; then others approve. The answers are those of the rows `changed`, in
 * their order. Refused where the same sheet no longer comes to the same (`proposal-differs`): look again.
 */
export async function proposeSheet(
  bytes: Buffer,
  previewed: string,
  by: By,
  parts: WorkParts,
): Promise<Checked<readonly Checked<Break>[]>> {
  const now = await previewSheet(parts.database, bytes, by, parts);
  if (!now.ok) return now;
  if (now.value.sha256 !== previewed) return refused(refuse('proposal-differs', '/sha256', now.value.sha256));
  return work(parts, by, now.value.tasks);
}

interface About {
  readonly evidence: ReadonlySet<string>;
  readonly breaks: ReadonlyMap<string, Break>;
  readonly by: Parameters<typeof propose>[3];
}

function preview(row: FilledRow, { evidence, breaks, by }: About): PreviewRow {
  const { breakId, version, wish } = row;
  const at = (key: SheetKey) => cellOf(row.row, key);
  const stands = breaks.get(breakId);
  if (stands === undefined) return bad(row, refuse('reference-unknown', at('break'), breakId));
  if (version > stands.version || (version === stands.version && row.seal !== sealOf(stands))) {
    return bad(row, refuse('sheet-altered', at('break')));
  }
  if (wish === undefined) return { ...placed(row), outcome: 'unchanged', refusals: [], wish: undefined };
  if (version < stands.version) {
    const refusals = [refuse('version-stale', at('break'), String(stands.version))];
    return { ...placed(row), outcome: 'stale', refusals, wish: undefined };
  }
  if (!workable.includes(stands.state)) return bad(row, refuse('state-forbids', at('break'), stands.state));
  if (!wish.ok) return bad(row, ...wish.refusals);
  const missing = wish.value.evidence.filter((one) => !evidence.has(one));
  if (missing.length > 0) return bad(row, ...missing.map((one) => refuse('reference-unknown', at('evidence'), one)));
  const { action } = wish.value;
  // What a reversal reverses is looked up when it is proposed.
  if (action === 'reverse') return { ...placed(row), outcome: 'changed', refusals: [], wish: wish.value };
  const proposal = propose(wish.value, stands, undefined, by);
  if (!proposal.ok) return bad(row, ...proposal.refusals.map((one) => ({ ...one, pointer: at('action') })));
  const { amountFen, needed } = proposal.value;
  return { ...placed(row), outcome: 'changed', refusals: [], wish: wish.value, amountFen, needed };
}

const placed = ({ row, breakId, version }: FilledRow) => ({ row, breakId, version });

const bad = (row: FilledRow, ...refusals: readonly Refusal[]): PreviewRow => ({
  ...placed(row),
  outcome: 'invalid',
  refusals,
  wish: undefined,
});

async function breaksNamed(connection: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, Break>> {
  const { rows } = await connection.query<Break & Record<string, unknown>>(
    `select ${breakColumns('b')} from clearing_break b where id = any($1::text[])`,
    [ids],
  );
  return new Map(rows.map((one) => [one.id, one]));
}
