import type { Queryable } from '../journal/database.ts';
import { insertRows } from '../journal/rows.ts';
import type { Entry } from './adjustment.ts';
import type { Break } from './break.ts';
import type { BreakAction } from './break-actions.ts';
import type { Proposal } from './proposal.ts';

/** A proposal as it is kept, and who has approved it so far. */
export interface KeptProposal {
  readonly no: bigint;
  readonly action: BreakAction;
  readonly needed: number;
  readonly sha256: string;
  readonly maker: string;
  readonly bytes: Buffer;
  readonly checkers: readonly string[];
}

export async function proposalsNumbered(
  connection: Queryable,
  numbers: readonly bigint[],
): Promise<ReadonlyMap<bigint, KeptProposal>> {
  if (numbers.length === 0) return new Map();
  const { rows } = await connection.query<KeptProposal & Record<string, unknown>>(
    `select no, action, needed, sha256, maker, bytes,
            array(select checker from clearing_approval a where a.proposal = p.no order by place) as checkers
       from clearing_proposal p where no = any($1::bigint[])`,
    [numbers],
  );
  return new Map(rows.map((row) => [row.no, row]));
}

/** Exactly what was signed for: read from the bytes. */
export function entriesSigned({ bytes }: Pick<KeptProposal, 'bytes'>): readonly Entry[] {
  const { entries } = JSON.parse(bytes.toString('utf8')) as {
    readonly entries: readonly { readonly account: string; readonly amount: string }[];
  };
  return entries.map(({ account, amount }) => ({ account, amountFen: BigInt(amount.replace('.', '')) }));
}

/** Keeps proposals; gives the number of each by its break. */
export async function keepProposals(
  connection: Queryable,
  made: readonly { readonly stands: Break; readonly proposal: Proposal; readonly maker: string; readonly at: Date }[],
): Promise<ReadonlyMap<string, bigint>> {
  const rows = await insertRows<Record<string, unknown>, { readonly no: bigint; readonly break_id: string }>(
    connection,
    'clearing_proposal',
    {
      break_id: 'text',
      version: 'integer',
      action: 'text',
      reason: 'text',
      evidence: 'text[]',
      amount_fen: 'numeric',
      threshold_fen: 'bigint',
      needed: 'integer',
      bytes: 'bytea',
      sha256: 'text',
      maker: 'text',
      at: 'timestamptz',
    },
    made.map(({ stands, proposal, maker, at }) => ({
      break_id: stands.id,
      version: stands.version,
      action: proposal.wish.action,
      reason: proposal.wish.reason,
      evidence: proposal.wish.evidence,
      amount_fen: proposal.amountFen,
      threshold_fen: proposal.thresholdFen,
      needed: proposal.needed,
      bytes: proposal.bytes,
      sha256: proposal.sha256,
      maker,
      at,
    })),
    'returning no, break_id',
  );
  return new Map(rows.map(({ no, break_id }) => [break_id, no]));
}

/** Which of these pieces of evidence there are. */
export async function evidenceThere(connection: Queryable, wanted: readonly string[]): Promise<ReadonlySet<string>> {
  if (wanted.length === 0) return new Set();
  const of = (kind: string) => wanted.filter((one) => one.startsWith(kind)).map((one) => one.slice(kind.length));
  const { rows } = await connection.query<{ name: string }>(
    `select 'attachment:' || sha256 as name from clearing_attachment where sha256 = any($1::text[])
     union all select 'message:' || id from message where id = any($2::uuid[])`,
    [of('attachment:'), of('message:')],
  );
  return new Set(rows.map(({ name }) => name));
}
