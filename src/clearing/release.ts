import type { JsonObject } from '../contract/json.ts';
import { accepted, type Checked, refuse, refused } from '../contract/refusal.ts';
import { recordAct } from '../journal/audit.ts';
import { type Database, transaction } from '../journal/database.ts';
import type { By } from './instruction.ts';
import type { ReleaseRule } from './settlement-rules.ts';

/** What must be there before a deal's money is released (domain.md §7): the certificate, and proof that the office recorded it. */
export type Condition = 'certificate' | 'ip-recordal' | 'price-paid';

/** What is known of a deal that may be released. */
export interface ReleaseFacts {
  /** The deal in force, as its home said it. */
  readonly deal: JsonObject;
  /** Type of the object it is about, of the listing. */
  readonly objectType: string;
  readonly paidFen: bigint;
  /** Conditions that somebody has vouched for. */
  readonly vouched: readonly string[];
}

const RECORDED: ReadonlySet<unknown> = new Set(['ip-recorded', 'registered', 'settled']);

/** The conditions a deal still waits for; none: its money may go. Pure. */
export function missingConditions(facts: ReleaseFacts, rule: ReleaseRule): readonly Condition[] {
  const { deal, objectType, paidFen, vouched } = facts;
  const missing: Condition[] = [];
  if (typeof deal.certificate !== 'string' || deal.certificate === '') missing.push('certificate');
  // A royalty brings nothing yet that could be delivered against.
  if (paidFen <= 0n) missing.push('price-paid');
  const needsRecordal = rule.dealTypes.includes(String(deal.dealType)) && rule.objectTypes.includes(objectType);
  if (needsRecordal && !RECORDED.has(deal.status) && !vouched.includes('ip-recordal')) missing.push('ip-recordal');
  return missing;
}

/** The office's record of a transfer: its number, and SHA-256, hex, of its notice. */
export interface Recordal {
  readonly deal: string;
  readonly number: string;
  readonly evidenceSha256: string;
  readonly by: By;
}

/** Writes down that the office has recorded a deal's rights: once, by somebody who answers for it. */
export async function recordRecordal(
  { deal, number, evidenceSha256, by }: Recordal,
  parts: { readonly database: Database; nowMs(): number },
): Promise<Checked<void>> {
  if (!/^[0-9a-f]{64}$/.test(evidenceSha256)) return refused(refuse('bad-format', '/evidenceSha256'));
  if (!/^[\p{L}\p{N} ./()（）〔〕-]{1,64}$/u.test(number)) return refused(refuse('bad-format', '/number'));
  return transaction(parts.database, async (connection) => {
    const { rows } = await connection.query<{ home: string; host: string }>(
      'select home, host from clearing_due where deal_id = $1',
      [deal],
    );
    const known = rows[0];
    if (known === undefined) return refused(refuse('reference-unknown', '/deal', deal));
    const at = new Date(parts.nowMs());
    const { rows: kept } = await connection.query<{ number: string; sha256: string; isNew: boolean }>(
      `with added as (
         insert into clearing_release (deal_id, condition, home, host, number, evidence_sha256, actor, at)
         values ($1, 'ip-recordal', $2, $3, $4, $5, $6, $7) on conflict do nothing
         returning number, evidence_sha256)
       select number, evidence_sha256 as sha256, true as "isNew" from added
       union all select number, evidence_sha256, false from clearing_release where deal_id = $1`,
      [deal, known.home, known.host, number, evidenceSha256, by.actor, at],
    );
    const stands = kept[0]!;
    if (stands.number !== number || stands.sha256 !== evidenceSha256) {
      return refused(refuse('id-conflict', '/deal', stands.number));
    }
    if (stands.isNew) {
      const detail = { number, sha256: evidenceSha256 };
      await recordAct(connection, { ...by, act: 'recordal-vouched', subject: `deal/${deal}`, detail, at });
    }
    return accepted(undefined);
  });
}
