/** What the relay bench reads from the journal, and the switch for its log. */
import type { Gateway } from '../src/gateway.ts';
import { openDatabase } from '../src/journal/database.ts';

/**
 * Switches off, as the owner of the tables, that rows want leaves, and on again: what came meanwhile then wants its own,
 * so that nothing is missing afterwards.
 */
export async function wantLeaves(gateway: Gateway, wanted: boolean): Promise<void> {
  const owner = openDatabase(gateway.database.url, { max: 1 });
  for (const source of ['message', 'receipt']) {
    await owner.query(`alter table ${source} ${wanted ? 'enable' : 'disable'} trigger ${source}_leaf`);
    if (!wanted) continue;
    await owner.query(
      `insert into leaf_waiting (source, no) select '${source}', no from ${source} r
        where not exists (select from leaf_waiting w where w.source = '${source}' and w.no = r.no)
          and not exists (select from journal_leaf l where l.source = '${source}' and l.no = r.no) order by no`,
    );
  }
  await owner.close();
}

/** Both acceptances of every listing are in the journal. */
export async function settled(gateway: Gateway, listings: number): Promise<void> {
  const deadline = performance.now() + 120_000;
  for (;;) {
    const { rows } = await gateway.database.query<{ done: bigint; other: bigint }>(
      `select count(*) filter (where state = 'accepted') as done, count(*) filter (where state in ('refused', 'dead')) as other
         from delivery where kind = 'listing'`,
    );
    const { done, other } = rows[0]!;
    if (other > 0n) throw new Error(`${other} listings were refused or are dead: the figures would mean nothing`);
    if (Number(done) >= listings * 2) return;
    if (performance.now() > deadline) throw new Error(`${done} of ${listings * 2} acceptances after two minutes`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function latencies(gateway: Gateway, since: Date): Promise<{ p50: number; p99: number }> {
  const { rows } = await gateway.database.query<{ p50: number; p99: number }>(
    `select percentile_cont(0.5) within group (order by ms) as p50, percentile_cont(0.99) within group (order by ms) as p99
       from (select extract(epoch from max(d.finished_at) - min(i.arrived_at)) * 1000 as ms
               from message m join inbox i on i.message = m.id join delivery d on d.message = m.id
              where m.kind = 'listing' and m.recorded_at >= $1 group by m.id) as each`,
    [since],
  );
  return { p50: Number(rows[0]!.p50), p99: Number(rows[0]!.p99) };
}
