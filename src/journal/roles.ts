import type { Queryable } from './database.ts';
import { leafSources } from './tree-sources.ts';

/** Reads and appends; cannot rewrite or remove what is in the journal (0003_log.sql). */
export const GATEWAY_ROLE = 'qiao_gateway';

/** What must hold of every table of the journal, and does not. */
export interface OpenGuard {
  readonly table: string;
  /** `privilege`: the role could rewrite it. `trigger`: nothing would stop its owner. `leaf`: its rows get no leaf. */
  readonly guard: 'privilege' | 'trigger' | 'leaf';
}

/** Tables that are append-only whatever triggers they have now; those a later migration adds are found by theirs. */
const APPEND_ONLY = [...leafSources, 'journal_leaf', 'journal_node'];

/** The guards that are down for the role this connection works under; empty when all is as it must be. */
export async function openGuards(connection: Queryable): Promise<readonly OpenGuard[]> {
  // pg_trigger.tgtype: 8 delete, 16 update, 32 truncate
  const { rows } = await connection.query<OpenGuard & Record<string, unknown>>(
    `with guarded as (
       select c.oid, c.relname::text as name,
              coalesce(bit_or(t.tgtype) filter (where t.tgfoid = 'refuse_rewrite'::regproc), 0) & 56 as refused,
              coalesce(bool_or(t.tgfoid = 'leaf_wanted'::regproc), false) as wanted
         from pg_class c left join pg_trigger t on t.tgrelid = c.oid and t.tgenabled in ('O', 'A')
        where c.oid in (select to_regclass(name) from unnest($1::text[]) as name)
           or c.oid in (select tgrelid from pg_trigger where tgfoid = 'refuse_rewrite'::regproc)
        group by c.oid, c.relname)
     select name as "table", guard
       from guarded, lateral (values
              ('privilege', has_table_privilege(oid, 'update') or has_table_privilege(oid, 'delete')
                            or has_table_privilege(oid, 'truncate')),
              ('trigger', refused <> 56),
              ('leaf', name = any($2::text[]) and not wanted)) as g(guard, is_open)
      where is_open order by 1, 2`,
    [APPEND_ONLY, leafSources],
  );
  return rows;
}
